#pragma once
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/pipeline/source.hpp"

namespace emdyn::pipeline {

/// One series (or the rows of one run) that a detector looks at.
struct DetectedSeries {
  std::string run{};
  std::string signal{};           ///< "row" for detectors of rows.
  std::size_t series_of_run = 0;  ///< 0 for the first signal of its run.
};

/// Hears what a detector says while a source is read. Samples of different series come as the
/// source holds them.
class DetectListener {
 public:
  DetectListener() = default;
  DetectListener(const DetectListener&) = delete;
  DetectListener& operator=(const DetectListener&) = delete;
  virtual ~DetectListener() = default;

  /// Series are numbered from 0 in order of appearance.
  virtual void on_series(std::size_t series, const DetectedSeries& about) = 0;
  /// `rows` is the detector of rows that gave this score, for its channels and attribution, or
  /// null.
  virtual void on_sample(std::size_t series, const detect::Scored& sample,
                         detect::RowDetector* rows) = 0;
  /// A row of the file in which the only series of its run has no value.
  virtual void on_empty_row(std::size_t series, double position) = 0;
  virtual void on_event(std::size_t series, const series::Event& event) = 0;
  /// What is left out, for people; escaped for a terminal.
  virtual void on_warning(std::string_view text) = 0;
};

/// Reads a file or run and hands every sample of every signal (only those in `signals`, unless
/// empty) to a detector of its own; a detector of rows gets one row of channels at a time: a row of
/// the file, or what has the same position where the file has no rows. A file is read whole first (24
/// bytes a value): where its positions go back, each signal is judged as its whole history (see
/// series::make_whole). Beyond 16 million values samples are judged as they come instead.
/// Stopped by `task` it returns early: the listener has heard everything up to there.
/// `reading`, where given, gets what the source was read as.
/// @return rows left out as malformed (ReadOptions::skip_bad_rows).
/// @throws DataError when the source cannot be read or has none of the signals; ConfigError for bad
/// options.
std::uint64_t detect_source(const Source& source, const detect::DetectOptions& options,
                            std::span<const std::string> signals, DetectListener& listener,
                            const Task& task = {}, Reading* reading = nullptr);

}  // namespace emdyn::pipeline
