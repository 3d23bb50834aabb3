#include "emdyn/probe/spectra/heavy_tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::probe {
namespace {

struct Fit {
  double alpha = 0.0;
  double distance = std::numeric_limits<double>::infinity();
  std::size_t begin = 0;  ///< First value of the tail.
};

/// Kolmogorov-Smirnov distance of logs[begin …] from the power law, or infinity as soon as it is
/// known to be no smaller than `bound`.
double distance(std::span<const double> logs, std::size_t begin, double alpha, double bound) {
  const std::span<const double> tail = logs.subspan(begin);
  const double step = 1.0 / static_cast<double>(tail.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const double model = -std::expm1((1.0 - alpha) * (tail[i] - tail[0]));
    const double below = static_cast<double>(i) * step;
    worst = std::max({worst, model - below, below + step - model});
    if (worst >= bound) return std::numeric_limits<double>::infinity();
  }
  return worst;
}

/// @param logs ascending. The distance stays infinite when no tail has a spread.
Fit best_fit(std::span<const double> logs, std::size_t least_tail) {
  Fit best;
  double sum = 0.0;
  for (std::size_t i = logs.size(); i-- > 0;) {
    sum += logs[i];
    const std::size_t tail = logs.size() - i;
    if (tail < least_tail || (i > 0 && logs[i - 1] == logs[i])) continue;
    const auto count = static_cast<double>(tail);
    const double spread = sum - count * logs[i];
    // Equal values differ from their own mean by rounding only.
    if (!(spread > 1e-12 * count * (1.0 + std::abs(logs[i])))) continue;
    const double alpha = 1.0 + count / spread;
    const double found = distance(logs, i, alpha, best.distance);
    if (found < best.distance) best = {alpha, found, i};
  }
  return best;
}

std::vector<double> replicate(std::span<const double> logs, const Fit& fit, Philox random) {
  std::vector<double> drawn(logs.size());
  const auto body = static_cast<std::uint32_t>(fit.begin);
  const double tail_share =
      static_cast<double>(logs.size() - fit.begin) / static_cast<double>(logs.size());
  for (double& value : drawn) {
    if (body == 0 || random.uniform() < tail_share) {
      value = logs[fit.begin] - std::log1p(-random.uniform()) / (fit.alpha - 1.0);
    } else {
      value = logs[random.below(body)];
    }
  }
  std::ranges::sort(drawn);
  return drawn;
}

void judge(std::span<const double> logs, const Fit& fit, const HeavyTailConfig& config,
           HeavyTail& result) {
  const auto replicates = static_cast<std::size_t>(config.replicates);
  std::vector<Fit> fits(replicates);
  parallel_for(replicates, [&](std::size_t r) {
    fits[r] = best_fit(replicate(logs, fit, Philox(static_cast<std::uint64_t>(config.seed), r)),
                       static_cast<std::size_t>(config.least_tail));
  });
  std::size_t as_far = 1;  // The data themselves: a p-value of 0 cannot be known.
  double sum = 0.0;
  double squares = 0.0;
  for (const Fit& other : fits) {
    as_far += other.distance >= fit.distance ? 1 : 0;
    sum += other.alpha - fit.alpha;
    squares += (other.alpha - fit.alpha) * (other.alpha - fit.alpha);
  }
  const auto count = static_cast<double>(replicates);
  result.p_value = static_cast<double>(as_far) / (count + 1.0);
  if (replicates > 1) {
    result.bootstrap_error = std::sqrt(std::max(0.0, squares - sum * sum / count) / (count - 1.0));
  }
}

}  // namespace

HeavyTail heavy_tail(std::span<const double> values, const HeavyTailConfig& config) {
  checked("heavy_tail", kHeavyTailFields, config);
  std::vector<double> logs;
  logs.reserve(values.size());
  for (const double value : values) {
    if (!std::isfinite(value)) throw DataError("heavy tail: a value is not finite");
    if (value > 0.0) logs.push_back(std::log(value));
  }
  const auto least = static_cast<std::size_t>(config.least_tail);
  if (logs.size() < least) {
    throw DataError(
        fmt::format("heavy tail needs at least {} positive values, got {}", least, logs.size()));
  }
  if (logs.size() > std::numeric_limits<std::uint32_t>::max())
    throw DataError("heavy tail: more than 4,294,967,295 values");
  std::ranges::sort(logs);
  const Fit fit = best_fit(logs, least);
  if (!std::isfinite(fit.distance)) {
    throw DataError("heavy tail: the values of the tail are equal, which fits no exponent");
  }
  HeavyTail result;
  result.tail = logs.size() - fit.begin;
  result.count = logs.size();
  result.alpha = {fit.alpha, (fit.alpha - 1.0) / std::sqrt(static_cast<double>(result.tail))};
  result.x_min = std::exp(logs[fit.begin]);
  result.distance = fit.distance;
  if (config.replicates > 0) judge(logs, fit, config, result);
  return result;
}

void to_json(Json& json, const HeavyTail& tail) {
  json = Json{{"alpha", tail.alpha},
              {"x_min", number_or_null(tail.x_min)},
              {"tail", tail.tail},
              {"count", tail.count},
              {"distance", number_or_null(tail.distance)},
              {"p_value", number_or_null(tail.p_value)},
              {"bootstrap_error", number_or_null(tail.bootstrap_error)}};
}

}  // namespace emdyn::probe
