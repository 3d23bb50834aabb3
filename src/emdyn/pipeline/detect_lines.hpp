#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/live_lines.hpp"
#include "emdyn/detect/live/live_rows.hpp"

namespace emdyn::pipeline {

/// Lines of a live stream in, lines of NDJSON out: one object for every value (or row, for a
/// detector of rows), written when its line is complete. The objects:
///   a value  {signal, position, value, score, p_value, detector_score, events: [Event…]}; of a detector with a warning
///            zone also `warning`
///   a row    {position, values: {channel: value}, score, p_value, detector_score, attribution:
///            {channel: share}, events}
///   the end  {end: why, lines, samples, events, malformed}
/// `score` is 1 − p. No line ends the stream: what cannot be read is counted. Memory is bounded.
class LineDetection {
 public:
  struct Options {
    detect::DetectOptions detect{};
    std::vector<std::string> signals{};  ///< Only these; all when empty.
    collect::ingest::LiveLines::Options lines{};
    double fdr = 0.0;  ///< > 0: as detect::DiscoveryGate over all signals; 0: every alarm is told.
    bool alarms_only = false;          ///< Only objects with events are written.
    std::size_t line_bytes = 1 << 20;  ///< A longer line is malformed.
  };
  struct Counts {
    std::uint64_t lines = 0;
    std::uint64_t samples = 0;
    std::uint64_t events = 0;
    std::uint64_t malformed = 0;
  };

  /// @throws ConfigError for an unknown detector or parameter.
  explicit LineDetection(const Options& options);
  ~LineDetection();

  /// Bytes as they come, cut anywhere; complete lines are judged, NDJSON is appended to `out`.
  void feed(std::string_view bytes, std::string& out);
  /// The end of the stream: a last line without its newline counts, and the end object is written.
  /// @param why "input" or "interrupted".
  void finish(std::string_view why, std::string& out);

  const Counts& counts() const noexcept;
  /// Line number and reason of the first malformed line; "" while there is none.
  const std::string& first_fault() const noexcept;
  /// What was left out, to be told once: signals beyond the limit, late channels; "" when nothing.
  std::string take_warning();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 1 − p, in [0, 1]: what anyone's scorer can judge. 1 for a value that is not finite, 0 while
/// nothing is known.
double anomaly_score(const detect::Scored& sample) noexcept;

}  // namespace emdyn::pipeline
