#include "emdyn/forecast/curves/spikes.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/math/distributions.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kWindow = 32;
constexpr double kDeviations = 6.0;
constexpr double kMemoryRecords = 500.0;

/// Median and robust deviation of the finite ones among the window's records.
struct WindowLevel {
  double median = 0.0;
  double sigma = 0.0;
  bool known = false;
};

WindowLevel window_level(const History& history, std::size_t end) {
  std::array<double, kWindow> values{};
  std::size_t n = 0;
  for (std::size_t i = end - kWindow; i < end; ++i) {
    if (std::isfinite(history.values[i])) values[n++] = history.values[i];
  }
  if (n < kWindow / 2) return {};
  const std::span<double> all(values.data(), n);
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(all.begin(), middle, all.end());
  WindowLevel level{*middle, 0.0, true};
  for (double& each : all) each = std::abs(each - level.median);
  std::nth_element(all.begin(), middle, all.end());
  // A window that stands still has its rounding for noise.
  level.sigma = std::max(math::kMadToSigma * *middle, 1e-9 * std::abs(level.median) + 1e-300);
  return level;
}

double at_least_one(double shape, double exposure, double records) noexcept {
  return -std::expm1(shape * (std::log(exposure) - std::log(exposure + records)));
}

}  // namespace

SpikeCount count_spikes(const History& history, bool upwards) {
  SpikeCount count;
  count.records = history.values.size();
  std::size_t free_from = kWindow;
  for (std::size_t i = kWindow; i < count.records; ++i) {
    const double value = history.values[i];
    bool spike = !std::isfinite(value);
    if (!spike) {
      const WindowLevel level = window_level(history, i);
      const double off = upwards ? value - level.median : level.median - value;
      spike = level.known && off > kDeviations * level.sigma;
    }
    if (i >= free_from) ++count.looked_at;
    if (!spike) continue;
    if (i >= free_from) {
      count.positions.push_back(history.positions[i]);
      count.at_record.push_back(i);
    }
    free_from = i + kWindow;
  }
  std::vector<double> gaps;
  for (std::size_t i = count.records - std::min<std::size_t>(count.records, 64);
       i + 1 < count.records; ++i)
    gaps.push_back(history.positions[i + 1] - history.positions[i]);
  if (!gaps.empty()) count.cadence = math::median(gaps);
  return count;
}

SpikeHazard spike_hazard(const SpikeCount& count, const SpikePrior& prior, double records,
                         double level) {
  SpikeHazard hazard;
  const double shape = prior.shape + static_cast<double>(count.positions.size());
  const double exposure = prior.records + static_cast<double>(count.looked_at);
  hazard.base_rate = at_least_one(shape, exposure, records);
  const auto at = [&](double p) {
    return -std::expm1(-records * math::gamma_quantile(p, shape, 1.0 / exposure));
  };
  hazard.low = std::min(at(0.5 * (1.0 - level)), hazard.base_rate);
  hazard.high = std::max(at(0.5 * (1.0 + level)), hazard.base_rate);
  double recent = prior.shape;
  for (const std::size_t at_record : count.at_record)
    recent += std::exp(-static_cast<double>(count.records - 1 - at_record) / kMemoryRecords);
  const double seen =
      kMemoryRecords * -std::expm1(-static_cast<double>(count.looked_at) / kMemoryRecords);
  hazard.recent_rate = at_least_one(recent, prior.records + seen, records);
  const bool near = !count.at_record.empty() &&
                    static_cast<double>(count.records - 1 - count.at_record.back()) <= records;
  hazard.last_spike = near ? 1.0 : 0.0;
  return hazard;
}

std::optional<double> norm_elevation(const History& norm) {
  std::vector<double> logs;
  for (std::size_t i = norm.values.size(); i-- > 0 && logs.size() < 136;) {
    const double value = norm.values[i];
    if (std::isfinite(value) && value > 0.0) logs.push_back(std::log(value));
  }
  if (logs.size() < 40) return std::nullopt;
  const std::span all(logs);
  const double late = math::median(all.first(8));
  const auto past = all.subspan(8);
  const double sigma = math::kMadToSigma * math::mad(past);
  return (late - math::median(past)) / std::max(sigma, 1e-3);
}

}  // namespace emdyn::forecast
