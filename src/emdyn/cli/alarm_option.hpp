#pragma once
#include <CLI/CLI.hpp>

#include "emdyn/monitor/recorder.hpp"

namespace emdyn::cli {

/// What the verbs that watch every signal (`watch`, `import`) let one say about alarms.
struct AlarmOption {
  monitor::RecorderOptions recorder{};

  void add_to(CLI::App& app);
};

}  // namespace emdyn::cli
