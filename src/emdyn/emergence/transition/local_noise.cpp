#include "emdyn/emergence/transition/local_noise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace emdyn::emergence {

LocalNoise::LocalNoise(std::span<const double> residuals)
    : model_(math::select_autoregression(residuals,
                                         std::clamp<std::size_t>(residuals.size() / 10, 1, 4))),
      first_residuals_(residuals.begin(), residuals.end()) {
  constexpr std::size_t kNear = 12;
  first_residuals_.resize(std::min(model_.coefficients.size(), residuals.size()));
  const std::vector<double> innovations = model_.innovations(residuals);
  const std::size_t n = innovations.size();
  block_ =
      static_cast<std::size_t>(std::max(1.0, std::round(std::cbrt(static_cast<double>(n)) / 2.0)));
  for (std::size_t t = 0; t < n; ++t) {
    const std::size_t first = t - std::min(t, kNear);
    const std::size_t last = std::min(t + kNear + 1, n);
    double square = 0.0;
    for (std::size_t i = first; i < last; ++i) square += innovations[i] * innovations[i];
    local_scale_.push_back(std::sqrt(square / static_cast<double>(last - first)));
    innovations_.push_back(local_scale_.back() > 0.0 ? innovations[t] / local_scale_.back() : 0.0);
  }
}

std::vector<double> LocalNoise::draw(Philox& random) const {
  const double sign = random.below(2) == 0 ? 1.0 : -1.0;
  std::vector<double> path;
  for (const double value : first_residuals_) path.push_back(sign * value);
  std::size_t at = 0;
  for (std::size_t t = 0; t < local_scale_.size(); ++t) {
    at = at + 1 < innovations_.size() ? at + 1 : 0;
    if (t % block_ == 0) at = random.below(static_cast<std::uint32_t>(innovations_.size()));
    double value = local_scale_[t] * innovations_[at];
    for (std::size_t j = 0; j < model_.coefficients.size(); ++j) {
      value += model_.coefficients[j] * path[path.size() - 1 - j];
    }
    path.push_back(value);
  }
  return path;
}

}  // namespace emdyn::emergence
