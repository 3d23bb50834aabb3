#include "emdyn/probe/optimisation/updates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {
namespace {

double difference(std::span<const float> a, std::span<const float> b, std::size_t i) {
  return static_cast<double>(a[i]) - static_cast<double>(b[i]);
}

void require_equal(std::string_view what, std::size_t first, std::size_t other) {
  if (first != 0 && first == other) return;
  throw DataError(
      fmt::format("{}: needs vectors of one length above 0, got {} and {}", what, first, other));
}

}  // namespace

double update_to_weight(std::span<const float> before, std::span<const float> after) {
  require_equal("update to weight", before.size(), after.size());
  double change = 0.0;
  double weight = 0.0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double step = difference(after, before, i);
    change += step * step;
    weight += static_cast<double>(before[i]) * static_cast<double>(before[i]);
  }
  return change == 0.0 ? 0.0 : std::sqrt(change / weight);
}

double update_cosine(std::span<const float> previous, std::span<const float> current) {
  require_equal("cosine of updates", previous.size(), current.size());
  double inner = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < previous.size(); ++i) {
    const auto a = static_cast<double>(previous[i]);
    const auto b = static_cast<double>(current[i]);
    inner += a * b;
    first += a * a;
    second += b * b;
  }
  if (first == 0.0 || second == 0.0) return kUndefined;
  const double cosine = inner / std::sqrt(first) / std::sqrt(second);
  return std::isnan(cosine) ? cosine : std::clamp(cosine, -1.0, 1.0);
}

CommutatorDefect commutator_defect(const CommutatorSquare& square) {
  const std::size_t size = square.start.size();
  for (const auto& corner : {square.after_a, square.after_b, square.after_ab, square.after_ba}) {
    require_equal("commutator defect", size, corner.size());
  }
  double step_a = 0.0;
  double step_b = 0.0;
  double defect = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    const double a = difference(square.after_a, square.start, i);
    const double b = difference(square.after_b, square.start, i);
    const double d = difference(square.after_ab, square.after_ba, i);
    step_a += a * a;
    step_b += b * b;
    defect += d * d;
  }
  if (defect == 0.0) return {};
  const double product = std::sqrt(step_a) * std::sqrt(step_b);
  if (product == 0.0) return {kUndefined, kUndefined};
  return {std::sqrt(defect / product), std::sqrt(defect) / product};
}

AdamHealth adam_health(std::span<const float> second_moment, const AdamConfig& config) {
  checked("adam", kAdamFields, config);
  if (second_moment.empty()) throw DataError("Adam's second moment of an empty layer");
  const double correction =
      config.step > 0 ? -std::expm1(static_cast<double>(config.step) * std::log(config.beta2))
                      : 1.0;
  std::vector<double> roots(second_moment.size());
  AdamHealth health;
  double sum = 0.0;
  std::size_t below = 0;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const auto value = static_cast<double>(second_moment[i]);
    if (!(value >= 0.0) || !std::isfinite(value)) {
      throw DataError(fmt::format("Adam's second moment [{}] is {}, must be >= 0", i, value));
    }
    const double corrected = value / correction;
    roots[i] = std::sqrt(corrected);
    sum += corrected;
    below += roots[i] <= config.epsilon ? 1U : 0U;
    const double floor = roots[i] + config.epsilon;
    health.lost_share += floor > 0.0 ? config.epsilon / floor : 0.0;
  }
  const auto count = static_cast<double>(roots.size());
  health.share_below_epsilon = static_cast<double>(below) / count;
  health.lost_share /= count;
  health.gradient_rms = std::sqrt(sum / count);
  const auto middle = roots.begin() + static_cast<std::ptrdiff_t>(roots.size() / 2);
  std::nth_element(roots.begin(), middle, roots.end());
  double median = *middle;
  if (roots.size() % 2 == 0) median = 0.5 * (median + *std::max_element(roots.begin(), middle));
  health.median_over_epsilon = median / config.epsilon;
  return health;
}

void to_json(Json& json, const CommutatorDefect& defect) {
  json = Json{{"relative", number_or_null(defect.relative)},
              {"curvature", number_or_null(defect.curvature)}};
}

void to_json(Json& json, const AdamHealth& health) {
  json = Json{{"share_below_epsilon", number_or_null(health.share_below_epsilon)},
              {"median_over_epsilon", number_or_null(health.median_over_epsilon)},
              {"gradient_rms", number_or_null(health.gradient_rms)},
              {"lost_share", number_or_null(health.lost_share)}};
}

}  // namespace emdyn::probe
