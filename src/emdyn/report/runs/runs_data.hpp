#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/emergence/incidents/common_incidents.hpp"
#include "emdyn/report/chart/data.hpp"

namespace emdyn::report {

/// One of several runs laid over each other.
struct OverlaidRun {
  std::string name{};
  series::RunInfo info{};
  std::uint64_t points = 0;
  std::string change{};  ///< What it did, in words: "rise of val/acc at 1412", "no sudden change".
};

/// One run's course of a signal.
struct OverlaidLine {
  std::size_t run = 0;  ///< Index in RunsData::runs.
  ReportSignal signal{};
};

/// A signal in all runs that have it: one lane of the page.
struct OverlaidSignal {
  std::string name{};
  std::vector<OverlaidLine> lines{};  ///< In order of the runs.
  /// Positions at which more of them spike than chance would have.
  std::vector<emergence::incidents::CommonIncident> incidents{};
  std::string parting{};  ///< Where two runs part, in words; empty when they do not.
};

/// What one signal did across the runs.
struct AcrossRow {
  std::string signal{};
  std::size_t changed = 0, runs = 0;
  std::string change{};  ///< The commonest, in words.
  std::string onset{};   ///< Median and range.
  std::optional<double> q_value{};
};

/// Where the runs end in one signal.
struct EndsRow {
  std::string signal{};
  std::string lowest_run{}, highest_run{};
  double lowest = 0.0, median = 0.0, highest = 0.0;
};

/// Several runs on one page. Names and texts are untrusted; the page escapes them.
struct RunsData {
  std::string title{};
  std::string program_version{};
  std::string headline{};  ///< "2 of 5 signals changed suddenly in at least one of 48 runs".
  std::string how{};       ///< At which rate false ones are among them.
  series::Axis axis = series::Axis::step;
  std::vector<OverlaidRun> runs{};
  std::vector<OverlaidSignal> signals{};  ///< The most telling first.
  std::vector<AcrossRow> across{};
  std::vector<EndsRow> ends{};
  std::vector<std::string> notes{};  ///< Sentences the reader must know.
};

}  // namespace emdyn::report
