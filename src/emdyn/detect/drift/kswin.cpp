#include "emdyn/detect/drift/kswin.hpp"

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kMostPairs = 4096;  // That an exact p-value is worth.

double scale(double older, double recent) noexcept {
  return std::sqrt(older * recent / (older + recent));
}

}  // namespace

double ks_distance(const BoundedVector<double>& first,
                   const BoundedVector<double>& second) noexcept {
  const double step_first = 1.0 / static_cast<double>(first.size());
  const double step_second = 1.0 / static_cast<double>(second.size());
  std::size_t i = 0;
  std::size_t j = 0;
  double best = 0.0;
  while (i < first.size() && j < second.size()) {
    const double value = std::min(first[i], second[j]);
    while (i < first.size() && first[i] == value) ++i;
    while (j < second.size() && second[j] == value) ++j;
    const double difference =
        static_cast<double>(i) * step_first - static_cast<double>(j) * step_second;
    if (std::abs(difference) > std::abs(best)) best = difference;
  }
  return best;
}

double ks_exact_sf(std::size_t first, std::size_t second, double distance) noexcept {
  const double step_first = 1.0 / static_cast<double>(first);
  const double step_second = 1.0 / static_cast<double>(second);
  const double least = distance - 0.25 * step_first * step_second;  // Rounding is no difference.
  // Chance that a random path to (i, j) strayed: by its last step, from (i - 1, j) or (i, j - 1).
  std::array<double, kMostExact> strayed{};
  for (std::size_t i = 0; i <= first; ++i) {
    for (std::size_t j = 0; j <= second; ++j) {
      const auto x = static_cast<double>(i);
      const auto y = static_cast<double>(j);
      const double here = std::abs(x * step_first - y * step_second);
      const double left = j > 0 ? strayed[j - 1] : 0.0;
      strayed[j] = here >= least ? 1.0 : (i + j > 0 ? (x * strayed[j] + y * left) / (x + y) : 0.0);
    }
  }
  return strayed[second];
}

Kswin::Kswin(const Config& config)
    : older_(static_cast<std::size_t>(std::max<std::int64_t>(
          checked(kName, kFields, config).window_samples - config.recent_samples, 1))),
      recent_(static_cast<std::size_t>(config.recent_samples)) {
  if (2 * config.recent_samples > config.window_samples) {
    throw ConfigError("kswin.recent_samples must be at most half of kswin.window_samples");
  }
  const double older = static_cast<double>(config.window_samples - config.recent_samples);
  critical_ = std::sqrt(-0.5 * std::log(0.5 * config.alpha)) /
              scale(older, static_cast<double>(config.recent_samples));
}

double Kswin::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if (recent_.full()) older_.push(recent_.recent(recent_.size() - 1));
  recent_.push(sample);
  distance_ = ready() ? ks_distance(older_.sorted(), recent_.sorted()) : 0.0;
  return distance() / critical_;
}

double Kswin::p_value() const noexcept {
  if (!ready()) return 1.0;
  const std::size_t older = older_.size();
  const std::size_t recent = recent_.size();
  if (recent < kMostExact && older * recent <= kMostPairs) {
    return std::min(ks_exact_sf(older, recent, distance()), 1.0);
  }
  // Source: Stephens, "Use of the Kolmogorov-Smirnov ... Statistics Without Extensive Tables",
  // JRSS B 32 (1970).
  const double root = scale(static_cast<double>(older), static_cast<double>(recent));
  const double factor = root + 0.12 + 0.11 / root;
  return std::min(std::max(math::kolmogorov_sf(factor * distance()), 0.0), 1.0);
}

Evidence Kswin::evidence() const noexcept {
  if (distance_ == 0.0) return {};
  const std::uint64_t recent = recent_.size();
  return {distance() / critical_, distance_ > 0.0 ? Direction::rise : Direction::fall, recent / 2,
          2 * recent, 0};
}

void Kswin::reset() noexcept {
  rearm();
  older_.clear();
  recent_.clear();
}

}  // namespace emdyn::detect
