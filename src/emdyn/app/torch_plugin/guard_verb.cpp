#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/provoke/guard/conformal.hpp"
#include "emdyn/provoke/guard/guard.hpp"
#include "emdyn/provoke/trial/trial.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::uint64_t kLargestGuard = std::uint64_t{1} << 32U;
constexpr std::size_t kListed = 10;

using Clock = std::chrono::steady_clock;

struct FitArguments {
  SubjectOptions subject;
  std::string calibration;
  std::string calibration_split{};
  std::size_t calibration_limit = 0;
  std::string out = "guard.bin";
  std::vector<std::string> settings;
};

int fit(const FitArguments& arguments, bool json, app::terminal::Console& console) {
  provoke::guard::GuardOptions options;
  apply_params(provoke::guard::GuardOptions::kName, provoke::guard::kOptionFields,
               app::terminal::parse_settings(arguments.settings, "--set"), options);
  const auto start = Clock::now();
  SubjectOptions from = arguments.subject;
  // Of data in two parts the training part, which --calibration then holds nothing of.
  if (from.split.empty() && std::filesystem::is_directory(from.data)) from.split = "train";
  const Subject subject = load_subject(from);
  model::Ledger ledger;
  const auto cancelled = [&] { return console.interrupted(); };
  console.status("looking at the reference examples");
  const auto seen = model::observe(*subject.model, subject.inputs, true, ledger, cancelled);
  model::Observations calm;
  if (!arguments.calibration.empty()) {
    const model::data::Dataset held =
        load_examples(arguments.calibration, arguments.calibration_split,
                      arguments.calibration_limit, subject.model->signature(), false);
    calm = model::observe(*subject.model, model::examples(held), true, ledger, cancelled);
  }
  if (console.interrupted()) return 130;
  console.status("fitting the guard");
  const std::vector<std::uint32_t> labels(subject.labels.begin(), subject.labels.end());
  const provoke::ood::Batch reference = batch_of(seen);
  const Head head = head_of(*subject.model);
  const provoke::guard::Guard made = provoke::guard::Guard::fit(
      {reference.features, reference.logits, labels, head.view()},
      arguments.calibration.empty() ? provoke::ood::Batch{} : batch_of(calm), options);
  const auto bytes = made.serialise();
  replace_file(arguments.out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  console.clear_status();
  std::vector<std::string> notes;
  if (arguments.calibration.empty())
    notes.emplace_back(
        "calibrated on examples held out of --data: if the network was trained on them, p-values "
        "of new inputs come out too small; give --calibration then");
  if (const std::string note = feature_note(*subject.model); !note.empty()) notes.push_back(note);
  if (json) {
    Json document{{"guard", arguments.out},
                  {"bytes", bytes.size()},
                  {"panel", made.panel()},
                  {"reference", seen.rows},
                  {"calibration", made.calibration_size()},
                  {"errors_on_reference", seen.errors(subject.labels)},
                  {"notes", notes},
                  {"ledger", {{"forward", ledger.forward}, {"gradient", ledger.gradient}}},
                  {"seconds", seconds_since(start)}};
    console.json(document);
    return 0;
  }
  console.line(fmt::format("{}: {} scores fitted on {} examples, p-values from {} others",
                           terminal_safe(arguments.out), made.panel().size(), seen.rows,
                           made.calibration_size()));
  for (const std::string& note : notes) console.warn(note);
  console.note(fmt::format("next: emdyn guard score --guard {} --model … --data …",
                           terminal_safe(arguments.out)));
  return 0;
}

struct ScoreArguments {
  SubjectOptions subject;
  std::string guard = "guard.bin";
  double fdr = 0.1;
  bool online = false;
  std::size_t batch = 0;
  bool tripwires = false;
  std::vector<std::string> settings;
  bool summary = false;
};

Json verdict_json(std::size_t index, const provoke::guard::InputVerdict& verdict, bool flagged,
                  double e_value, std::optional<std::int64_t> label) {
  Json features = Json::array();
  for (const provoke::guard::FeatureShare& one : verdict.features) {
    features.push_back({{"feature", one.feature},
                        {"value", one.value},
                        {"expected", one.expected},
                        {"share", one.share}});
  }
  Json neighbours = Json::array();
  for (const provoke::guard::Neighbour& one : verdict.neighbours) {
    neighbours.push_back({{"index", one.index}, {"label", one.label}, {"distance", one.distance}});
  }
  return {{"index", index},
          {"p_value", verdict.p_value},
          {"e_value", e_value},
          {"flagged", flagged},
          {"predicted", verdict.predicted},
          {"label", label ? Json(*label) : Json(nullptr)},
          {"reason",
           {{"score", verdict.score},
            {"features", std::move(features)},
            {"nearest", std::move(neighbours)}}},
          {"density_p_value", verdict.density_p_value}};
}

/// Flags at a false discovery rate: Benjamini-Hochberg over all, or e-LOND one after the other.
std::vector<char> flags_of(const provoke::guard::Guard& guard,
                           std::span<const provoke::guard::InputVerdict> verdicts, double fdr,
                           bool online) {
  std::vector<char> flags(verdicts.size(), 0);
  if (online) {
    provoke::guard::ELond test(fdr);
    for (std::size_t i = 0; i < flags.size(); ++i)
      flags[i] = test.test(guard.e_value(verdicts[i])) ? 1 : 0;
    return flags;
  }
  std::vector<double> p_values;
  for (const provoke::guard::InputVerdict& one : verdicts) p_values.push_back(one.p_value);
  for (const std::size_t i : provoke::guard::benjamini_hochberg(p_values, fdr)) flags[i] = 1;
  return flags;
}

/// The strangeness of one input after the other as a signal: a shift of it is drift.
std::vector<series::Event> drift_events(const provoke::guard::Guard& guard,
                                        std::span<const provoke::guard::InputVerdict> verdicts) {
  std::vector<series::Event> events;
  detect::DetectOptions options;
  options.detector = detect::kWatch;  // Its budget is for alarms; auto ranks novelty.
  detect::SeriesDetector detector("guard_strangeness", series::Axis::step, options);
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    detector.push(static_cast<double>(i), guard.deviate(verdicts[i]), events);
  return events;
}

Json trials_json(const std::vector<provoke::trial::Trial>& trials) {
  Json list = Json::array();
  for (const provoke::trial::Trial& one : trials) {
    list.push_back(
        {{"tripwire", one.name},
         {"attack", one.attack},
         {"success", one.success},
         {"detected_at_1_percent", number_or_null(one.detected[0])},
         {"detected_at_5_percent", number_or_null(one.detected[1])},
         {"adaptive_attack", one.adaptive_attack},
         {"adaptive_success", one.adaptive_success},
         {"adaptive_detected_at_1_percent", number_or_null(one.adaptive_detected[0])},
         {"adaptive_detected_at_5_percent", number_or_null(one.adaptive_detected[1])},
         {"inputs", one.inputs},
         {"ledger", {{"forward", one.ledger.forward}, {"gradient", one.ledger.gradient}}}});
  }
  return list;
}

struct Scored {
  std::vector<provoke::guard::InputVerdict> verdicts;
  std::vector<char> flags;
  std::vector<double> batch_p_values;
  std::vector<series::Event> events;
  std::vector<provoke::trial::Trial> trials;
  double forward_us = 0.0;  ///< An input.
  double guard_us = 0.0;
  std::size_t flagged() const { return static_cast<std::size_t>(std::ranges::count(flags, 1)); }
};

void print_scored(const Scored& scored, const ScoreArguments& arguments,
                  app::terminal::Console& console) {
  app::terminal::Table table({{"input", app::terminal::Table::Align::right},
                              {"p", app::terminal::Table::Align::right},
                              {"taken for", app::terminal::Table::Align::right},
                              {"strange by"},
                              {"feature", app::terminal::Table::Align::right},
                              {"nearest example", app::terminal::Table::Align::right}});
  std::size_t listed = 0;
  for (std::size_t i = 0; i < scored.verdicts.size() && listed < kListed; ++i) {
    if (scored.flags[i] == 0) continue;
    const provoke::guard::InputVerdict& one = scored.verdicts[i];
    table.row({std::to_string(i), fmt::format("{:.2g}", one.p_value), std::to_string(one.predicted),
               one.score, one.features.empty() ? "-" : std::to_string(one.features[0].feature),
               one.neighbours.empty() ? "-"
                                      : fmt::format("{} (class {})", one.neighbours[0].index,
                                                    one.neighbours[0].label)});
    ++listed;
  }
  if (listed > 0) table.print(console);
  console.line(
      fmt::format("{} of {} inputs flagged at a false discovery rate of {:g} ({}); first "
                  "{} shown; {:.0f} µs an input, {:.0f} of them the network",
                  scored.flagged(), scored.verdicts.size(), arguments.fdr,
                  arguments.online ? "e-LOND, online" : "Benjamini-Hochberg", listed,
                  scored.forward_us + scored.guard_us, scored.forward_us));
  for (const series::Event& event : scored.events)
    console.line(fmt::format("drift: strangeness shifted at input {:g}", event.position));
  for (const provoke::trial::Trial& one : scored.trials) {
    console.line(
        fmt::format("{}: notices {:.0f} % of {} at 1 % false alarms, {:.0f} % at 5 %; of an "
                    "attacker who knows it {:.0f} % and {:.0f} %",
                    one.name, 100 * one.detected[0], one.attack, 100 * one.detected[1],
                    100 * one.adaptive_detected[0], 100 * one.adaptive_detected[1]));
  }
  console.note(
      "p-values assume inputs exchangeable with the calibration examples; an adversary's "
      "are not");
}

int score(const ScoreArguments& arguments, bool json, app::terminal::Console& console) {
  if (!(arguments.fdr > 0.0 && arguments.fdr < 1.0))
    throw ConfigError(fmt::format("--fdr must lie between 0 and 1, got {}", arguments.fdr));
  provoke::trial::TrialOptions trial_options;
  apply_params(provoke::trial::TrialOptions::kName, provoke::trial::kTrialFields,
               app::terminal::parse_settings(arguments.settings, "--set"), trial_options);
  const std::string stored = read_whole_file(arguments.guard, kLargestGuard);
  const provoke::guard::Guard guard =
      provoke::guard::Guard::restore(std::as_bytes(std::span(stored)));
  const std::unique_ptr<model::Model> model = load_model(arguments.subject);
  const model::data::Dataset inputs =
      load_examples(arguments.subject.data, arguments.subject.split, arguments.subject.limit,
                    model->signature(), arguments.tripwires);
  const torch::Tensor tensor = model::examples(inputs);
  model::Ledger ledger;
  const auto cancelled = [&] { return console.interrupted(); };
  Scored scored;
  auto start = Clock::now();
  const auto seen = model::observe(*model, tensor, true, ledger, cancelled);
  if (console.interrupted()) return 130;
  const auto rows = static_cast<double>(seen.rows);
  scored.forward_us = 1e6 * seconds_since(start) / rows;
  start = Clock::now();
  scored.verdicts = guard.score(batch_of(seen));
  scored.guard_us = 1e6 * seconds_since(start) / rows;
  scored.flags = flags_of(guard, scored.verdicts, arguments.fdr, arguments.online);
  scored.events = drift_events(guard, scored.verdicts);
  if (arguments.batch > 0) {
    const std::span<const provoke::guard::InputVerdict> all(scored.verdicts);
    for (std::size_t i = 0; i < all.size(); i += arguments.batch)
      scored.batch_p_values.push_back(
          guard.batch_p_value(all.subspan(i, std::min(arguments.batch, all.size() - i))));
  }
  if (arguments.tripwires) {
    console.status("trying the tripwires, by attackers who do not know them and ones who do");
    const std::int64_t half = tensor.size(0) / 2;
    scored.trials = provoke::trial::run_trials(
        network_of(*model, "the tripwire trials"), guard.density(), tensor.narrow(0, 0, half),
        tensor.narrow(0, half, tensor.size(0) - half),
        {inputs.labels.begin() + half, inputs.labels.end()}, trial_options, cancelled);
    console.clear_status();
  }
  if (console.interrupted()) return 130;
  if (!json) {
    print_scored(scored, arguments, console);
    return 0;
  }
  Json document{
      {"inputs", scored.verdicts.size()},
      {"flagged", scored.flagged()},
      {"fdr", arguments.fdr},
      {"rule", arguments.online ? "e_lond" : "benjamini_hochberg"},
      {"batch_p_values", scored.batch_p_values},
      {"microseconds_per_input", {{"network", scored.forward_us}, {"guard", scored.guard_us}}},
      {"ledger", {{"forward", ledger.forward}, {"gradient", ledger.gradient}}}};
  document["events"] = Json::array();
  for (const series::Event& event : scored.events) document["events"].push_back(event);
  if (arguments.tripwires) document["tripwires"] = trials_json(scored.trials);
  document["note"] =
      "p-values assume inputs exchangeable with the calibration examples; an adversary's are not";
  if (!arguments.summary) {
    Json verdicts = Json::array();
    for (std::size_t i = 0; i < scored.verdicts.size(); ++i) {
      std::optional<std::int64_t> label;
      if (!inputs.labels.empty()) label = inputs.labels[i];
      verdicts.push_back(verdict_json(i, scored.verdicts[i], scored.flags[i] != 0,
                                      guard.e_value(scored.verdicts[i]), label));
    }
    document["verdicts"] = std::move(verdicts);
  }
  console.json(document);
  return 0;
}

}  // namespace

int run_guard(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("A guard of single inputs: how strange is each, and why?", "guard");
  FitArguments fitting;
  ScoreArguments scoring;
  RunOptions running;
  running.add_to(app);
  app.fallthrough();
  CLI::App* fit_app = app.add_subcommand("fit", "learn from in-distribution examples");
  fitting.subject.add_to(*fit_app);
  fit_app->add_option("--calibration", fitting.calibration,
                      "examples the network was not trained on; default: held out of --data");
  fit_app->add_option("--calibration-split", fitting.calibration_split, "train or test")
      ->check(CLI::IsMember({"train", "test"}));
  fit_app->add_option("--calibration-limit", fitting.calibration_limit,
                      "only the first so many; 0 for all");
  fit_app->add_option("--out", fitting.out, "file to write")->capture_default_str();
  fit_app->add_option("--set", fitting.settings, "NAME=VALUE of the guard; may be repeated")
      ->allow_extra_args(false);
  CLI::App* score_app = app.add_subcommand("score", "p-value, flag and reason of each input");
  scoring.subject.add_to(*score_app);
  score_app->add_option("--guard", scoring.guard, "file made by guard fit")->capture_default_str();
  score_app->add_option("--fdr", scoring.fdr, "false discovery rate of the flags")
      ->capture_default_str();
  score_app->add_flag("--online", scoring.online, "decide one input after the other (e-LOND)");
  score_app->add_option("--batch", scoring.batch, "also test batches of so many inputs as a whole");
  score_app->add_flag("--tripwires", scoring.tripwires,
                      "attack the tripwires on these inputs, unaware and adaptive");
  score_app->add_option("--set", scoring.settings, "NAME=VALUE of the tripwire trials")
      ->allow_extra_args(false);
  score_app->add_flag("--summary", scoring.summary, "leave the single verdicts out of the JSON");
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  return fit_app->parsed() ? fit(fitting, running.json, console)
                           : score(scoring, running.json, console);
}

}  // namespace emdyn::app::torch_plugin
