#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/app/cli/reference_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/terminal/console.hpp"
#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::app::cli {

/// What the options of `detect` ask for.
struct DetectRequest {
  SourceOption source;
  ReferenceOption reference;
  detect::DetectOptions options;
  std::vector<std::string> signals;
  double fdr = 0.0;          ///< Expected share of false alarms of a file; 0: not bounded.
  bool scores = false;       ///< 1 − p of every sample.
  bool explain = false;      ///< Words to every alarm.
  bool alarms_only = false;  ///< Of a live stream.
  bool strict = false;       ///< A malformed line ends the stream.
};

/// Every detector: name, kind, what it notices, cost; with --json everything known of it.
int list_detectors(bool json, app::terminal::Console& console);
/// One detector in words: what it notices, its budget, its parameters, its source.
void explain_detector(const std::string& name, app::terminal::Console& console);
/// The same for machines.
Json detector_json(const std::string& name);
/// One alarm in words.
std::string alarm_in_words(const series::Event& event);

/// The alarms (or scores) of a file or run.
int detect_file(DetectRequest& request, app::terminal::Console& console);
/// Standard input, judged as it comes.
int detect_stream(const DetectRequest& request, app::terminal::Console& console);

}  // namespace emdyn::app::cli
