#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/forecast/curves/link.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {

/// A signal up to now, small enough to be fitted often: its records summed up in at most kMostBlocks
/// blocks of equal length in the square root of time, each by its median, and the noise of the
/// records about them. Time is x = (position − origin) / (now − origin), so that now is 1 and what a
/// position counts does not matter. A plain value.
struct CurveBlocks {
  static constexpr std::size_t kMostBlocks = 64;

  CurveLink link{};
  double origin = 0.0;       ///< Position of time 0, in units of the axis.
  double now = 0.0;          ///< Position of the last finite record.
  std::vector<double> x{};   ///< Centres of the blocks, ascending, in (0, 1].
  std::vector<double> z{};   ///< Medians, on the scale of the link.
  double level = 0.0;        ///< Of the signal now, without its noise, on the scale of the link.
  double noise = 0.0;        ///< Standard deviation of a late record about its level, same scale.
  double memory = 0.0;       ///< Lag-1 autocorrelation of that noise, in [0, 0.95].
  double level_noise = 0.0;  ///< Standard error of `level`.
  double smoothing = 1.0;    ///< Share of the newest block in the level, in (0, 1].
  double cadence = 0.0;      ///< From one late record to the next, in x (median).
  double piece = 0.0;        ///< x at which the schedule last stepped; 0 when it never did.
  std::size_t records = 0;   ///< Finite ones.
  std::size_t in_last = 1;   ///< Records of the last block.

  /// The level as it was when the block `last` was the newest.
  double level_at(std::size_t last) const noexcept;
  /// `at_z` drawn in to what the signal may be: not farther beyond what it has shown than twice (on a
  /// log scale once) the range of that.
  double plausible(double at_z) const noexcept;
  double position_of(double at_x) const noexcept { return origin + at_x * (now - origin); }
  double x_of(double position) const noexcept { return (position - origin) / (now - origin); }
};

/// Fewest finite records from which a curve is extrapolated.
inline constexpr std::size_t kFewestRecords = 6;

/// Sums a history up. Positions from 0 (or near it) count from 0; a history that begins late counts
/// from its own beginning. Nothing where there are fewer than kFewestRecords finite records, or all
/// at one position. O(records).
/// @param schedule the learning rate of the run up to now, as far as it is logged; may be empty.
std::optional<CurveBlocks> curve_blocks(std::string_view name, const History& history,
                                        const History& schedule = {});

/// Where a schedule last stepped: the newest position at which it takes less than two thirds or more
/// than one and a half of the value before, after standing still (or gliding) until then. Warm-up and
/// decay, which glide, are no steps. O(records).
std::optional<double> last_step(const History& schedule);

}  // namespace emdyn::forecast
