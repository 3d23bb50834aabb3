#include "emdyn/app/cli/detect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

constexpr const char* kAbout =
    "Score the series of a file or run and print the alarms.\n\n"
    "The default detector, auto, notices a value or a pattern of up to 256 samples unlike all "
    "before, a spike or shift beside trend and season, and a change of level in a short series. It "
    "alarms at most once in 100,000 samples in which nothing happens (--alpha sets another "
    "budget). Detectors of rows (see --list) take all numeric columns of a file together: one row "
    "is one sample, empty and non-finite cells are missing. FILE - reads standard input and "
    "prints one JSON object for every value or row, as it comes.";

struct Given {
  std::vector<std::string> settings;
  std::string explain;
  bool list = false;
  bool front_end = false;
  bool no_front_end = false;
  double alpha = 0.0;
  double arl0 = 0.0;
  double arm_score = 0.0;
  std::int64_t longest_period = 0;
  std::string calibrator{detect::Calibrator::kKinds[0]};
};

void add_options(CLI::App& app, DetectRequest& request, Given& given) {
  request.source.add_to(app);
  app.get_option("RUN|FILE")->required(false);
  app.add_flag("--list", given.list, "every detector, what it notices and what it costs");
  app.add_option("--explain", given.explain,
                 "[NAME]: a detector in words; with RUN|FILE, every alarm in words")
      ->expected(0, 1);
  app.add_option("--detector", request.options.detector, "a name from --list")
      ->capture_default_str();
  app.add_option("--set", given.settings, "NAME=VALUE of the detector; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--signal", request.signals, "only these signals (columns); default: all")
      ->allow_extra_args(false);
  app.add_option("--alpha", given.alpha,
                 "false alarms allowed per sample; default: 1e-05 of auto and watch, of others the "
                 "textbook threshold (score 1)")
      ->check(CLI::Range(1e-12, 0.5));
  app.add_option("--arl0", given.arl0, "the same budget as samples between false alarms")
      ->check(CLI::Range(2.0, 1e12))
      ->excludes("--alpha");
  app.add_option("--calibrator", given.calibrator,
                 "how scores become p-values: pot, empirical, conformal, gaussian")
      ->capture_default_str();
  app.add_option("--hysteresis", request.options.hysteresis,
                 "share of its score an alarm must fall to before the next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option(
         "--arm-score", given.arm_score,
         "alarm at a score above this, whatever its price; default: 1 where no budget counts")
      ->check(CLI::Range(1e-6, 1e6))
      ->excludes("--alpha")
      ->excludes("--arl0");
  app.add_option("--disarm-score", request.options.disarm_score,
                 "score an alarm must fall to before the next, instead of --hysteresis; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--disarm-p", request.options.disarm_p,
                 "p-value an alarm must rise to before the next, instead of --hysteresis; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--fdr", request.fdr,
                 "expected share of false ones among the alarms of all series together, at most "
                 "this; 0: not bounded")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.999));
  app.add_option("--refractory", request.options.refractory_samples,
                 "samples of silence after an alarm")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
  request.reference.add_to(app);
  app.add_flag("--front-end", given.front_end,
               "put the front end (trend, scale) before the detector");
  app.add_flag("--no-front-end", given.no_front_end,
               "give the detector the raw values; default: as --list --json says");
  app.add_option("--longest-period", given.longest_period,
                 "samples of the longest season that the front end (also that inside auto and "
                 "watch) seeks, 0 to 4096; default: 336")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{4096}));
  app.add_flag("--scores", request.scores,
               "print 1 - p, in [0, 1], of every sample; with --json one entry a row");
  app.add_flag("--alarms", request.alarms_only, "of standard input: print only what alarmed")
      ->group("Standard input");
  app.add_flag("--strict", request.strict,
               "of standard input: end at a malformed line instead of counting it")
      ->group("Standard input");
}

/// `--explain FILE` and `--explain NAME FILE` both read as people mean them.
void sort_out_explain(const CLI::App& app, DetectRequest& request, Given& given) {
  request.explain = app.count("--explain") > 0;
  const bool a_file = !given.explain.empty() && request.source.text.empty() &&
                      (given.explain == "-" || pipeline::is_path(given.explain));
  if (a_file) request.source.text = std::exchange(given.explain, {});
  if (given.explain.empty()) return;
  if (app.count("--detector") > 0 && given.explain != request.options.detector) {
    throw ConfigError(fmt::format("detect: --explain {} and --detector {} name two detectors",
                                  terminal_safe(given.explain),
                                  terminal_safe(request.options.detector)));
  }
  request.options.detector = given.explain;
}

}  // namespace

int run_detect(Arguments arguments, Console& console) {
  CLI::App app(kAbout, "detect");
  DetectRequest request;
  Given given;
  add_options(app, request, given);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const bool json = request.source.store.json;
  if (given.list) return list_detectors(json, console);
  sort_out_explain(app, request, given);
  (void)detect::takes_rows(request.options.detector);  // Refuses an unknown name.
  if (given.front_end && given.no_front_end)
    throw ConfigError("detect: --front-end and --no-front-end exclude each other");
  request.options.params = app::terminal::parse_settings(given.settings, "--set");
  if (given.front_end || given.no_front_end) request.options.front_end = given.front_end;
  if (given.alpha > 0.0) request.options.alpha = given.alpha;
  if (given.arl0 > 0.0) request.options.alpha = 1.0 / given.arl0;
  if (given.arm_score > 0.0) request.options.arm_score = given.arm_score;
  if (app.count("--longest-period") > 0) request.options.longest_period = given.longest_period;
  request.options.calibrator = static_cast<detect::Calibrator::Kind>(
      field_detail::parse_word("--calibrator", given.calibrator, detect::Calibrator::kKinds));
  if (request.explain && !json) {
    explain_detector(request.options.detector, console);
    if (!request.source.text.empty()) console.line("");
  }
  if (request.source.text.empty()) {
    if (!request.explain)
      throw ConfigError("detect: RUN|FILE is required; see emdyn detect --help");
    if (json) console.json(detector_json(request.options.detector));
    return kFine;
  }
  request.reference.apply(request.options, request.source.store.path, request.source.read.get(),
                          Task(console.stop_flag()));
  const bool stream = request.source.text == "-";
  if (!stream && (request.alarms_only || request.strict)) {
    throw ConfigError("detect: --alarms and --strict are for standard input (FILE -)");
  }
  return stream ? detect_stream(request, console) : detect_file(request, console);
}

}  // namespace emdyn::app::cli
