#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::detect {

/// A value of one channel of a row.
struct ChannelValue {
  std::size_t channel;  ///< As add_channel() numbered it.
  double value;         ///< NaN and infinities count as missing.
};

/// One detector of rows on a stream whose channels make themselves known as they come. Channels
/// that appear within the first 32 rows, which only teach the channels' scales and score 0, are
/// watched; later ones are not. With a reference (DetectOptions::reference) the channels are those of its rows, and
/// after it nothing is learned; each alarm is told when it begins and when it is over (is_end).
class RowDetector {
 public:
  static constexpr std::uint64_t kRowsToMeet = 32;

  /// @throws ConfigError for an unknown detector or parameter, or options for series only.
  RowDetector(series::Axis axis, const DetectOptions& options);
  ~RowDetector();
  RowDetector(RowDetector&&) noexcept;

  /// Numbers a channel of this name from 0; nothing when the watched ones are settled.
  std::optional<std::size_t> add_channel(std::string name);
  const std::vector<std::string>& channels() const noexcept;

  /// One row; a channel that is absent or not finite is missing, and the others are judged.
  /// @param events what happened is appended.
  /// @throws ConfigError when the channels that came are more than the detector takes, or the reference is too short
  /// for so many.
  Scored push(double position, std::span<const ChannelValue> row,
              std::vector<series::Event>& events);
  /// What each channel gave to the last score, as channels(): shares >= 0 that sum to 1, or all 0
  /// where no channel alone matters. Costs as much as one score a channel.
  std::span<const double> attribution();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::detect
