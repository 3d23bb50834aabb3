#include "emdyn/forecast/training/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/bank/groups.hpp"
#include "emdyn/forecast/tabular/stack.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::array kPenalties{1.0, 10.0, 30.0, 100.0, 300.0, 1000.0};

// Out-of-group log-odds of every row under one penalty.
std::vector<double> out_of_group(const Design& design, std::span<const std::size_t> folds,
                                 std::size_t fold_count, double penalty) {
  std::vector<double> log_odds(design.labels.size());
  for (std::size_t fold = 0; fold < fold_count; ++fold) {
    std::vector<double> weights(design.labels.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = folds[design.groups[i]] == fold ? 0.0 : 1.0;
    }
    const Logistic model =
        fit_logistic(design.features, design.labels, weights, {.penalty = penalty});
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0.0) log_odds[i] = model.log_odds(design.features.row(i));
    }
  }
  return log_odds;
}

// A slope far from 1 would come from too few groups; it is held within a factor of two.
CalibrationLine safe_calibration(std::span<const double> log_odds, std::span<const double> labels) {
  const auto line = calibration_line(log_odds, labels);
  if (!line || !(line->slope >= 0.5 && line->slope <= 2.0)) return {};
  return *line;
}

void calibrate(Logistic& model, const CalibrationLine& line) {
  model.intercept = line.intercept + line.slope * model.intercept;
  for (double& beta : model.beta) beta *= line.slope;
}

}  // namespace

std::vector<std::size_t> usable_runs(const Bank& bank) {
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < bank.runs.size(); ++i) {
    const BankRun& run = bank.runs[i];
    if (run.outcome.kind != OutcomeKind::censored && !run.at.empty()) usable.push_back(i);
  }
  return usable;
}

Design make_design(const Bank& bank, std::span<const std::size_t> runs,
                   std::span<const std::string> features) {
  std::vector<std::size_t> columns;
  for (const std::string& name : features) {
    const auto found = std::ranges::find(bank.features, name);
    if (found == bank.features.end()) {
      throw DataError(fmt::format("the bank has no feature {}; build it again", name));
    }
    columns.push_back(static_cast<std::size_t>(found - bank.features.begin()));
  }
  Design design;
  design.features.columns = std::max<std::size_t>(columns.size(), 1);
  std::map<std::string, std::size_t> numbers;
  for (const std::size_t r : runs) {
    const BankRun& run = bank.runs[r];
    if (run.outcome.kind == OutcomeKind::censored) continue;
    for (std::size_t i = 0; i < run.at.size(); ++i) {
      if (columns.empty()) design.features.values.push_back(0.0);
      for (const std::size_t column : columns) {
        design.features.values.push_back(run.rows.row(i)[column]);
      }
      design.labels.push_back(run.outcome.kind == OutcomeKind::reached ? 1.0 : 0.0);
      design.groups.push_back(numbers.try_emplace(run.group, numbers.size()).first->second);
      design.runs.push_back(r);
      design.at.push_back(run.at[i]);
    }
  }
  design.group_count = numbers.size();
  return design;
}

std::vector<ForecastPath> paths_of(const Bank& bank, const Design& design,
                                   std::span<const double> probabilities) {
  std::vector<ForecastPath> paths;
  for (std::size_t i = 0; i < design.runs.size(); ++i) {
    const BankRun& run = bank.runs[design.runs[i]];
    if (i == 0 || design.runs[i] != design.runs[i - 1]) {
      ForecastPath path;
      path.reached = run.outcome.kind == OutcomeKind::reached;
      if (run.onset) path.onset = run.onset->low;
      path.group = design.groups[i];
      path.deadline = run.deadline;
      paths.push_back(std::move(path));
    }
    paths.back().at.push_back(design.at[i]);
    paths.back().probability.push_back(probabilities[i]);
  }
  return paths;
}

AlarmRule freeze_alarm(std::span<const ForecastPath> paths, const TrainOptions& options) {
  if (options.consecutive > 0) return freeze_threshold(paths, options.consecutive, options.budget);
  AlarmRule best;
  std::ptrdiff_t most = -1;
  for (const std::size_t consecutive : {1u, 2u, 3u}) {
    const AlarmRule rule = freeze_threshold(paths, consecutive, options.budget);
    const auto hits = std::ranges::count_if(paths, [&](const ForecastPath& path) {
      return judge(path, rule).outcome == AlarmOutcome::hit;
    });
    if (hits <= most) continue;
    most = hits;
    best = rule;
  }
  return best;
}

FittedModel fit_model(const Bank& bank, const Design& design, const TrainOptions& options) {
  const std::vector<double> penalties = options.penalties.empty()
                                            ? std::vector(kPenalties.begin(), kPenalties.end())
                                            : options.penalties;
  const auto folds = grouped_folds(design.groups, design.labels, options.folds, options.seed);
  std::vector<std::vector<double>> held_out(penalties.size());
  std::vector<double> losses(penalties.size());
  parallel_for(penalties.size(), [&](std::size_t i) {
    held_out[i] = out_of_group(design, folds, options.folds, penalties[i]);
    losses[i] = log_loss(held_out[i], design.labels);
  });
  const auto best = static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin());
  FittedModel fitted;
  fitted.penalty = penalties[best];
  fitted.log_loss = losses[best];
  fitted.calibration = safe_calibration(held_out[best], design.labels);
  std::vector<double> probabilities;
  for (const double log_odds : held_out[best]) {
    probabilities.push_back(
        sigmoid(fitted.calibration.intercept + fitted.calibration.slope * log_odds));
  }
  fitted.alarm = freeze_alarm(paths_of(bank, design, probabilities), options);
  fitted.model = fit_logistic(design.features, design.labels, {}, {.penalty = fitted.penalty});
  calibrate(fitted.model, fitted.calibration);
  return fitted;
}

std::vector<std::vector<double>> bootstrap_coefficients(const Design& design,
                                                        const FittedModel& fitted,
                                                        const TrainOptions& options) {
  std::vector<std::vector<double>> replicates(options.replicates);
  parallel_for(options.replicates, [&](std::size_t b) {
    const auto weights =
        row_weights(design.groups, resample_groups(design.group_count, options.seed, b));
    Logistic model;
    try {
      model = fit_logistic(design.features, design.labels, weights, fitted.model.standardiser,
                           {.penalty = fitted.penalty, .tolerance = 1e-6}, &fitted.model);
    } catch (const DataError&) {
      return;  // a resample without one of the classes says nothing
    }
    calibrate(model, fitted.calibration);
    replicates[b].push_back(model.intercept);
    replicates[b].insert(replicates[b].end(), model.beta.begin(), model.beta.end());
  });
  std::erase_if(replicates, [](const auto& replicate) { return replicate.empty(); });
  return replicates;
}

Predictor train_predictor(const Bank& bank, FeatureSet set, const TrainOptions& options) {
  const auto runs = usable_runs(bank);
  Predictor predictor;
  predictor.name = word(set);
  predictor.set = set;
  predictor.features = feature_names(set);
  predictor.target = bank.target;
  const Design design = make_design(bank, runs, predictor.features);
  if (design.group_count < options.folds) {
    throw DataError(fmt::format("the bank has {} configurations with a label, {} are needed",
                                design.group_count, options.folds));
  }
  const FittedModel fitted = fit_model(bank, design, options);
  predictor.model = fitted.model;
  predictor.alarm = fitted.alarm;
  predictor.replicates = bootstrap_coefficients(design, fitted, options);
  const double infinity = std::numeric_limits<double>::infinity();
  predictor.low.assign(predictor.features.size(), infinity);
  predictor.high.assign(predictor.features.size(), -infinity);
  for (std::size_t i = 0; i < design.features.rows(); ++i) {
    for (std::size_t j = 0; j < predictor.features.size(); ++j) {
      predictor.low[j] = std::min(predictor.low[j], design.features.row(i)[j]);
      predictor.high[j] = std::max(predictor.high[j], design.features.row(i)[j]);
    }
  }
  const auto reached = std::ranges::count_if(
      runs, [&](std::size_t r) { return bank.runs[r].outcome.kind == OutcomeKind::reached; });
  predictor.provenance = {
      {"runs", runs.size()},
      {"runs_reached", reached},
      {"censored", bank.runs.size() - runs.size()},
      {"groups", design.group_count},
      {"prefixes", design.labels.size()},
      {"penalty", fitted.penalty},
      {"calibration",
       {{"slope", fitted.calibration.slope}, {"intercept", fitted.calibration.intercept}}},
      {"out_of_group_log_loss", fitted.log_loss},
      {"seed", options.seed}};
  return predictor;
}

}  // namespace emdyn::forecast
