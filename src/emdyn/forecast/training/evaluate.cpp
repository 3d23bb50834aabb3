#include "emdyn/forecast/training/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/bank/groups.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

// What a contender forecast for the rows of the whole bank while their groups were held out.
struct HeldOut {
  Contender contender;
  std::vector<double> log_odds;
  std::vector<double> probability;
  std::vector<AlarmRule> rules;     // one per outer fold
  std::vector<AlarmResult> alarms;  // one per run of `paths`
  std::vector<ForecastPath> paths;
};

struct Rows {
  Design design;  // groups, labels, runs, at
  std::vector<bool> below_twice_chance;
};

using Statistic = std::function<std::optional<double>(std::span<const double> multiplicity)>;

// The estimate, and the interval over resampled groups.
Json figure(std::size_t groups, const EvaluateOptions& options, const Statistic& statistic) {
  const std::vector<double> ones(groups, 1.0);
  const auto estimate = statistic(ones);
  if (!estimate) return nullptr;
  std::vector<std::optional<double>> draws(options.resamples);
  parallel_for(options.resamples, [&](std::size_t b) {
    draws[b] = statistic(resample_groups(groups, options.train.seed + 77, b));
  });
  std::vector<double> finite;
  for (const auto& draw : draws) {
    if (draw) finite.push_back(*draw);
  }
  if (finite.empty()) finite.push_back(*estimate);
  return series::Interval{math::quantile(finite, 0.5 * (1.0 - options.level)), *estimate,
                          math::quantile(finite, 0.5 * (1.0 + options.level)), options.level};
}

HeldOut hold_out(const Bank& bank, const Rows& all, std::span<const std::size_t> folds,
                 const Contender& contender, const EvaluateOptions& options) {
  const std::size_t rows = all.design.labels.size();
  HeldOut result{contender, std::vector<double>(rows), std::vector<double>(rows), {}, {}, {}};
  std::vector<FittedModel> models(options.outer_folds);
  const auto fold_of_row = [&](std::size_t i) { return folds[all.design.groups[i]]; };
  parallel_for(options.outer_folds, [&](std::size_t fold) {
    std::set<std::size_t> training;
    for (std::size_t i = 0; i < rows; ++i) {
      if (fold_of_row(i) != fold) training.insert(all.design.runs[i]);
    }
    const std::vector<std::size_t> runs(training.begin(), training.end());
    models[fold] = fit_model(bank, make_design(bank, runs, contender.features), options.train);
  });
  const auto everything = usable_runs(bank);
  const Design design = make_design(bank, everything, contender.features);
  for (std::size_t i = 0; i < rows; ++i) {
    result.log_odds[i] = models[fold_of_row(i)].model.log_odds(design.features.row(i));
    result.probability[i] = sigmoid(result.log_odds[i]);
  }
  for (const FittedModel& model : models) result.rules.push_back(model.alarm);
  result.paths = paths_of(bank, design, result.probability);
  for (const ForecastPath& path : result.paths) {
    result.alarms.push_back(judge(path, result.rules[folds[path.group]]));
  }
  return result;
}

// Share of runs of one kind whose alarm has `outcome`, weighted by the multiplicity of groups.
Json rate(const HeldOut& held, bool reached, AlarmOutcome outcome, std::size_t groups,
          const EvaluateOptions& options) {
  return figure(groups, options, [&](std::span<const double> m) -> std::optional<double> {
    double total = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < held.paths.size(); ++i) {
      if (held.paths[i].reached != reached) continue;
      total += m[held.paths[i].group];
      if (held.alarms[i].outcome == outcome) count += m[held.paths[i].group];
    }
    return total > 0.0 ? std::optional(count / total) : std::nullopt;
  });
}

// Median over the hits; `share` in units of the deadline.
Json median_lead(const HeldOut& held, bool share, std::size_t groups,
                 const EvaluateOptions& options) {
  return figure(groups, options, [&](std::span<const double> m) -> std::optional<double> {
    std::vector<double> leads;
    for (std::size_t i = 0; i < held.paths.size(); ++i) {
      if (held.alarms[i].outcome != AlarmOutcome::hit) continue;
      const double lead = *held.alarms[i].lead / (share ? held.paths[i].deadline : 1.0);
      leads.insert(leads.end(), static_cast<std::size_t>(m[held.paths[i].group]), lead);
    }
    return leads.empty() ? std::nullopt : std::optional(math::median(leads));
  });
}

// AUC or Brier score over the rows that `keep` selects.
enum class Score { auc, brier, slope };
Json score(const HeldOut& held, const Rows& all, Score which, const std::vector<bool>& keep,
           const EvaluateOptions& options) {
  std::vector<double> log_odds, probability, labels;
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    log_odds.push_back(held.log_odds[i]);
    probability.push_back(held.probability[i]);
    labels.push_back(all.design.labels[i]);
    groups.push_back(all.design.groups[i]);
  }
  return figure(all.design.group_count, options,
                [&](std::span<const double> m) -> std::optional<double> {
                  const auto weights = row_weights(groups, m);
                  if (which == Score::auc) return auc(log_odds, labels, weights);
                  if (which == Score::brier) return brier(probability, labels, weights);
                  const auto line = calibration_line(log_odds, labels, weights);
                  return line ? std::optional(line->slope) : std::nullopt;
                });
}

Json model_row(const HeldOut& held, const Rows& all, const EvaluateOptions& options) {
  const std::vector<bool> every(all.design.labels.size(), true);
  const std::size_t groups = all.design.group_count;
  const auto bins = reliability(held.probability, all.design.labels, all.design.groups);
  const bool varies = !held.contender.features.empty();
  Json thresholds = Json::array();
  for (const AlarmRule& rule : held.rules) thresholds.push_back(rule.threshold);
  return {
      {"name", held.contender.name},
      {"meaning", held.contender.meaning},
      {"features", held.contender.features.size()},
      {"auc", varies ? score(held, all, Score::auc, every, options) : Json(0.5)},
      {"brier", score(held, all, Score::brier, every, options)},
      {"calibration_slope",
       varies ? score(held, all, Score::slope, every, options) : Json(nullptr)},
      {"calibration_error", calibration_error(bins)},
      {"auc_below_twice_chance",
       varies ? score(held, all, Score::auc, all.below_twice_chance, options) : Json(0.5)},
      {"brier_below_twice_chance", score(held, all, Score::brier, all.below_twice_chance, options)},
      {"hit_rate", rate(held, true, AlarmOutcome::hit, groups, options)},
      {"started_above_rate", rate(held, true, AlarmOutcome::started_above, groups, options)},
      {"late_rate", rate(held, true, AlarmOutcome::late, groups, options)},
      {"missed_rate", rate(held, true, AlarmOutcome::missed, groups, options)},
      {"false_positive_rate", rate(held, false, AlarmOutcome::false_alarm, groups, options)},
      {"median_lead", median_lead(held, false, groups, options)},
      {"median_lead_share", median_lead(held, true, groups, options)},
      {"thresholds", std::move(thresholds)}};
}

// Rows whose prefix is the one nearest to a share of the deadline.
std::vector<bool> at_horizon(const Bank& bank, const Design& design, double share) {
  std::vector<bool> keep(design.labels.size(), false);
  const auto positions = forecast_positions(1.0);
  const auto nearest = *std::ranges::min_element(
      positions, {}, [&](double position) { return std::abs(position - share); });
  for (std::size_t i = 0; i < keep.size(); ++i) {
    const double elapsed = design.at[i] / bank.runs[design.runs[i]].deadline;
    keep[i] = std::abs(elapsed - nearest) < 1e-6;
  }
  return keep;
}

Json horizon_row(const Bank& bank, const Rows& all, std::span<const HeldOut> contenders,
                 double share, const EvaluateOptions& options) {
  const auto keep = at_horizon(bank, all.design, share);
  std::size_t runs = 0;
  std::size_t reached = 0;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    ++runs;
    if (all.design.labels[i] == 1.0) ++reached;
  }
  Json models = Json::array();
  for (const HeldOut& held : contenders) {
    const bool varies = !held.contender.features.empty();
    models.push_back({{"name", held.contender.name},
                      {"auc", varies ? score(held, all, Score::auc, keep, options) : Json(0.5)},
                      {"brier", score(held, all, Score::brier, keep, options)}});
  }
  return {{"share", share}, {"runs", runs}, {"reached", reached}, {"models", std::move(models)}};
}

Json bins_json(const HeldOut& held, const Rows& all) {
  Json bins = Json::array();
  for (const ReliabilityBin& bin :
       reliability(held.probability, all.design.labels, all.design.groups)) {
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"count", bin.count},
                    {"groups", bin.groups},
                    {"predicted", bin.predicted},
                    {"observed", bin.observed}});
  }
  return {{"name", held.contender.name}, {"bins", std::move(bins)}};
}

// Alarms at the first forecast of every run, or never.
Json constant_row(const HeldOut& any, bool fires, std::size_t groups,
                  const EvaluateOptions& options) {
  HeldOut held = any;
  for (std::size_t i = 0; i < held.paths.size(); ++i) {
    AlarmResult& alarm = held.alarms[i];
    const ForecastPath& path = held.paths[i];
    alarm = {};
    if (!path.reached) {
      alarm.outcome = fires ? AlarmOutcome::false_alarm : AlarmOutcome::quiet;
      continue;
    }
    alarm.outcome = AlarmOutcome::missed;
    if (!fires) continue;
    alarm.crossed_at = path.at.front();
    if (path.onset) alarm.lead = *path.onset - path.at.front();
    const bool early = alarm.lead && *alarm.lead > 0.0;
    alarm.outcome = early ? AlarmOutcome::hit : AlarmOutcome::late;
  }
  return {{"name", fires ? "always_fire" : "never_fire"},
          {"meaning", fires ? "alarm at the first forecast of every run" : "no alarm, ever"},
          {"hit_rate", rate(held, true, AlarmOutcome::hit, groups, options)},
          {"false_positive_rate", rate(held, false, AlarmOutcome::false_alarm, groups, options)},
          {"median_lead", median_lead(held, false, groups, options)},
          {"median_lead_share", median_lead(held, true, groups, options)}};
}

Json bank_json(const Bank& bank, const Rows& all) {
  const auto runs = usable_runs(bank);
  const auto reached = static_cast<std::size_t>(std::ranges::count_if(
      runs, [&](std::size_t r) { return bank.runs[r].outcome.kind == OutcomeKind::reached; }));
  const auto below = std::ranges::count(all.below_twice_chance, true);
  return {{"runs", runs.size()},
          {"reached", reached},
          {"never", runs.size() - reached},
          {"unused", bank.runs.size() - runs.size()},
          {"groups", all.design.group_count},
          {"prefixes", all.design.labels.size()},
          {"prefixes_below_twice_chance", below},
          {"share_of_prefixes_reached",
           std::accumulate(all.design.labels.begin(), all.design.labels.end(), 0.0) /
               static_cast<double>(all.design.labels.size())}};
}

}  // namespace

std::vector<Contender> default_contenders() {
  std::vector<std::string> configuration;
  for (const FeatureSpec& spec : feature_specs()) {
    if (spec.is_configuration) configuration.emplace_back(spec.name);
  }
  configuration.insert(configuration.end(), {"log10_deadline", "elapsed", "log10_elapsed"});
  return {
      {"grokking", feature_names(FeatureSet::grokking), "configuration and signals"},
      {"signals_only", feature_names(FeatureSet::signals_only), "losses and accuracies"},
      {"configuration", std::move(configuration), "configuration and time, no signal"},
      {"test_accuracy", {"test_accuracy"}, "persistence: test accuracy now"},
      {"weight_norm", {"log10_weight_norm"}, "weight norm now"},
      {"elapsed_time", {"elapsed", "log10_elapsed"}, "share of the deadline gone"},
      {"prior", {}, "share of positives among the training groups"},
  };
}

Json evaluate(const Bank& bank, const EvaluateOptions& options) {
  const auto runs = usable_runs(bank);
  Rows all{make_design(bank, runs, {}), {}};
  std::map<std::size_t, std::size_t> seen;
  for (const std::size_t r : all.design.runs) {
    const BankRun& run = bank.runs[r];
    all.below_twice_chance.push_back(run.accuracy[seen[r]++] < 2.0 * run.chance);
  }
  const auto folds = grouped_folds(all.design.groups, all.design.labels, options.outer_folds,
                                   options.train.seed + 1000);
  std::vector<HeldOut> contenders;
  for (const Contender& contender : default_contenders()) {
    contenders.push_back(hold_out(bank, all, folds, contender, options));
  }
  Json models = Json::array();
  for (const HeldOut& held : contenders) models.push_back(model_row(held, all, options));
  for (const bool fires : {true, false}) {
    models.push_back(constant_row(contenders.front(), fires, all.design.group_count, options));
  }
  Json horizons = Json::array();
  for (const double share : options.horizons) {
    horizons.push_back(horizon_row(bank, all, contenders, share, options));
  }
  Json tables = Json::array();
  for (std::size_t i = 0; i < 2; ++i) tables.push_back(bins_json(contenders[i], all));
  return {{"bank", bank_json(bank, all)},    {"level", options.level},
          {"folds", options.outer_folds},    {"models", std::move(models)},
          {"horizons", std::move(horizons)}, {"reliability", std::move(tables)}};
}

}  // namespace emdyn::forecast
