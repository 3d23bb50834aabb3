#include "emdyn/forecast/training/relative_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::forecast {
namespace {

// The words of --leave-out, and the setting each is about.
constexpr std::array<std::string_view, 4> kKinds{"task", "optimizer", "network", "configuration"};
constexpr std::array<std::string_view, 4> kSettings{"op", "optimizer", "network", ""};

// Settings that mean the same for any task, optimiser and network.
constexpr std::array<std::string_view, 9> kGeneralSettings{
    "train_fraction",     "log10_train_examples", "log10_width",
    "is_squared_error",   "is_mini_batch",        "log10_learning_rate",
    "log10_weight_decay", "log10_decay_dose",     "log10_init_scale"};

std::size_t bank_column(const Bank& bank, std::string_view name) {
  const auto found = std::ranges::find(bank.features, name);
  if (found == bank.features.end()) {
    throw DataError(fmt::format("the bank has no feature {}; build it again", name));
  }
  return static_cast<std::size_t>(found - bank.features.begin());
}

std::vector<std::size_t> columns_named(const RelativeRows& rows,
                                       std::initializer_list<std::string_view> names) {
  std::vector<std::size_t> columns;
  for (const std::string_view name : names) columns.push_back(rows.column(name));
  return columns;
}

std::vector<std::size_t> first_columns(std::size_t from, std::size_t to) {
  std::vector<std::size_t> columns;
  for (std::size_t j = from; j < to; ++j) columns.push_back(j);
  return columns;
}

}  // namespace

FamilyKind family_kind_from_word(std::string_view word) {
  const auto found = std::ranges::find(kKinds, word);
  if (found == kKinds.end()) {
    throw ConfigError(
        fmt::format("--leave-out: unknown \"{}\"; one of task, optimizer, network, "
                    "configuration",
                    terminal_safe(word)));
  }
  return static_cast<FamilyKind>(found - kKinds.begin());
}

std::string_view word(FamilyKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::string family_of(const BankRun& run, FamilyKind kind) {
  if (kind == FamilyKind::configuration) return run.group;
  const std::string name =
      text_or_empty(run.configuration, kSettings[static_cast<std::size_t>(kind)]);
  return name.empty() ? "unknown" : name;
}

Observed observed_in_bank(const Bank& bank, const BankRun& run, std::size_t prefix) {
  const auto row = run.rows.row(prefix);
  const auto value = [&](std::string_view name) { return row[bank_column(bank, name)]; };
  Observed o;
  o.elapsed = value("elapsed");
  o.chance = run.chance;
  o.test_accuracy = sigmoid(value("test_accuracy"));
  o.test_accuracy_best = sigmoid(value("test_accuracy_best"));
  o.train_accuracy = sigmoid(value("train_accuracy"));
  o.test_accuracy_slope = value("test_accuracy_slope");
  o.train_accuracy_slope = value("train_accuracy_slope");
  o.train_loss = value("log10_train_loss");
  o.test_loss = value("log10_test_loss");
  o.test_loss_peak = o.test_loss + value("test_loss_drop");
  o.train_loss_slope = value("train_loss_slope");
  o.test_loss_slope = value("test_loss_slope");
  o.fitted_share = value("fitted_share");
  o.is_fitted = value("is_fitted");
  o.weight_norm_growth = value("weight_norm_growth");
  o.weight_norm_drop = value("weight_norm_drop");
  o.weight_norm_slope = value("weight_norm_slope");
  o.gradient_norm_slope = value("gradient_norm_slope");
  return o;
}

std::size_t RelativeRows::column(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw DataError(fmt::format("no feature {} in these rows", name));
  return static_cast<std::size_t>(found - names.begin());
}

RelativeRows relative_rows(const Bank& bank) {
  RelativeRows rows;
  rows.names = relative_names();
  std::vector<std::size_t> settings;
  for (const std::string_view name : kGeneralSettings) {
    rows.names.emplace_back(name);
    settings.push_back(bank_column(bank, name));
  }
  rows.features.columns = rows.names.size();
  std::map<std::string, std::size_t> numbers;
  for (std::size_t r = 0; r < bank.runs.size(); ++r) {
    const BankRun& run = bank.runs[r];
    if (run.outcome.kind == OutcomeKind::censored) continue;
    for (std::size_t i = 0; i < run.at.size(); ++i) {
      rows.features.add(relative_features(observed_in_bank(bank, run, i)));
      for (const std::size_t j : settings) rows.features.values.push_back(run.rows.row(i)[j]);
      rows.labels.push_back(run.outcome.kind == OutcomeKind::reached ? 1.0 : 0.0);
      rows.groups.push_back(numbers.try_emplace(run.group, numbers.size()).first->second);
      rows.runs.push_back(r);
      rows.prefixes.push_back(i);
    }
  }
  if (rows.labels.empty()) throw DataError("the bank has no labelled run with a prefix");
  rows.group_count = numbers.size();
  return rows;
}

std::vector<MemberPlan> stack_plans(const RelativeRows& rows) {
  const std::size_t signals = relative_names().size();
  const auto of_signals = first_columns(0, signals);
  const std::size_t settings = signals + kGeneralSettings.size();
  const auto of_settings = first_columns(signals, settings);
  const auto all = first_columns(0, settings);
  return {
      {"base_rate", Learner::linear, {}},
      {"time", Learner::linear, columns_named(rows, {"time_share", "log10_time_share"})},
      {"value_now", Learner::linear, columns_named(rows, {"accuracy_odds_over_chance"})},
      {"trend", Learner::linear, columns_named(rows, {"short_of_target"})},
      {"norm", Learner::linear,
       columns_named(rows, {"weight_norm_rise", "weight_norm_below_peak", "weight_norm_trend"})},
      {"settings", Learner::linear, of_settings},
      {"linear", Learner::linear, of_signals},
      {"trees", Learner::trees, of_signals},
      {"additive", Learner::additive, of_signals},
      {"linear_all", Learner::linear, all},
      {"trees_all", Learner::trees, all},
      {"additive_all", Learner::additive, all}};
}

bool sees_signals_only(const MemberPlan& plan) noexcept {
  const std::size_t signals = relative_registry().entries().size();
  return std::ranges::all_of(plan.columns, [&](std::size_t j) { return j < signals; });
}

StackedOptions stack_options(const RelativeRows& rows, std::uint64_t seed) {
  StackedOptions options;
  const double prefixes = static_cast<double>(rows.labels.size()) /
                          static_cast<double>(std::max<std::size_t>(rows.group_count, 1));
  options.trees.fewest = options.additive.fewest = prefixes;  // 4 configurations x p (1 - p) = 1
  options.trees.penalty = options.additive.penalty = prefixes;
  options.seed = seed;
  options.trees.seed = seed;
  options.additive.seed = seed;
  options.trees.trees = 120;
  options.additive.rounds = 40;
  options.additive.rate = 0.1;
  options.additive.bags = 2;
  return options;
}

Families families_of(const Bank& bank, const RelativeRows& rows, FamilyKind kind) {
  Families families;
  std::map<std::string, std::size_t> numbers;
  for (const std::size_t r : rows.runs) numbers.try_emplace(family_of(bank.runs[r], kind), 0);
  for (auto& [name, number] : numbers) {
    number = families.names.size();
    families.names.push_back(name);
  }
  for (const std::size_t r : rows.runs) {
    families.of_row.push_back(numbers.at(family_of(bank.runs[r], kind)));
  }
  return families;
}

HeldForecasts held_forecasts(const FeatureTable& features, std::span<const double> labels,
                             std::span<const std::size_t> groups,
                             std::span<const std::vector<std::size_t>> families_of_kind,
                             std::span<const MemberPlan> plans, const StackedOptions& options) {
  HeldForecasts held;
  held.members.columns = plans.size();
  for (const std::vector<std::size_t>& families : families_of_kind) {
    if (families.empty() || std::ranges::max(families) == 0) continue;
    try {
      const FeatureTable members =
          out_of_family(features, labels, groups, families, plans, options);
      held.members.values.insert(held.members.values.end(), members.values.begin(),
                                 members.values.end());
      held.labels.insert(held.labels.end(), labels.begin(), labels.end());
      ++held.kinds;
    } catch (const DataError&) {  // Without one family nothing of one outcome is left.
    }
  }
  if (held.kinds == 0) {
    throw DataError(
        "no task, optimizer or network can be left out of this bank: it has one of each, or one of "
        "them holds all runs of one outcome");
  }
  return held;
}

std::vector<std::vector<std::size_t>> families_of_kinds(const Bank& bank, const RelativeRows& rows,
                                                        std::span<const std::size_t> picked) {
  std::vector<std::vector<std::size_t>> kinds;
  for (const FamilyKind kind : {FamilyKind::task, FamilyKind::optimizer, FamilyKind::network}) {
    std::map<std::string, std::size_t> numbers;
    std::vector<std::size_t> families;
    for (const std::size_t i : picked) {
      const std::string name = family_of(bank.runs[rows.runs[i]], kind);
      families.push_back(numbers.try_emplace(name, numbers.size()).first->second);
    }
    kinds.push_back(std::move(families));
  }
  return kinds;
}

}  // namespace emdyn::forecast
