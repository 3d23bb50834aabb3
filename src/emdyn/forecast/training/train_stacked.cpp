#include "emdyn/forecast/training/train_stacked.hpp"

#include <algorithm>
#include <numeric>

#include "emdyn/forecast/training/left_out.hpp"
#include "emdyn/forecast/training/train.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kCalibrationResamples = 40;

Json card_of(const Bank& bank, const RelativeRows& rows, const Families& families,
             const StackedModel& model) {
  const auto usable = usable_runs(bank);
  const auto reached = std::ranges::count_if(
      usable, [&](std::size_t r) { return bank.runs[r].outcome.kind == OutcomeKind::reached; });
  Json members = Json::array();
  for (std::size_t m = 0; m < model.members.size(); ++m) {
    members.push_back({{"name", model.members[m].plan.name},
                       {"learner", word(model.members[m].plan.learner)},
                       {"features", model.members[m].plan.columns.size()},
                       {"weight", model.stack.weight[m]}});
  }
  return {
      {"runs", usable.size()},
      {"runs_reached", reached},
      {"censored", bank.runs.size() - usable.size()},
      {"groups", rows.group_count},
      {"prefixes", rows.labels.size()},
      {"tasks", families.names},
      {"split",
       "weights from forecasts with one task, one optimizer, one network left out in turn"},
      {"members", std::move(members)},
      {"limits",
       "one family of experiments (small networks on arithmetic); runs far from it are drawn "
       "towards the base rate, and abstained from beyond; judge it with predictor eval --leave-out"}};
}

// The forecasts of each run, made while its task was left out.
std::vector<ForecastPath> paths_of_rows(const Bank& bank, const RelativeRows& rows,
                                        std::span<const double> log_odds) {
  std::vector<ForecastPath> paths;
  for (std::size_t i = 0; i < log_odds.size(); ++i) {
    const BankRun& run = bank.runs[rows.runs[i]];
    if (i == 0 || rows.runs[i] != rows.runs[i - 1]) {
      ForecastPath path;
      path.reached = run.outcome.kind == OutcomeKind::reached;
      if (run.onset) path.onset = run.onset->low;
      path.group = rows.groups[i];
      path.deadline = run.deadline;
      paths.push_back(std::move(path));
    }
    paths.back().at.push_back(run.at[rows.prefixes[i]]);
    paths.back().probability.push_back(sigmoid(log_odds[i]));
  }
  return paths;
}

Json held_out_figures(const Json& evaluation) {
  Json horizons = Json::array();
  for (const Json& horizon : evaluation.at("pooled")) {
    Json row{{"share", horizon.at("share")}, {"runs", horizon.at("runs")}};
    for (const Json& model : horizon.at("models")) {
      const auto put = [&](const char* name, const char* as) {
        if (model.at("name") != name) return;
        row[as] = {{"auc", model.at("auc")},
                   {"brier", model.at("brier")},
                   {"log_loss", model.at("log_loss")}};
      };
      put("stack_signals_drawn_in", "own");
      put("value_now", "value_now");
      put("base_rate", "base_rate");
    }
    horizons.push_back(std::move(row));
  }
  return {{"leave_out", evaluation.at("leave_out")}, {"horizons", std::move(horizons)}};
}

}  // namespace

JudgedPredictor train_judged(const Bank& bank, std::uint64_t seed, const Task& task) {
  LeftOutOptions options;
  options.seed = seed;
  JudgedPredictor judged{train_stacked(bank, stack_options(relative_rows(bank), seed)),
                         evaluate_left_out(bank, options, task)};
  judged.predictor.provenance["held_out"] = held_out_figures(judged.evaluation);
  judged.predictor.provenance["seed"] = seed;
  return judged;
}

Predictor train_stacked(const Bank& bank, const std::optional<StackedOptions>& given) {
  const RelativeRows rows = relative_rows(bank);
  const Families families = families_of(bank, rows, FamilyKind::task);
  const StackedOptions options = given.value_or(stack_options(rows, 1));
  std::vector<MemberPlan> plans;
  for (const MemberPlan& plan : stack_plans(rows)) {
    if (sees_signals_only(plan)) plans.push_back(plan);
  }
  const std::size_t signals = relative_registry().entries().size();
  FeatureTable features{signals, {}};
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    features.add(rows.features.row(i).first(signals));
  }
  std::vector<std::size_t> every(rows.labels.size());
  std::iota(every.begin(), every.end(), std::size_t{0});
  const HeldForecasts held = held_forecasts(features, rows.labels, rows.groups,
                                            families_of_kinds(bank, rows, every), plans, options);
  Predictor predictor;
  predictor.name = "stacked";
  predictor.target = bank.target;
  predictor.stacked = fit_stacked(features, rows.labels, rows.groups,
                                  fit_stack(held.members, held.labels), plans, options);
  predictor.stacked->features = predictor.features = relative_names();
  std::vector<double> log_odds;
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < held.members.rows(); ++i) {
    log_odds.push_back(predictor.stacked->stack.log_odds(held.members.row(i)));
    groups.push_back(rows.groups[i % every.size()]);
  }
  predictor.calibration = fit_calibration(CalibrationKind::platt, log_odds, held.labels, groups,
                                          kCalibrationResamples, options.seed);
  // The alarm is that of tasks left out, the first kind.
  const auto of_tasks = std::span(log_odds).first(every.size());
  predictor.alarm = freeze_alarm(paths_of_rows(bank, rows, of_tasks), {});
  predictor.provenance = card_of(bank, rows, families, *predictor.stacked);
  return predictor;
}

}  // namespace emdyn::forecast
