#pragma once
#include <CLI/CLI.hpp>

#include "emdyn/collect/monitor/recorder.hpp"

namespace emdyn::app::cli {

/// What the verbs that watch every signal (`watch`, `import`) let one say about alarms.
struct AlarmOption {
  collect::monitor::RecorderOptions recorder{};

  void add_to(CLI::App& app);
};

}  // namespace emdyn::app::cli
