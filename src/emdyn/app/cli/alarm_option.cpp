#include "emdyn/app/cli/alarm_option.hpp"

#include <cstdint>

namespace emdyn::app::cli {

void AlarmOption::add_to(CLI::App& app) {
  detect::SignalWatch::Config& watch = recorder.watch;
  app.add_option("--alpha", watch.alpha, "false alarms allowed per sample of a signal")
      ->capture_default_str()
      ->check(CLI::Range(1e-12, 0.5));
  app.add_option("--fdr", recorder.false_discovery_rate,
                 "expected share of false ones among the alarms of all signals of a run together, "
                 "at most this; 0: not bounded")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.999));
  app.add_option("--refractory", watch.refractory_samples, "samples of silence after an alarm")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
  app.add_option("--hysteresis", watch.hysteresis,
                 "share of its score an alarm must fall to before the next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--disarm-p", watch.disarm_p,
                 "p-value an alarm must rise to before the next, instead of --hysteresis; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--longest-period", watch.front_end.longest_period,
                 "samples of the longest season sought; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{4096}));
}

}  // namespace emdyn::app::cli
