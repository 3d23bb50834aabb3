#include "emdyn/emergence/mirage/sudden_bases.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace emdyn::emergence::mirage {
namespace {

constexpr std::array kSuddenWidths{0.0, 0.05, 0.1, kSuddenWidth};
constexpr std::array kSmoothWidths{kSmoothWidth, 0.75, 1.1};
constexpr double kBendShare = 1.0 / 3.0;  // Prior probability of a bend among the sudden ones.

double overlap(double low, double high, double from, double to) {
  return std::max(0.0, std::min(high, to) - std::max(low, from));
}

/// Prior mass of a place that stands for [from, to]: half over the window, half over everything.
double place_mass(double from, double to, const Window& window) {
  const double width = std::max(window.high - window.low, 1e-9);
  return 0.5 * (to - from) + 0.5 * overlap(window.low, window.high, from, to) / width;
}

double logistic(double u, double place, double width) {
  if (width <= 0.0) return u > place ? 1.0 : 0.0;
  return 1.0 / (1.0 + std::exp(-(u - place) * kLogisticWidth / width));
}

class Maker {
 public:
  Maker(std::span<const double> u, const Window& window) : u_(u), window_(window) {}

  /// Steps stand between two samples, with `margin` samples on either side.
  void steps(std::span<const double> widths, bool sudden, std::size_t margin) {
    for (const double width : widths) {
      for (std::size_t i = margin; i + margin <= u_.size(); ++i) {
        const double from = u_[i - 1], to = u_[i];
        if (!(to > from)) continue;
        add({sudden, false, 0.5 * (from + to), from, to, width, 1.0,
             sudden ? (1.0 - kBendShare) * place_mass(from, to, window_) : to - from});
      }
    }
  }
  /// Bends stand at samples with at least two others on either side.
  void bends() {
    for (std::size_t i = 2; i + 2 < u_.size(); ++i) {
      const double from = 0.5 * (u_[i - 1] + u_[i]), to = 0.5 * (u_[i] + u_[i + 1]);
      add({true, true, u_[i], u_[i - 1], u_[i + 1], 0.0, 1.0,
           kBendShare * place_mass(from, to, window_)});
    }
  }
  BasisSet take() {
    normalise();
    const auto n = static_cast<Eigen::Index>(u_.size());
    set_.columns.resize(n, static_cast<Eigen::Index>(set_.size()));
    for (std::size_t b = 0; b < set_.size(); ++b) fill(static_cast<Eigen::Index>(b), set_.list[b]);
    return std::move(set_);
  }

 private:
  void add(const ChangeBasis& basis) {
    if (basis.log_prior > 0.0) set_.list.push_back(basis);  // Still a mass here.
  }
  void normalise() {
    double sudden = 0.0, smooth = 0.0;
    for (const ChangeBasis& basis : set_.list) (basis.sudden ? sudden : smooth) += basis.log_prior;
    for (ChangeBasis& basis : set_.list)
      basis.log_prior = std::log(basis.log_prior / (basis.sudden ? sudden : smooth));
  }
  void fill(Eigen::Index column, ChangeBasis& basis) {
    // Amplitude 1 changes the curve by 2: a step's samples then have about unit variance.
    for (std::size_t i = 0; i < u_.size(); ++i) {
      const double value = basis.kink ? std::max(0.0, u_[i] - basis.place) / (1.0 - basis.place)
                                      : logistic(u_[i], basis.place, basis.width);
      set_.columns(static_cast<Eigen::Index>(i), column) = 2.0 * value;
    }
    const auto& filled = set_.columns.col(column);
    basis.height = filled.maxCoeff() - filled.minCoeff();
  }

  std::span<const double> u_;
  Window window_;
  BasisSet set_;
};

}  // namespace

BasisSet make_bases(std::span<const double> u, const Window& window) {
  Maker maker(u, window);
  // A level has to be seen before it counts as one.
  maker.steps(kSuddenWidths, true, u.size() >= 6 ? 2 : 1);
  maker.steps(kSmoothWidths, false, 1);
  maker.bends();
  return maker.take();
}

}  // namespace emdyn::emergence::mirage
