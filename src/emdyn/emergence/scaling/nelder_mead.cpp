#include "emdyn/emergence/scaling/nelder_mead.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::emergence::scaling {
namespace {

class Simplex {
 public:
  Simplex(const std::function<double(std::span<const double>)>& function,
          std::span<const double> start, std::span<const double> steps)
      : function_(function) {
    corners_.push_back(corner({start.begin(), start.end()}));
    for (std::size_t i = 0; i < start.size(); ++i) {
      std::vector<double> at(start.begin(), start.end());
      at[i] += steps[i];
      corners_.push_back(corner(std::move(at)));
    }
  }

  Minimum run(int evaluations) {
    while (evaluations_ < evaluations) {
      std::ranges::stable_sort(corners_, {}, &Minimum::value);
      const double spread = corners_.back().value - corners_.front().value;
      if (spread <= 1e-12 * (std::abs(corners_.front().value) + 1e-300)) break;
      step();
    }
    return *std::ranges::min_element(corners_, {}, &Minimum::value);
  }

 private:
  Minimum corner(std::vector<double> at) {
    ++evaluations_;
    const double value = function_(at);
    return {std::move(at), std::isfinite(value) ? value : std::numeric_limits<double>::max()};
  }
  /// On the line from the worst corner through the centre of the others.
  Minimum along(const std::vector<double>& centre, double factor) {
    std::vector<double> at(centre.size());
    for (std::size_t i = 0; i < at.size(); ++i)
      at[i] = centre[i] + factor * (corners_.back().at[i] - centre[i]);
    return corner(std::move(at));
  }
  void step() {
    const std::size_t n = corners_.size() - 1;
    std::vector<double> centre(n, 0.0);
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t i = 0; i < n; ++i) centre[i] += corners_[c].at[i] / static_cast<double>(n);
    }
    Minimum reflected = along(centre, -1.0);
    if (reflected.value < corners_.front().value) {
      Minimum expanded = along(centre, -2.0);
      corners_.back() =
          expanded.value < reflected.value ? std::move(expanded) : std::move(reflected);
      return;
    }
    if (reflected.value < corners_[n - 1].value) {
      corners_.back() = std::move(reflected);
      return;
    }
    Minimum contracted = along(centre, reflected.value < corners_.back().value ? -0.5 : 0.5);
    if (contracted.value < std::min(reflected.value, corners_.back().value)) {
      corners_.back() = std::move(contracted);
      return;
    }
    for (std::size_t c = 1; c <= n; ++c) {
      std::vector<double> at = corners_[c].at;
      for (std::size_t i = 0; i < n; ++i) at[i] = 0.5 * (at[i] + corners_.front().at[i]);
      corners_[c] = corner(std::move(at));
    }
  }

  const std::function<double(std::span<const double>)>& function_;
  std::vector<Minimum> corners_;
  int evaluations_ = 0;
};

}  // namespace

Minimum nelder_mead(const std::function<double(std::span<const double>)>& function,
                    std::span<const double> start, std::span<const double> steps, int evaluations) {
  return Simplex(function, start, steps).run(evaluations);
}

}  // namespace emdyn::emergence::scaling
