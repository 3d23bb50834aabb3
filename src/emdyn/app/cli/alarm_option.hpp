#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/collect/monitor/recorder.hpp"

namespace emdyn::app::cli {

/// What the verbs that watch every signal (`watch`, `import`) let one say about detectors and
/// alarms: the words of `detect`, with its meanings and defaults.
class AlarmOption {
 public:
  void add_to(CLI::App& app);
  /// @throws ConfigError for an unknown detector or parameter, before work begins.
  collect::monitor::RecorderOptions get(const CLI::App& app) const;

 private:
  detect::DetectOptions detection_{};
  std::vector<std::string> settings_;
  double false_discovery_rate_ = 0.0;
  double alpha_ = detect::kDefaultAlpha;
  std::int64_t longest_period_ = 336;
};

}  // namespace emdyn::app::cli
