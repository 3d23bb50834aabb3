#include "emdyn/probe/contract/estimate.hpp"

#include <cmath>

namespace emdyn::probe {

void to_json(Json& json, const Estimate& estimate) {
  json = Json{{"value", number_or_null(estimate.value)},
              {"standard_error", number_or_null(estimate.standard_error)}};
}

std::optional<double> jackknife_error(std::span<const double> left_out) noexcept {
  if (left_out.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(left_out.size());
  double mean = 0.0;
  for (const double value : left_out) mean += value / count;
  double sum = 0.0;
  for (const double value : left_out) sum += (value - mean) * (value - mean);
  const double error = std::sqrt((count - 1.0) / count * sum);
  return std::isfinite(error) ? std::optional(error) : std::nullopt;
}

}  // namespace emdyn::probe
