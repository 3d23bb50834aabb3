#include "emdyn/emergence/mirage/resolution.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::mirage {
namespace {

void check_open(std::string_view name, double value) {
  if (!(value > 0.0 && value < 1.0)) {
    throw ConfigError(fmt::format("resolution.{} must be in (0, 1), got {}", name, value));
  }
}

}  // namespace

double items_to_see(double rate, double power) {
  check_open("rate", rate);
  check_open("power", power);
  return std::ceil(std::log1p(-power) / std::log1p(-rate));
}

double items_to_tell(double rate, double chance, double alpha, double power) {
  check_open("rate", rate);
  check_open("chance", chance);
  check_open("alpha", alpha);
  check_open("power", power);
  if (rate == chance)
    throw ConfigError(
        "resolution.rate must differ from chance: no number of items tells them apart");
  const double under_chance = math::normal_isf(0.5 * alpha) * std::sqrt(chance * (1.0 - chance));
  const double under_rate = math::normal_isf(1.0 - power) * std::sqrt(rate * (1.0 - rate));
  return std::ceil(std::pow((under_chance + under_rate) / (rate - chance), 2));
}

double power_of_items(double items, double rate, double chance, double alpha) {
  check_open("alpha", alpha);
  if (!(items >= 1.0))
    throw ConfigError(fmt::format("resolution.items must be >= 1, got {}", items));
  if (!(rate >= 0.0 && rate <= 1.0))
    throw ConfigError(fmt::format("resolution.rate must be in [0, 1], got {}", rate));
  if (!(chance >= 0.0 && chance <= 1.0)) {
    throw ConfigError(fmt::format("resolution.chance must be in [0, 1], got {}", chance));
  }
  const double n = std::floor(items);
  // The tail falls with the count: bisection for the least one that chance rarely passes.
  double low = -1.0, high = n;
  while (high - low > 1.0) {
    const double middle = std::floor(0.5 * (low + high));
    if (math::binomial_sf(middle, n, chance) <= alpha)
      high = middle;
    else
      low = middle;
  }
  return math::binomial_sf(high, n, rate);
}

}  // namespace emdyn::emergence::mirage
