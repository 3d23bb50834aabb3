#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/pipeline/target_forecast.hpp"

namespace emdyn::app::cli {
namespace {

struct ForecastRequest {
  SourceOption source;
  std::string target;
  std::string run_name;
  double deadline = 0.0;
  double at = 0.0;
  pipeline::TargetOptions options;

  void add_to(CLI::App& app) {
    source.add_to(app);
    app.add_option("--target", target,
                   fmt::format("what to foretell: {}", forecast::kTargetGrammar));
    app.add_option("--deadline", deadline,
                   "position before which it must come; default: the run's setting \"steps\"");
    app.add_option("--at", at, "forecast from this position; default: the last one");
    app.add_option("--run", run_name, "of a file that holds several runs: the one called so");
    app.add_option("--level", options.level, "of intervals")->check(CLI::Range(0.5, 0.999));
  }

  series::Run load(Console& console) {
    if (run_name.empty()) return source.load_run(console);
    auto runs = source.load_runs(console);
    std::vector<std::size_t> fits;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].info.name == run_name) return std::move(runs[i]);
      if (runs[i].info.name.find(run_name) != std::string::npos) fits.push_back(i);
    }
    if (fits.size() == 1) return std::move(runs[fits.front()]);
    throw ConfigError(fmt::format("--run \"{}\" fits {} of {} runs; the first is \"{}\"",
                                  terminal_safe(run_name), fits.size(), runs.size(),
                                  terminal_safe(runs[fits.empty() ? 0 : fits.front()].info.name)));
  }
};

int foretell_target(ForecastRequest& request, const series::Run& run, Console& console) {
  const auto target = forecast::parse_signal_target(request.target);
  if (request.options.deadline && (target.before || target.within))
    throw ConfigError("the target names its deadline: leave out --deadline");
  const pipeline::TargetForecast told = pipeline::forecast_target(run, target, request.options);
  if (request.source.store.json) {
    Json document = pipeline::target_json(told);
    document["read"] = request.source.read_json();
    console.json(document);
    return kFine;
  }
  for (const std::string& note : told.notes) console.remark(note);
  for (const std::string& line : pipeline::target_lines(told)) console.line(terminal_safe(line));
  return kFine;
}

std::string share_text(const forecast::TargetAnswer& answer) {
  return answer.probability ? fmt::format("{:.2f}", answer.probability->estimate) : "–";
}

/// One line a reason, with the signals that it keeps from being foretold.
void print_abstentions(const pipeline::RunOutlook& told, Console& console) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (const pipeline::SignalOutlook& one : told.signals) {
    if (one.outlook.value) continue;
    auto known = std::ranges::find(reasons, one.outlook.reason,
                                   &std::pair<std::string, std::vector<std::string>>::first);
    if (known == reasons.end()) known = reasons.insert(known, {one.outlook.reason, {}});
    known->second.push_back(terminal_safe(one.signal));
  }
  for (auto& [reason, signals] : reasons) {
    const std::size_t more = signals.size() - std::min(signals.size(), kNamed);
    signals.resize(signals.size() - more);
    console.line(fmt::format("abstains on {}{}: {}", fmt::join(signals, ", "),
                             more > 0 ? fmt::format(" and {} more", more) : "", reason));
  }
}

/// One line a signal, and one for each reason to abstain.
void print_outlook(const pipeline::RunOutlook& told, Console& console) {
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"signal"},
                              {"now", Align::right},
                              {fmt::format("at {:.10g}", told.deadline), Align::right},
                              {"90 %", Align::right},
                              {"jump", Align::right},
                              {"spike", Align::right},
                              {"stall", Align::right},
                              {"diverge", Align::right}});
  std::size_t shown = 0;
  for (const pipeline::SignalOutlook& one : told.signals) {
    const forecast::CurveOutlook& outlook = one.outlook;
    if (!outlook.value) continue;
    std::vector<std::string> row{
        one.signal, fmt::format("{:.3g}", outlook.persistence),
        fmt::format("{:.3g}", outlook.value->estimate),
        fmt::format("{:.3g} to {:.3g}", outlook.value->low, outlook.value->high)};
    for (const auto& [kind, answer] : outlook.events) row.push_back(share_text(answer));
    table.row(std::move(row));
    ++shown;
  }
  if (shown > 0) table.print(console);
  print_abstentions(told, console);
  if (told.passed_over > 0) {
    console.note(
        fmt::format("{}: name one with --target", counted(told.passed_over, "more signal")));
  }
  if (told.assumed)
    console.note("no deadline was given: twice as far as the run has come; --deadline P says one");
}

/// The forecast of test accuracy >= 0.9 that was learned on a bank of grokking runs.
void print_grown(const pipeline::RunForecast& result, Console& console) {
  if (!result.in_percent.empty()) {
    console.remark(
        fmt::format("in percent, read as fractions: {}",
                    terminal_safe(fmt::format("{}", fmt::join(result.in_percent, ", ")))));
  }
  console.line(pipeline::forecast_sentence(result));
  if (result.forecast.status == series::ForecastStatus::abstained) return;
  if (const std::string path = pipeline::path_sentence(result); !path.empty()) console.line(path);
  console.note(fmt::format("predictor {}; emdyn explain with the same arguments says what moved it",
                           result.predictor));
}

int foretell_all(ForecastRequest& request, const series::Run& run, Console& console) {
  const pipeline::RunOutlook outlook = pipeline::outlook_run(run, request.options);
  std::optional<pipeline::RunForecast> grown;
  if (!outlook.assumed) {
    forecast::ForecastOptions options;
    options.deadline = outlook.deadline;
    options.at = request.options.at;
    options.roles = request.options.roles;
    options.level = request.options.level;
    grown = pipeline::forecast_run(run, options);
  }
  if (request.source.store.json) {
    Json document = grown ? pipeline::forecast_json(*grown) : Json{{"forecast", nullptr}};
    document.update(pipeline::outlook_json(outlook));
    document["read"] = request.source.read_json();
    console.json(document);
    return kFine;
  }
  const bool has_accuracy =
      series::find_role(run, series::Role::test_accuracy, request.options.roles) != nullptr;
  if (grown && has_accuracy) print_grown(*grown, console);
  print_outlook(outlook, console);
  return kFine;
}

}  // namespace

int run_forecast(Arguments arguments, Console& console) {
  CLI::App app(
      "Where do the signals of a run go, and how likely is a target before its deadline? Each forecast sees only the "
      "records up to its position; it abstains, with the reason, where it cannot know.",
      "forecast");
  ForecastRequest request;
  request.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  request.options.roles = request.source.roles();
  if (app.count("--deadline") > 0) request.options.deadline = request.deadline;
  if (app.count("--at") > 0) request.options.at = checked_position(request.at, "--at");
  if (app.count("--target") > 0) static_cast<void>(forecast::parse_signal_target(request.target));
  const series::Run run = request.load(console);
  return app.count("--target") > 0 ? foretell_target(request, run, console)
                                   : foretell_all(request, run, console);
}

}  // namespace emdyn::app::cli
