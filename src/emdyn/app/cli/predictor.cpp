#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/forecast/training/left_out.hpp"
#include "emdyn/forecast/training/train_stacked.hpp"

namespace emdyn::app::cli {
namespace {

constexpr std::uint64_t kLargestPredictor = 256u << 20;

struct PredictorRequest {
  std::string bank;
  std::string out = "predictor.json";
  std::string leave_out = "task";
  std::string predictor;
  std::uint64_t seed = 1;
  bool json = false;
};

int evaluate_bank_file(const PredictorRequest& request, Console& console) {
  forecast::LeftOutOptions options;
  options.kind = forecast::family_kind_from_word(request.leave_out);
  options.seed = request.seed;
  const forecast::Bank bank = forecast::read_bank(request.bank);
  const app::terminal::TaskLine line(console);
  const Json result = forecast::evaluate_left_out(bank, options, line.task());
  request.json ? console.json(result) : console.raw(forecast::left_out_text(result));
  return kFine;
}

Json card_json(const forecast::Predictor& predictor) {
  Json card{{"name", predictor.name},
            {"target", forecast::describe(predictor.target)},
            {"features", predictor.features},
            {"alarm_threshold", predictor.alarm.threshold},
            {"alarm_consecutive", predictor.alarm.consecutive}};
  card.update(predictor.provenance);
  return card;
}

void print_members(const Json& members, Console& console) {
  console.line("members:");
  for (const Json& member : members) {
    console.line(fmt::format("  {:<10} {:<9} {:>3} features, weight {:.3f}",
                             terminal_safe(text_or_empty(member, "name")),
                             terminal_safe(text_or_empty(member, "learner")),
                             member.value("features", 0), member.value("weight", 0.0)));
  }
}

void print_card(const Json& card, Console& console) {
  for (const auto& [key, value] : card.items()) {
    if (key == "members") {
      print_members(value, console);
      continue;
    }
    if (key == "features") {
      console.line(fmt::format("features: {}", value.size()));
      continue;
    }
    console.line(fmt::format(
        "{}: {}", terminal_safe(key),
        terminal_safe(value.is_string() ? value.get<std::string>() : json_text(value))));
  }
}

forecast::Predictor read_predictor(const std::string& path) {
  return forecast::predictor_from_json(parse_json(read_whole_file(path, kLargestPredictor), path));
}

int train_on_bank(const PredictorRequest& request, Console& console) {
  const forecast::Bank bank = forecast::read_bank(request.bank);
  const app::terminal::TaskLine line(console);
  const forecast::Predictor predictor =
      forecast::train_judged(bank, request.seed, line.task()).predictor;
  replace_file(request.out, json_text(forecast::predictor_json(predictor)) + "\n");
  if (request.json) {
    Json document = card_json(predictor);
    document["file"] = request.out;
    console.json(document);
    return kFine;
  }
  console.line(fmt::format("{}: written", terminal_safe(request.out)));
  print_card(card_json(predictor), console);
  return kFine;
}

// A file, or a predictor of the program by its name.
int show_card(const PredictorRequest& request, Console& console) {
  const bool is_file = std::filesystem::exists(request.predictor);
  const forecast::Predictor predictor =
      is_file ? read_predictor(request.predictor) : forecast::builtin_predictor(request.predictor);
  const Json card = card_json(predictor);
  request.json ? console.json(card) : print_card(card, console);
  return kFine;
}

int use_predictor(const PredictorRequest& request, SourceOption& source,
                  const forecast::ForecastOptions& options, Console& console) {
  const forecast::Predictor predictor = read_predictor(request.predictor);
  const series::Run run = source.load_run(console);
  const series::Forecast made = explain::explained_forecast(predictor, run, options);
  if (request.json) {
    console.json(Json(made));
    return kFine;
  }
  if (made.probability) {
    console.line(fmt::format("{}: {:.0f} % [{:.0f}, {:.0f}] from {:.6g}",
                             terminal_safe(made.target), 100.0 * made.probability->estimate,
                             100.0 * made.probability->low, 100.0 * made.probability->high,
                             made.at));
  } else {
    console.line(fmt::format("{}: {}", terminal_safe(made.target),
                             made.reason ? "abstained" : "already reached"));
  }
  if (made.reason) console.line(terminal_safe(*made.reason));
  if (made.attribution) {
    for (std::size_t k = 0; k < std::min<std::size_t>(3, made.attribution->contributions.size());
         ++k) {
      const series::Contribution& each = made.attribution->contributions[k];
      console.line(fmt::format("  {}: {:+.2f} in log-odds", each.factor, each.phi));
    }
  }
  return kFine;
}

}  // namespace

int run_predictor(Arguments arguments, Console& console) {
  CLI::App app(
      "Learn a predictor from a bank of runs, judge it on families left out, show its card.",
      "predictor");
  PredictorRequest request;
  SourceOption source;
  forecast::ForecastOptions options;
  double at = 0.0;
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", request.json, "machine-readable output");
  CLI::App* eval = app.add_subcommand(
      "eval", "judge every member and competitor on families that were left out of the fit");
  eval->add_option("BANK", request.bank, "bank of runs (.jsonl.gz)")->required();
  eval->add_option("--leave-out", request.leave_out,
                   "what is left out, one at a time: task, optimizer, network or configuration");
  CLI::App* train =
      app.add_subcommand("train", "learn from a whole bank; the file holds a checksum");
  train->add_option("BANK", request.bank, "bank of runs (.jsonl.gz)")->required();
  train->add_option("--out", request.out, "file to write");
  CLI::App* card = app.add_subcommand("card", "what a predictor learned from, and its limits");
  card->add_option("PREDICTOR", request.predictor,
                   "a file of predictor train, or a predictor of the program by its name")
      ->required();
  CLI::App* use = app.add_subcommand("use", "forecast a run with a predictor from a file");
  use->add_option("PREDICTOR", request.predictor, "a file of predictor train")->required();
  source.add_to(*use);
  use->add_option("--deadline", options.deadline,
                  "position before which the target must be reached")
      ->required();
  use->add_option("--at", at, "forecast from this position; default: the last one");
  for (CLI::App* each : {eval, train}) {
    each->add_option("--seed", request.seed, "of folds and resamples");
  }
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (eval->parsed()) return evaluate_bank_file(request, console);
  if (train->parsed()) return train_on_bank(request, console);
  if (card->parsed()) return show_card(request, console);
  request.json = request.json || source.store.json;
  options.roles = source.roles();
  if (use->count("--at") > 0) options.at = checked_position(at, "--at");
  return use_predictor(request, source, options, console);
}

}  // namespace emdyn::app::cli
