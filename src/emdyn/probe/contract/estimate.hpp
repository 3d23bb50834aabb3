#pragma once
#include <limits>
#include <optional>
#include <span>

#include "emdyn/core/json.hpp"

namespace emdyn::probe {

/// A value that is not defined for its input, such as the kurtosis of a constant.
inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// A measured value with its standard error, where theory or a jackknife gives one. Exact functions
/// of a network's weights have no sampling error and none is made up for them.
struct Estimate {
  double value = kUndefined;
  std::optional<double> standard_error{};
  bool operator==(const Estimate&) const = default;
};

/// {"value", "standard_error"}; null where not finite or absent.
void to_json(Json& json, const Estimate& estimate);

/// Standard error of a statistic from its values with one observation (or one group) left out each:
/// sqrt((n − 1)/n · Σ(θ₋ᵢ − mean)²). Nothing for fewer than two values or a non-finite one.
/// Source: Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
std::optional<double> jackknife_error(std::span<const double> left_out) noexcept;

}  // namespace emdyn::probe
