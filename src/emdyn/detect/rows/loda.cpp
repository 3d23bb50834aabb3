#include "emdyn/detect/rows/loda.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

constexpr double kReach = 4.0;  // Deviations the bins cover; the outer bins take what lies beyond.

}  // namespace

Loda::Loda(const Config& config, std::size_t channels)
    : projections_(static_cast<std::size_t>(checked(kName, kFields, config).projections)),
      bins_(static_cast<std::size_t>(config.bins)),
      memory_(static_cast<std::uint64_t>(config.memory)),
      used_(static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(channels))))),
      channels_(projections_ * used_),
      weights_(projections_ * used_),
      counts_(projections_ * bins_, 0.0) {
  Philox random(static_cast<std::uint64_t>(config.seed), 12);
  std::vector<std::uint16_t> order(channels);
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  for (std::size_t p = 0; p < projections_; ++p) {
    shuffle(order, random);
    double squares = 0.0;
    for (std::size_t i = 0; i < used_; ++i) {
      channels_[p * used_ + i] = order[i];
      weights_[p * used_ + i] = random.normal();
      squares += weights_[p * used_ + i] * weights_[p * used_ + i];
    }
    for (std::size_t i = 0; i < used_; ++i) weights_[p * used_ + i] /= std::sqrt(squares);
  }
}

std::size_t Loda::bin(std::size_t projection, std::span<const double> z) const noexcept {
  double sum = 0.0;
  for (std::size_t i = projection * used_; i < (projection + 1) * used_; ++i) {
    sum += weights_[i] * z[channels_[i]];
  }
  const double place = (sum + kReach) / (2.0 * kReach) * static_cast<double>(bins_);
  return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(bins_) - 0.5));
}

double Loda::statistic(std::span<const double> z) const noexcept {
  double sum = 0.0;
  // Half a row in every bin in advance (Krichevsky & Trofimov 1981): none is impossible.
  const double total = total_ + 0.5 * static_cast<double>(bins_);
  for (std::size_t p = 0; p < projections_; ++p) {
    sum += std::log(total / (counts_[p * bins_ + bin(p, z)] + 0.5));
  }
  return std::max(0.0, sum / static_cast<double>(projections_));
}

void Loda::learn(std::span<const double> z) noexcept {
  for (std::size_t p = 0; p < projections_; ++p) counts_[p * bins_ + bin(p, z)] += 1.0;
  total_ += 1.0;
  if (++seen_ % memory_ != 0) return;
  for (double& count : counts_) count *= 0.5;
  total_ *= 0.5;
}

void Loda::reset() noexcept {
  std::ranges::fill(counts_, 0.0);
  total_ = 0.0;
  seen_ = 0;
}

}  // namespace emdyn::detect
