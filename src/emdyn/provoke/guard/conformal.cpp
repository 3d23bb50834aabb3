#include "emdyn/provoke/guard/conformal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::guard {
namespace {

void check_level(std::string_view name, double value) {
  if (!(value > 0.0 && value < 1.0)) {
    throw ConfigError(fmt::format("{} must lie in (0, 1), got {}", name, value));
  }
}

/// ln(i (i − 1) … (i − k + 1)), for i ≥ k.
double log_falling(double i, double k) { return std::lgamma(i + 1.0) - std::lgamma(i - k + 1.0); }

}  // namespace

std::vector<double> conditional_bounds(std::size_t n, Validity validity, double delta) {
  check_level("delta", delta);
  if (validity == Validity::marginal) throw ConfigError("marginal p-values have no bounds");
  std::vector<double> bounds(n);
  const double count = static_cast<double>(n);
  if (validity == Validity::dkw) {
    const double margin = std::sqrt(std::log(2.0 / delta) / (2.0 * count));
    for (std::size_t i = 0; i < n; ++i) {
      bounds[i] = std::min(1.0, static_cast<double>(i + 1) / count + margin);
    }
    return bounds;
  }
  const double k = std::max(1.0, std::floor(count / 2.0));
  for (std::size_t i = 1; i <= n; ++i) {  // bounds[n − i] is b of order n + 1 − i.
    const double order = static_cast<double>(i);
    bounds[n - i] =
        order < k
            ? 1.0
            : -std::expm1((std::log(delta) + log_falling(order, k) - log_falling(count, k)) / k);
  }
  return bounds;
}

ConformalCalibration::ConformalCalibration(std::span<const double> scores, Validity validity,
                                           double delta)
    : sorted_(scores.begin(), scores.end()) {
  if (sorted_.empty()) throw DataError("calibration needs at least one in-distribution score");
  if (std::any_of(sorted_.begin(), sorted_.end(), [](double s) { return std::isnan(s); })) {
    throw DataError("a calibration score is NaN; leave that sample out");
  }
  std::sort(sorted_.begin(), sorted_.end());
  const std::size_t n = sorted_.size();
  if (validity == Validity::marginal) {
    for (std::size_t r = 1; r <= n + 1; ++r) {
      p_values_.push_back(static_cast<double>(r) / static_cast<double>(n + 1));
    }
  } else {
    p_values_ = conditional_bounds(n, validity, delta);
    p_values_.push_back(1.0);
  }
  for (std::size_t r = n + 1; r > 0; --r) harmonic_ += 1.0 / static_cast<double>(r);
}

std::size_t ConformalCalibration::rank(double score) const noexcept {
  if (std::isnan(score)) return 1;
  const auto above = std::upper_bound(sorted_.begin(), sorted_.end(), score);
  return static_cast<std::size_t>(above - sorted_.begin()) + 1;
}

double ConformalCalibration::p_value(double score) const noexcept {
  return p_values_[rank(score) - 1];
}

std::vector<double> ConformalCalibration::p_values(std::span<const double> scores) const {
  std::vector<double> found;
  found.reserve(scores.size());
  for (const double score : scores) found.push_back(p_value(score));
  return found;
}

double ConformalCalibration::e_value(double score) const noexcept {
  return static_cast<double>(sorted_.size() + 1) / (static_cast<double>(rank(score)) * harmonic_);
}

std::vector<std::size_t> benjamini_hochberg(std::span<const double> p_values, double alpha) {
  check_level("alpha", alpha);
  for (const double p : p_values) {
    if (!(p >= 0.0 && p <= 1.0)) {
      throw DataError(fmt::format("p-values must lie in [0, 1], got {}", p));
    }
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::size_t rejected = 0;
  for (std::size_t k = 1; k <= order.size(); ++k) {
    const double line = alpha * static_cast<double>(k) / static_cast<double>(order.size());
    if (p_values[order[k - 1]] <= line) rejected = k;
  }
  order.resize(rejected);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace emdyn::provoke::guard
