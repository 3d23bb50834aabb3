#include "emdyn/app/cli/alarm_option.hpp"

#include "emdyn/app/terminal/arguments.hpp"

namespace emdyn::app::cli {

void AlarmOption::add_to(CLI::App& app) {
  app.add_option("--detector", detection_.detector, "a name from emdyn detect --list")
      ->capture_default_str();
  app.add_option("--set", settings_, "NAME=VALUE of the detector; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--alpha", alpha_,
                 "false alarms allowed per sample of a signal; default: 1e-05 of auto and watch, "
                 "of others the textbook threshold (score 1)")
      ->check(CLI::Range(1e-12, 0.5));
  app.add_option("--fdr", false_discovery_rate_,
                 "expected share of false ones among the alarms of all signals of a run together, "
                 "at most this; 0: not bounded")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.999));
  app.add_option("--refractory", detection_.refractory_samples, "samples of silence after an alarm")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
  app.add_option("--hysteresis", detection_.hysteresis,
                 "share of its score an alarm must fall to before the next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--disarm-p", detection_.disarm_p,
                 "p-value an alarm must rise to before the next, instead of --hysteresis; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  reference_.add_to(app);
  app.add_option("--longest-period", longest_period_,
                 "samples of the longest season sought, 0 to 4096 (0: none); default: 336")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{4096}));
}

collect::monitor::RecorderOptions AlarmOption::get(const CLI::App& app,
                                                   const std::string& store_path,
                                                   const collect::ingest::ReadOptions& read) const {
  collect::monitor::RecorderOptions recorder;
  recorder.detection = detection_;
  recorder.detection.params = app::terminal::parse_settings(settings_, "--set");
  if (app.count("--alpha") > 0) recorder.detection.alpha = alpha_;
  if (app.count("--longest-period") > 0) recorder.detection.longest_period = longest_period_;
  recorder.false_discovery_rate = false_discovery_rate_;
  reference_.apply(recorder.detection, store_path, read);
  detect::check_options(recorder.detection);
  return recorder;
}

}  // namespace emdyn::app::cli
