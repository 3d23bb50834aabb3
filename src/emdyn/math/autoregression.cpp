#include "emdyn/math/autoregression.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/math/moments.hpp"

namespace emdyn::math {
namespace {

constexpr double kObserved = 0.8660254037844386;  // the root of three quarters
constexpr double kSmoothing = 0.5;                // The squares add to 1, so the variance stays.

/// Burg's recursion up to `max_order`; calls `visit(coefficients, innovation variance)` after each.
template <class Visit>
void burg(std::span<const double> series, std::size_t max_order, Visit&& visit) {
  const std::size_t n = series.size();
  std::vector<double> forward(series.begin(), series.end());
  std::vector<double> backward = forward;
  double variance = 0.0;
  for (const double value : series) variance += value * value;
  variance /= static_cast<double>(n);
  std::vector<double> coefficients;
  for (std::size_t order = 1; order <= max_order; ++order) {
    double product = 0.0;
    double power = 0.0;
    for (std::size_t t = order; t < n; ++t) {
      product += forward[t] * backward[t - 1];
      power += forward[t] * forward[t] + backward[t - 1] * backward[t - 1];
    }
    if (!(power > 0.0)) return;
    const double reflection = std::clamp(2.0 * product / power, -0.999999, 0.999999);
    std::vector<double> next(order);
    for (std::size_t j = 0; j + 1 < order; ++j) {
      next[j] = coefficients[j] - reflection * coefficients[order - 2 - j];
    }
    next[order - 1] = reflection;
    coefficients = std::move(next);
    variance *= 1.0 - reflection * reflection;
    for (std::size_t t = n - 1; t >= order; --t) {
      const double old = forward[t];
      forward[t] = old - reflection * backward[t - 1];
      backward[t] = backward[t - 1] - reflection * old;
    }
    visit(coefficients, variance);
  }
}

}  // namespace

std::vector<double> Autoregression::innovations(std::span<const double> series) const {
  const std::size_t order = coefficients.size();
  std::vector<double> result;
  for (std::size_t t = order; t < series.size(); ++t) {
    double value = series[t];
    for (std::size_t j = 0; j < order; ++j) value -= coefficients[j] * series[t - 1 - j];
    result.push_back(value);
  }
  return result;
}

bool Autoregression::is_stationary(double radius) const {
  // Step-down recursion: stationary when every reflection coefficient is below 1. Scaling the
  // j-th coefficient by radius^−j moves the circle of that radius to the unit circle.
  std::vector<double> a = coefficients;
  double scale = 1.0;
  for (double& value : a) value *= (scale /= radius);
  while (!a.empty()) {
    const double reflection = a.back();
    if (!(std::fabs(reflection) < 1.0)) return false;
    const std::size_t order = a.size();
    std::vector<double> lower(order - 1);
    for (std::size_t j = 0; j + 1 < order; ++j) {
      lower[j] = (a[j] + reflection * a[order - 2 - j]) / (1.0 - reflection * reflection);
    }
    a = std::move(lower);
  }
  return true;
}

std::size_t Autoregression::run_in_samples() const {
  const double sum = std::accumulate(coefficients.begin(), coefficients.end(), 0.0);
  return static_cast<std::size_t>(std::clamp(6.0 / std::max(1.0 - sum, 1e-3), 20.0, 600.0));
}

Autoregression fit_autoregression(std::span<const double> series, std::size_t order) {
  Autoregression fitted;
  const std::size_t n = series.size();
  double power = 0.0;
  for (const double value : series) power += value * value;
  fitted.innovation_sd = n == 0 ? 0.0 : std::sqrt(power / static_cast<double>(n));
  if (n < 2 * order + 2) return fitted;
  burg(series, order, [&](const std::vector<double>& coefficients, double variance) {
    fitted.coefficients = coefficients;
    fitted.innovation_sd = std::sqrt(variance);
  });
  return fitted;
}

Autoregression select_autoregression(std::span<const double> series, std::size_t max_order) {
  const std::size_t n = series.size();
  Autoregression best = fit_autoregression(series, 1);
  if (n < 6 || best.coefficients.empty()) return best;
  const auto count = static_cast<double>(n);
  double least = INFINITY;
  burg(series, std::min(max_order, (n - 2) / 2),
       [&](const std::vector<double>& coefficients, double variance) {
         const double aic = count * std::log(std::max(variance, 1e-300)) +
                            2.0 * static_cast<double>(coefficients.size());
         if (aic >= least) return;
         least = aic;
         best.coefficients = coefficients;
         best.innovation_sd = std::sqrt(variance);
       });
  return best;
}

BlockInnovations::BlockInnovations(std::span<const double> innovations, double sd,
                                   std::size_t block)
    : sd_(sd), block_(std::max<std::size_t>(block, 1)) {
  math::Moments moments;
  for (const double value : innovations) moments.add(value);
  if (innovations.size() < 8 || !(moments.stddev() > 0.0)) return;
  for (const double value : innovations) {
    scores_.push_back((value - moments.mean()) / moments.stddev());
  }
}

double BlockInnovations::next(Philox& random, std::size_t& at, std::size_t& left) const {
  if (scores_.empty()) return sd_ * random.normal();
  if (left == 0) {
    at = random.below(static_cast<std::uint32_t>(scores_.size()));
    left = block_;
  }
  const double score = scores_[at];
  at = at + 1 == scores_.size() ? 0 : at + 1;
  --left;
  return sd_ * (kObserved * score + kSmoothing * random.normal());
}

}  // namespace emdyn::math
