#include "emdyn/forecast/training/left_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/bank/groups.hpp"
#include "emdyn/forecast/features/features.hpp"
#include "emdyn/forecast/tabular/survival.hpp"
#include "emdyn/forecast/training/scores.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kConfigurationFolds = 5;
constexpr std::size_t kIntervals = 10;  // Of the time left, for when.
constexpr std::size_t kTimeRows = 4000;

// Log-odds of one contender for every row, each made while its family was left out.
struct LeftOutForecast {
  std::string name;
  std::vector<double> log_odds;
};

struct FamilyFit {
  std::vector<std::vector<double>> log_odds;  // [contenders][rows of the family]
  std::vector<double> risk;                   // Of the event, from the survival model.
  std::vector<std::pair<std::string, double>> weights;
};

struct LeftOutData {
  const Bank& bank;
  const LeftOutOptions& options;
  RelativeRows rows;
  Families families;
  std::vector<MemberPlan> plans;
  std::vector<std::string> contenders;
  StackedOptions stacked;
};

std::vector<std::size_t> rows_of(const LeftOutData& data, std::size_t family, bool inside) {
  std::vector<std::size_t> picked;
  for (std::size_t i = 0; i < data.rows.labels.size(); ++i) {
    if ((data.families.of_row[i] == family) == inside) picked.push_back(i);
  }
  return picked;
}

// Numbers without gaps.
std::vector<std::size_t> renumbered(std::span<const std::size_t> all,
                                    std::span<const std::size_t> picked) {
  std::map<std::size_t, std::size_t> numbers;
  std::vector<std::size_t> result;
  for (const std::size_t i : picked) {
    result.push_back(numbers.try_emplace(all[i], numbers.size()).first->second);
  }
  return result;
}

struct TrainingPart {
  FeatureTable features;
  std::vector<double> labels;
  std::vector<std::size_t> groups;
  std::vector<std::vector<std::size_t>> families;  // For each kind.
};

// Folds of configurations, where whole configurations are what is left out.
std::vector<std::size_t> folds_of(const LeftOutData& data, const TrainingPart& part) {
  const auto fold = grouped_folds(part.groups, part.labels, kConfigurationFolds, data.options.seed);
  std::vector<std::size_t> folds;
  for (const std::size_t group : part.groups) folds.push_back(fold[group]);
  return folds;
}

TrainingPart training_part(const LeftOutData& data, std::span<const std::size_t> picked) {
  TrainingPart part;
  part.features.columns = data.rows.features.columns;
  for (const std::size_t i : picked) {
    part.features.add(data.rows.features.row(i));
    part.labels.push_back(data.rows.labels[i]);
  }
  part.groups = renumbered(data.rows.groups, picked);
  if (data.options.kind == FamilyKind::configuration) {
    part.families.push_back(folds_of(data, part));
  } else {
    part.families = families_of_kinds(data.bank, data.rows, picked);
  }
  return part;
}

// Of the predictors in use, fitted without the family; log-odds of the family's rows.
std::vector<double> today(const LeftOutData& data, FeatureSet set,
                          std::span<const std::size_t> train, std::span<const std::size_t> test) {
  std::vector<std::size_t> runs;
  for (const std::size_t i : train) {
    if (runs.empty() || runs.back() != data.rows.runs[i]) runs.push_back(data.rows.runs[i]);
  }
  const auto names = feature_names(set);
  const FittedModel fitted =
      fit_model(data.bank, make_design(data.bank, runs, names), data.options.today);
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    columns.push_back(static_cast<std::size_t>(std::ranges::find(data.bank.features, name) -
                                               data.bank.features.begin()));
  }
  std::vector<double> log_odds;
  std::vector<double> row(columns.size());
  for (const std::size_t i : test) {
    const auto whole = data.bank.runs[data.rows.runs[i]].rows.row(data.rows.prefixes[i]);
    for (std::size_t j = 0; j < columns.size(); ++j) row[j] = whole[columns[j]];
    log_odds.push_back(fitted.model.log_odds(row));
  }
  return log_odds;
}

// When the target is reached, as the interval of the time that is left at the prefix.
SurvivalTimes times_of(const LeftOutData& data, std::span<const std::size_t> picked) {
  SurvivalTimes times{kIntervals, {}, {}};
  for (const std::size_t i : picked) {
    const BankRun& run = data.bank.runs[data.rows.runs[i]];
    const double at = run.at[data.rows.prefixes[i]];
    const bool reached = run.outcome.kind == OutcomeKind::reached;
    std::size_t last = kIntervals - 1;
    if (reached) {
      const double share = (*run.outcome.reached_at - at) / (run.deadline - at);
      last = std::min(last, static_cast<std::size_t>(std::max(0.0, share) * kIntervals));
    }
    times.last.push_back(last);
    times.event.push_back(reached);
  }
  return times;
}

FeatureTable signal_columns(const LeftOutData& data, std::span<const std::size_t> picked) {
  const std::size_t signals = relative_registry().entries().size();
  FeatureTable part{signals, {}};
  for (const std::size_t i : picked) part.add(data.rows.features.row(i).first(signals));
  return part;
}

// Expected share of the time left that passes before the target, turned round.
std::vector<double> time_risk(const LeftOutData& data, std::span<const std::size_t> train,
                              std::span<const std::size_t> test) {
  std::vector<std::size_t> thinned;  // A row for each interval lived: fewer prefixes say as much.
  const std::size_t step = std::max<std::size_t>(1, train.size() / kTimeRows);
  for (std::size_t k = 0; k < train.size(); k += step) thinned.push_back(train[k]);
  const auto periods = person_periods(signal_columns(data, thinned), times_of(data, thinned));
  const auto trees = fit_boosted(periods.features, periods.labels, {}, data.stacked.trees);
  std::vector<double> risk;
  const FeatureTable rows = signal_columns(data, test);
  for (std::size_t k = 0; k < test.size(); ++k) {
    const auto curve =
        survival_curve([&](std::span<const double> row) { return sigmoid(trees.predict(row)); },
                       rows.row(k), kIntervals);
    risk.push_back(-std::accumulate(curve.begin(), curve.end(), 0.0));
  }
  return risk;
}

// Members' own forecasts, the two stacks, and the predictors in use.
FamilyFit fit_family(const LeftOutData& data, std::size_t family) {
  const auto train = rows_of(data, family, false);
  const auto test = rows_of(data, family, true);
  const TrainingPart part = training_part(data, train);
  const StackedOptions& options = data.stacked;
  const std::size_t m = data.plans.size();
  const HeldForecasts held =
      held_forecasts(part.features, part.labels, part.groups, part.families, data.plans, options);
  std::vector<MemberModel> members(m);
  parallel_for(m, [&](std::size_t k) {
    members[k] = fit_member(data.plans[k], part.features, part.labels, part.groups, options);
  });
  FeatureTable held_signals = held.members;  // Members that see settings say nothing in this stack.
  for (std::size_t i = 0; i < held_signals.rows(); ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      if (!sees_signals_only(data.plans[k])) held_signals.values[i * m + k] = 0.0;
    }
  }
  const Stack stack = fit_stack(held.members, held.labels);
  const Stack stack_signals = fit_stack(held_signals, held.labels);
  const Departure departure(signal_columns(data, train), part.groups);
  FamilyFit fit;
  fit.log_odds.assign(data.contenders.size(), {});
  const double positive = std::accumulate(part.labels.begin(), part.labels.end(), 0.0);
  const double base = std::log(positive / (static_cast<double>(part.labels.size()) - positive));
  std::vector<double> shares(m);
  const std::size_t departure_columns = relative_registry().entries().size();
  for (const std::size_t i : test) {
    const auto row = data.rows.features.row(i);
    for (std::size_t k = 0; k < m; ++k) {
      shares[k] = members[k].log_odds(row);
      fit.log_odds[k].push_back(shares[k]);
    }
    const double whole = stack.log_odds(shares);
    const double bare = stack_signals.log_odds(shares);
    const double trust = departure(row.first(departure_columns)).trust;
    fit.log_odds[m].push_back(bare);
    fit.log_odds[m + 1].push_back(shrunk(bare, base, trust));
    fit.log_odds[m + 2].push_back(whole);
    fit.log_odds[m + 3].push_back(shrunk(whole, base, trust));
  }
  fit.log_odds[m + 4] = today(data, FeatureSet::signals_only, train, test);
  fit.log_odds[m + 5] = today(data, FeatureSet::grokking, train, test);
  fit.risk = time_risk(data, train, test);
  for (std::size_t k = 0; k < m; ++k) fit.weights.emplace_back(data.plans[k].name, stack.weight[k]);
  return fit;
}

// Rows whose prefix is the one nearest to a share of the deadline.
std::vector<std::size_t> rows_at(const LeftOutData& data, double share,
                                 std::optional<std::size_t> family) {
  const auto positions = forecast_positions(1.0);
  const double nearest = *std::ranges::min_element(
      positions, {}, [&](double position) { return std::abs(position - share); });
  std::vector<std::size_t> picked;
  for (std::size_t i = 0; i < data.rows.labels.size(); ++i) {
    if (family && data.families.of_row[i] != *family) continue;
    const BankRun& run = data.bank.runs[data.rows.runs[i]];
    // Positions of long runs are whole numbers.
    if (std::abs(run.at[data.rows.prefixes[i]] / run.deadline - nearest) < 2e-3) {
      picked.push_back(i);
    }
  }
  return picked;
}

struct PickedRows {
  std::vector<double> log_odds, probability, labels;
  std::vector<std::size_t> groups;
};

PickedRows pick(const LeftOutData& data, const LeftOutForecast& forecast,
                std::span<const std::size_t> rows) {
  PickedRows picked;
  for (const std::size_t i : rows) {
    picked.log_odds.push_back(forecast.log_odds[i]);
    picked.probability.push_back(sigmoid(forecast.log_odds[i]));
    picked.labels.push_back(data.rows.labels[i]);
    picked.groups.push_back(data.rows.groups[i]);
  }
  return picked;
}

Json counts_json(const LeftOutData& data, double share, std::span<const std::size_t> rows) {
  double reached = 0.0;
  for (const std::size_t i : rows) reached += data.rows.labels[i];
  return {{"share", share}, {"runs", rows.size()}, {"reached", static_cast<std::size_t>(reached)}};
}

Json family_json(const LeftOutData& data, std::size_t family,
                 std::span<const LeftOutForecast> forecasts, const FamilyFit& fit) {
  Json horizons = Json::array();
  for (const double share : data.options.horizons) {
    const auto rows = rows_at(data, share, family);
    Json horizon = counts_json(data, share, rows);
    Json models = Json::array();
    for (const LeftOutForecast& forecast : forecasts) {
      const PickedRows picked = pick(data, forecast, rows);
      models.push_back({{"name", forecast.name},
                        {"auc", number_or_null(auc(picked.log_odds, picked.labels))},
                        {"brier", number_or_null(brier(picked.probability, picked.labels))},
                        {"log_loss", number_or_null(log_loss(picked.log_odds, picked.labels))}});
    }
    horizon["models"] = std::move(models);
    horizons.push_back(std::move(horizon));
  }
  Json weights = Json::array();
  for (const auto& [name, weight] : fit.weights) {
    if (weight > 0.0) weights.push_back({{"member", name}, {"weight", weight}});
  }
  return {{"name", data.families.names[family]},
          {"horizons", std::move(horizons)},
          {"weights", std::move(weights)}};
}

using PooledScore = std::function<std::optional<double>(std::span<const double> weights)>;

Json pooled_figure(const LeftOutData& data, std::span<const std::size_t> groups,
                   const PooledScore& score) {
  const auto estimate = score({});
  if (!estimate) return nullptr;
  std::vector<std::optional<double>> draws(data.options.resamples);
  parallel_for(draws.size(), [&](std::size_t b) {
    draws[b] = score(
        row_weights(groups, resample_groups(data.rows.group_count, data.options.seed + 77, b)));
  });
  std::vector<double> known{*estimate};
  for (const auto& draw : draws) {
    if (draw) known.push_back(*draw);
  }
  const double tail = 0.5 * (1.0 - data.options.level);
  return series::Interval{math::quantile(known, tail), *estimate, math::quantile(known, 1.0 - tail),
                          data.options.level};
}

// Over how many families a model's Brier score lies below another's, of those that have one.
struct Wins {
  std::size_t won = 0;
  std::size_t of = 0;
};

Wins wins_over(const LeftOutData& data, const LeftOutForecast& model, const LeftOutForecast& other,
               double share) {
  Wins wins;
  for (std::size_t f = 0; f < data.families.names.size(); ++f) {
    const auto rows = rows_at(data, share, f);
    const auto own = pick(data, model, rows);
    const auto its = pick(data, other, rows);
    const auto a = brier(own.probability, own.labels);
    const auto b = brier(its.probability, its.labels);
    if (!a || !b) continue;
    ++wins.of;
    if (*a < *b) ++wins.won;
  }
  return wins;
}

std::optional<double> mean_family_auc(const LeftOutData& data, const LeftOutForecast& model,
                                      double share) {
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t f = 0; f < data.families.names.size(); ++f) {
    const auto picked = pick(data, model, rows_at(data, share, f));
    const auto own = auc(picked.log_odds, picked.labels);
    if (!own) continue;
    sum += *own;
    count += 1.0;
  }
  return count > 0.0 ? std::optional(sum / count) : std::nullopt;
}

Json pooled_json(const LeftOutData& data, std::span<const LeftOutForecast> forecasts,
                 double share) {
  const auto rows = rows_at(data, share, {});
  Json result = counts_json(data, share, rows);
  const auto named = [&](std::string_view name) -> const LeftOutForecast& {
    return *std::ranges::find(forecasts, name, &LeftOutForecast::name);
  };
  Json models = Json::array();
  for (const LeftOutForecast& forecast : forecasts) {
    const PickedRows picked = pick(data, forecast, rows);
    const Wins value_now = wins_over(data, forecast, named("value_now"), share);
    const Wins base_rate = wins_over(data, forecast, named("base_rate"), share);
    models.push_back({{"name", forecast.name},
                      {"auc", pooled_figure(data, picked.groups,
                                            [&](std::span<const double> weights) {
                                              return auc(picked.log_odds, picked.labels, weights);
                                            })},
                      {"brier", pooled_figure(data, picked.groups,
                                              [&](std::span<const double> weights) {
                                                return brier(picked.probability, picked.labels,
                                                             weights);
                                              })},
                      {"log_loss", number_or_null(log_loss(picked.log_odds, picked.labels))},
                      {"mean_family_auc", number_or_null(mean_family_auc(data, forecast, share))},
                      {"brier_below_value_now", value_now.won},
                      {"brier_below_base_rate", base_rate.won},
                      {"families", base_rate.of}});
  }
  result["models"] = std::move(models);
  return result;
}

Json when_json(const LeftOutData& data, std::span<const LeftOutForecast> forecasts,
               std::span<const double> risk, double share) {
  const auto rows = rows_at(data, share, {});
  const SurvivalTimes times = times_of(data, rows);
  const auto figure = [&](std::span<const double> all) {
    std::vector<double> own;
    for (const std::size_t i : rows) own.push_back(all[i]);
    return number_or_null(concordance(times, own));
  };
  Json models = Json::array();
  models.push_back({{"name", "survival"}, {"concordance", figure(risk)}});
  for (const LeftOutForecast& forecast : forecasts) {
    models.push_back({{"name", forecast.name}, {"concordance", figure(forecast.log_odds)}});
  }
  return {{"share", share}, {"runs", rows.size()}, {"models", std::move(models)}};
}

Families folds_of_configurations(const RelativeRows& rows, std::uint64_t seed) {
  const auto fold = grouped_folds(rows.groups, rows.labels, kConfigurationFolds, seed);
  Families families;
  for (std::size_t f = 0; f < kConfigurationFolds; ++f) {
    families.names.push_back(fmt::format("fold {}", f + 1));
  }
  for (const std::size_t group : rows.groups) families.of_row.push_back(fold[group]);
  return families;
}

LeftOutData prepare(const Bank& bank, const LeftOutOptions& options) {
  LeftOutData data{bank, options, relative_rows(bank), {}, {}, {}, {}};
  data.stacked = options.stacked.value_or(stack_options(data.rows, options.seed));
  data.families = options.kind == FamilyKind::configuration
                      ? folds_of_configurations(data.rows, options.seed)
                      : families_of(bank, data.rows, options.kind);
  if (data.families.names.size() < 2) {
    throw DataError(
        fmt::format("leaving out one {} needs a bank with 2 or more of them, it has {}: {}",
                    word(options.kind), data.families.names.size(), data.families.names.front()));
  }
  data.plans = stack_plans(data.rows);
  for (const MemberPlan& plan : data.plans) data.contenders.push_back(plan.name);
  for (const char* name : {"stack_signals", "stack_signals_drawn_in", "stack", "stack_drawn_in",
                           "signals_only_in_use", "grokking_in_use"}) {
    data.contenders.emplace_back(name);
  }
  return data;
}

}  // namespace

Json evaluate_left_out(const Bank& bank, const LeftOutOptions& options, const Task& task) {
  const LeftOutData data = prepare(bank, options);
  const std::size_t count = data.families.names.size();
  const std::size_t rows = data.rows.labels.size();
  std::vector<LeftOutForecast> forecasts;
  for (const std::string& name : data.contenders) {
    forecasts.push_back({name, std::vector<double>(rows)});
  }
  std::vector<double> risk(rows);
  Json families = Json::array();
  std::vector<FamilyFit> fits;
  for (std::size_t f = 0; f < count; ++f) {  // Each is parallel inside.
    task.check();
    task.tell({"leaving out", f, count, "families"});
    fits.push_back(fit_family(data, f));
    const auto test = rows_of(data, f, true);
    for (std::size_t k = 0; k < test.size(); ++k) {
      for (std::size_t c = 0; c < forecasts.size(); ++c) {
        forecasts[c].log_odds[test[k]] = fits[f].log_odds[c][k];
      }
      risk[test[k]] = fits[f].risk[k];
    }
  }
  task.tell({"leaving out", count, count, "families"});
  for (std::size_t f = 0; f < count; ++f) {
    families.push_back(family_json(data, f, forecasts, fits[f]));
  }
  Json pooled = Json::array();
  Json when = Json::array();
  for (const double share : options.horizons) {
    pooled.push_back(pooled_json(data, forecasts, share));
    when.push_back(when_json(data, forecasts, risk, share));
  }
  const auto usable = usable_runs(bank);
  const auto reached = std::ranges::count_if(
      usable, [&](std::size_t r) { return bank.runs[r].outcome.kind == OutcomeKind::reached; });
  return {
      {"leave_out", word(options.kind)},
      {"bank", {{"runs", usable.size()}, {"reached", reached}, {"groups", data.rows.group_count}}},
      {"level", options.level},
      {"families", std::move(families)},
      {"pooled", std::move(pooled)},
      {"when", std::move(when)}};
}

}  // namespace emdyn::forecast
