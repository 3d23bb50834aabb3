#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// One row of many channels. A channel is used when it is present and finite; `present` may be
/// empty: all are.
struct RowView {
  std::span<const double> values;
  std::span<const std::uint8_t> present{};
  bool has(std::size_t channel) const noexcept {
    return (present.empty() || present[channel] != 0) && std::isfinite(values[channel]);
  }
};

/// Puts every channel in units of its own deviation, learned from all its samples so far. A channel
/// that is missing reads 0, its mean: it neither silences the row nor stands out.
class ChannelScale {
 public:
  static constexpr double kMost = 50.0;  // Deviations; beyond, a value is only "far".

  explicit ChannelScale(std::size_t channels)
      : means_(channels, 0.0), squares_(channels, 0.0), counts_(channels, 0.0) {}

  std::size_t channels() const noexcept { return means_.size(); }

  /// @return how many channels the row has.
  std::size_t standardise(const RowView& row, std::span<double> z) const noexcept {
    std::size_t used = 0;
    for (std::size_t i = 0; i < means_.size(); ++i) {
      z[i] = 0.0;
      if (!row.has(i)) continue;
      ++used;
      if (counts_[i] < 2.0) continue;
      const double floor = smallest_sigma(means_[i]);
      const double variance = std::max(squares_[i] / (counts_[i] - 1.0), floor * floor);
      z[i] = std::clamp((bounded_sample(row.values[i]) - means_[i]) / std::sqrt(variance), -kMost,
                        kMost);
    }
    return used;
  }

  void learn(const RowView& row) noexcept {
    for (std::size_t i = 0; i < means_.size(); ++i) {
      if (!row.has(i)) continue;
      const double value = bounded_sample(row.values[i]);
      counts_[i] += 1.0;
      const double away = value - means_[i];
      means_[i] += away / counts_[i];
      squares_[i] += away * (value - means_[i]);
    }
  }

  void reset() noexcept {
    std::ranges::fill(means_, 0.0);
    std::ranges::fill(squares_, 0.0);
    std::ranges::fill(counts_, 0.0);
  }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.means_, self.squares_, self.counts_);
    for (std::size_t i = 0; i < self.means_.size(); ++i) {
      archive.require(self.squares_[i] >= 0.0 && self.counts_[i] >= 0.0);
      archive.require(kLargestSample >= std::abs(self.means_[i]));
    }
  }
  bool operator==(const ChannelScale&) const = default;

 private:
  std::vector<double> means_;
  std::vector<double> squares_;
  std::vector<double> counts_;
};

}  // namespace emdyn::detect
