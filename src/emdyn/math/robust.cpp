#include "emdyn/math/robust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {

struct Place {
  std::size_t index;
  double fraction;
};

Place place(std::size_t count, double q) {
  if (count == 0) throw DataError("quantile: no values; give at least one");
  if (!(q >= 0.0 && q <= 1.0)) {
    throw ConfigError(fmt::format("quantile: q must be in [0, 1], got {}", q));
  }
  const double position = q * static_cast<double>(count - 1);
  const double whole = std::floor(position);
  return {static_cast<std::size_t>(whole), position - whole};
}

double between(double low, double high, double fraction) {
  return fraction == 0.0 ? low : low + fraction * (high - low);
}

double quantile_in_place(std::vector<double>& values, double q) {
  const auto [index, fraction] = place(values.size(), q);
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return kNan;
  }
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), nth, values.end());
  if (fraction == 0.0) return *nth;
  return between(*nth, *std::min_element(nth + 1, values.end()), fraction);
}

}  // namespace

double quantile(std::span<const double> values, double q) {
  std::vector<double> copy(values.begin(), values.end());
  return quantile_in_place(copy, q);
}

double sorted_quantile(std::span<const double> sorted, double q) {
  const auto [index, fraction] = place(sorted.size(), q);
  if (fraction == 0.0) return sorted[index];
  return between(sorted[index], sorted[index + 1], fraction);
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

double mad(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  const double centre = quantile_in_place(copy, 0.5);
  for (double& value : copy) value = std::fabs(value - centre);
  return quantile_in_place(copy, 0.5);
}

double mean(std::span<const double> values) noexcept {
  if (values.empty()) return kNan;
  double sum = 0.0;
  double lost = 0.0;
  for (const double value : values) {
    const double next = sum + value;
    lost += std::fabs(sum) >= std::fabs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  const double total = std::isfinite(sum) ? sum + lost : sum;
  return total / static_cast<double>(values.size());
}

}  // namespace emdyn::math
