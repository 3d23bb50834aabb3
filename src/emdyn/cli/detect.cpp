#include "emdyn/cli/detect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::cli {
namespace {

constexpr const char* kAbout =
    "Score the series of a file or run and print the alarms.\n\n"
    "The default detector, auto, notices a value or a pattern of up to 256 samples unlike all "
    "before. Where none is named its scores are printed, while alarms are those of watch, which "
    "Monitor runs and which no trend sets off; --detector auto lets auto alarm. Detectors of rows "
    "(see --list) take all numeric columns of a file together: one row "
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
                 "false alarms allowed per sample; default: the detector's textbook threshold")
      ->check(CLI::Range(1e-12, 0.5));
  app.add_option("--arl0", given.arl0, "the same budget as samples between false alarms")
      ->check(CLI::Range(2.0, 1e12))
      ->excludes("--alpha");
  app.add_option("--calibrator", given.calibrator,
                 "how scores become p-values: pot, empirical, conformal, gaussian")
      ->capture_default_str();
  app.add_option("--hysteresis", request.options.hysteresis,
                 "share of its score an alarm must fall below before the next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--fdr", request.fdr,
                 "of a file: expected share of false alarms, all series together, at most this")
      ->check(CLI::Range(1e-12, 0.999));
  app.add_option("--refractory", request.options.refractory_samples,
                 "samples of silence after an alarm")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
  app.add_flag("--front-end", given.front_end,
               "put the front end (trend, scale) before the detector");
  app.add_flag("--no-front-end", given.no_front_end,
               "give the detector the raw values; default: as --list --json says");
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
  if (!terminal::parse(app, arguments, console)) return kFine;
  const bool json = request.source.store.json;
  if (given.list) return list_detectors(json, console);
  sort_out_explain(app, request, given);
  (void)pipeline::takes_rows(request.options.detector);  // Refuses an unknown name.
  if (given.front_end && given.no_front_end)
    throw ConfigError("detect: --front-end and --no-front-end exclude each other");
  request.options.params = terminal::parse_settings(given.settings, "--set");
  request.options.watch_alarms = app.count("--detector") == 0 && !request.explain &&
                                 given.settings.empty() && !given.front_end && !given.no_front_end;
  if (given.front_end || given.no_front_end) request.options.front_end = given.front_end;
  if (given.alpha > 0.0) request.options.alpha = given.alpha;
  if (given.arl0 > 0.0) request.options.alpha = 1.0 / given.arl0;
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
  const bool stream = request.source.text == "-";
  if (!stream && (request.alarms_only || request.strict)) {
    throw ConfigError("detect: --alarms and --strict are for standard input (FILE -)");
  }
  if (stream && request.fdr > 0.0) {
    throw ConfigError("detect: --fdr is for files; bound a stream by --alpha or --arl0");
  }
  return stream ? detect_stream(request, console) : detect_file(request, console);
}

}  // namespace emdyn::cli
