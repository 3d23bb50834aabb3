#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/app/cli/reference_option.hpp"
#include "emdyn/collect/monitor/recorder.hpp"

namespace emdyn::app::cli {

/// What the verbs that watch every signal (`watch`, `import`) let one say about detectors and
/// alarms: the words of `detect`, with its meanings and defaults.
class AlarmOption {
 public:
  void add_to(CLI::App& app);
  /// @throws ConfigError for an unknown detector or parameter, before work begins; DataError for a reference that
  /// cannot be read.
  /// @param store_path, read where a reference is read from, and how.
  collect::monitor::RecorderOptions get(const CLI::App& app, const std::string& store_path,
                                        const collect::ingest::ReadOptions& read) const;

 private:
  detect::DetectOptions detection_{};
  ReferenceOption reference_;
  std::vector<std::string> settings_;
  double false_discovery_rate_ = 0.0;
  double alpha_ = detect::kDefaultAlpha;
  std::int64_t longest_period_ = 336;
};

}  // namespace emdyn::app::cli
