#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::detect {

/// What is normal: learned once and then held, so that a fault that lasts stays an alarm. Either the first `samples` of
/// each stream (of a detector of rows: its first rows), or samples from elsewhere, by signal and, for detectors of
/// rows, as a table. Values that are not finite are left out; NaN is a missing cell.
struct Reference {
  static constexpr std::int64_t kFewest = 30;
  static constexpr std::int64_t kMost = 1'000'000;
  static constexpr std::size_t kBlocks = 4;  ///< Each is judged by what the others taught.

  std::int64_t samples = 0;  ///< 30 to 1e6; 0: those below.
  std::map<std::string, std::vector<double>, std::less<>> series{};
  std::vector<std::string> channels{};
  std::vector<double> rows{};  ///< [row][channel]

  std::size_t row_count() const noexcept {
    return channels.empty() ? 0 : rows.size() / channels.size();
  }
};

/// A stretch that was out of the ordinary beside a reference.
struct AlarmInterval {
  series::Event event{};        ///< The alarm that began it.
  double begin = 0.0;           ///< Position of that alarm.
  std::optional<double> end{};  ///< Of the last sample that exceeded; absent: it is not over.
  bool operator==(const AlarmInterval&) const = default;
};

/// True for the event that tells that an alarm is over: its onset is {begin, begin, end} of the stretch.
bool is_end(const series::Event& event) noexcept;
/// The stretches that events of detectors with a reference tell of, in order of their begin. Other events are passed
/// over.
std::vector<AlarmInterval> alarm_intervals(std::span<const series::Event> events);
void to_json(Json& json, const AlarmInterval& interval);

}  // namespace emdyn::detect
