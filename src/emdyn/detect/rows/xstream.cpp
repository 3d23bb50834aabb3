#include "emdyn/detect/rows/xstream.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

constexpr double kWidth = 4.0;  // First cell: half the expected range, in deviations.

std::uint64_t mixed(std::uint64_t hash) {
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9ULL;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

}  // namespace

XStream::XStream(const Config& config, std::size_t channels)
    : projections_(static_cast<std::size_t>(checked(kName, kFields, config).projections)),
      chains_(static_cast<std::size_t>(config.chains)),
      depth_(static_cast<std::size_t>(config.depth)),
      window_(static_cast<std::uint64_t>(config.window)),
      weights_(projections_ * channels),
      feature_(chains_ * depth_),
      shift_(chains_ * projections_),
      reference_(chains_ * depth_ * kCells, 0),
      latest_(chains_ * depth_ * kCells, 0) {
  Philox random(static_cast<std::uint64_t>(config.seed), 13);
  for (std::size_t p = 0; p < projections_; ++p) {
    // A third of the channels each, the sign at random; at least one.
    const std::size_t sure = random.below(static_cast<std::uint32_t>(channels));
    double count = 0.0;
    for (std::size_t i = 0; i < channels; ++i) {
      const std::uint32_t die = random.below(6);
      double weight = die == 0 ? 1.0 : die == 1 ? -1.0 : 0.0;
      if (i == sure && weight == 0.0) weight = 1.0;
      weights_[p * channels + i] = weight;
      count += std::abs(weight);
    }
    for (std::size_t i = 0; i < channels; ++i) weights_[p * channels + i] /= std::sqrt(count);
  }
  for (std::uint8_t& feature : feature_) {
    feature = static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(projections_)));
  }
  for (double& shift : shift_) shift = random.uniform();
}

XStream::Projected XStream::project(std::span<const double> z) const noexcept {
  Projected projected{};
  for (std::size_t p = 0; p < projections_; ++p) {
    for (std::size_t i = 0; i < z.size(); ++i) projected[p] += weights_[p * z.size() + i] * z[i];
  }
  return projected;
}

void XStream::cells(std::size_t chain, const Projected& projected,
                    std::array<std::size_t, kMostDepth>& out) const noexcept {
  std::array<std::uint8_t, kMostProjections> halvings{};
  std::array<std::uint64_t, kMostProjections> part{};
  std::uint64_t together = 0;  // Sum of the parts: the order of features does not matter.
  for (std::size_t level = 0; level < depth_; ++level) {
    const std::size_t f = feature_[chain * depth_ + level];
    const double width = std::ldexp(kWidth, -static_cast<int>(halvings[f]));
    const double place = projected[f] / width + shift_[chain * projections_ + f];
    ++halvings[f];
    together -= part[f];
    part[f] = mixed(static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(place))) * 31 +
                    f * 1000003 + halvings[f] * 7919);
    together += part[f];
    const std::size_t table = (chain * depth_ + level) * kCells;
    out[level] = table + static_cast<std::size_t>(mixed(together) % kCells);
  }
}

double XStream::statistic(std::span<const double> z) const noexcept {
  const Projected projected = project(z);
  std::array<std::size_t, kMostDepth> places{};
  double sum = 0.0;
  for (std::size_t chain = 0; chain < chains_; ++chain) {
    cells(chain, projected, places);
    double least = 1e9;
    for (std::size_t level = 0; level < depth_; ++level) {
      const double count = static_cast<double>(reference_[places[level]]);
      least = std::min(least, std::log2(1.0 + count) + static_cast<double>(level + 1));
    }
    sum += least;
  }
  const double most = std::log2(1.0 + static_cast<double>(window_)) + static_cast<double>(depth_);
  return std::max(0.0, most - sum / static_cast<double>(chains_));
}

void XStream::learn(std::span<const double> z) noexcept {
  const Projected projected = project(z);
  std::array<std::size_t, kMostDepth> places{};
  for (std::size_t chain = 0; chain < chains_; ++chain) {
    cells(chain, projected, places);
    for (std::size_t level = 0; level < depth_; ++level) ++latest_[places[level]];
  }
  if (++rows_ < window_) return;
  reference_.swap(latest_);
  std::ranges::fill(latest_, std::uint16_t{0});
  rows_ = 0;
  ++windows_;
}

void XStream::reset() noexcept {
  std::ranges::fill(reference_, std::uint16_t{0});
  std::ranges::fill(latest_, std::uint16_t{0});
  rows_ = windows_ = 0;
}

}  // namespace emdyn::detect
