#include "emdyn/forecast/tabular/stacked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/tabular/model_json.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::string_view kSchema = "emdyn-stacked-1";
constexpr std::array<std::string_view, 3> kLearners{"linear", "trees", "additive"};

FeatureTable columns_of(const FeatureTable& table, std::span<const std::size_t> columns) {
  FeatureTable part{std::max<std::size_t>(columns.size(), 1), {}};
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto row = table.row(i);
    if (columns.empty()) part.values.push_back(0.0);
    for (const std::size_t j : columns) part.values.push_back(row[j]);
  }
  return part;
}

// Families dealt out by their number of rows, largest first, each to the fold with fewest rows.
std::vector<std::size_t> fold_of_families(std::span<const std::size_t> families,
                                          std::size_t folds) {
  std::vector<std::size_t> rows(std::ranges::max(families) + 1, 0);
  for (const std::size_t family : families) ++rows[family];
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return rows[a] > rows[b]; });
  std::vector<std::size_t> load(folds, 0);
  std::vector<std::size_t> fold(rows.size(), 0);
  for (const std::size_t family : order) {
    const auto least = static_cast<std::size_t>(std::ranges::min_element(load) - load.begin());
    fold[family] = least;
    load[least] += rows[family];
  }
  return fold;
}

struct Rows {
  FeatureTable features;
  std::vector<double> labels;
  std::vector<std::size_t> groups;
};

Rows rows_where(const FeatureTable& features, std::span<const double> labels,
                std::span<const std::size_t> groups, const std::vector<bool>& keep) {
  Rows rows;
  rows.features.columns = features.columns;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!keep[i]) continue;
    rows.features.add(features.row(i));
    rows.labels.push_back(labels[i]);
    rows.groups.push_back(groups[i]);
  }
  return rows;
}

double base_of(std::span<const double> labels) {
  const double positive = std::accumulate(labels.begin(), labels.end(), 0.0);
  const double n = static_cast<double>(labels.size());
  return std::log((positive + 0.5) / (n - positive + 0.5));
}

Json member_json(const MemberModel& member) {
  return {{"name", member.plan.name},
          {"learner", word(member.plan.learner)},
          {"columns", member.plan.columns},
          {"model", std::visit([](const auto& model) { return model_json(model); }, member.model)}};
}

MemberModel member_from_json(const Json& json, std::size_t features) {
  MemberModel member;
  member.plan.name = required_text(json, "name");
  const auto found = std::ranges::find(kLearners, required_text(json, "learner"));
  if (found == kLearners.end()) throw DataError("model: a member learns in an unknown way");
  member.plan.learner = static_cast<Learner>(found - kLearners.begin());
  for (const double column : json_numbers(json, "columns")) {
    if (!(column >= 0.0 && column < static_cast<double>(features))) {
      throw DataError("model: a member names a feature that is not there");
    }
    member.plan.columns.push_back(static_cast<std::size_t>(column));
  }
  const auto model = json.find("model");
  if (model == json.end()) throw DataError("model: a member has no model");
  const std::size_t columns = std::max<std::size_t>(member.plan.columns.size(), 1);
  std::size_t has = 0;
  switch (member.plan.learner) {
    case Learner::linear: {
      Logistic read = logistic_from_json(*model);
      has = read.beta.size();
      member.model = std::move(read);
      break;
    }
    case Learner::trees: {
      TreeEnsemble read = trees_from_json(*model);
      has = read.columns;
      member.model = std::move(read);
      break;
    }
    case Learner::additive: {
      AdditiveModel read = additive_from_json(*model);
      has = read.shapes.size();
      member.model = std::move(read);
      break;
    }
  }
  if (has != columns) throw DataError("model: a member was fitted on other columns");
  return member;
}

}  // namespace

std::string_view word(Learner learner) noexcept {
  return kLearners[static_cast<std::size_t>(learner)];
}

double MemberModel::log_odds(std::span<const double> row) const {
  std::vector<double> own;
  own.reserve(plan.columns.size() + 1);
  for (const std::size_t j : plan.columns) own.push_back(row[j]);
  if (own.empty()) own.push_back(0.0);
  return std::visit(
      [&](const auto& each) {
        if constexpr (requires { each.log_odds(own); }) {
          return each.log_odds(own);
        } else {
          return each.predict(own);
        }
      },
      model);
}

std::vector<double> StackedModel::member_log_odds(std::span<const double> row) const {
  std::vector<double> result;
  for (const MemberModel& member : members) result.push_back(member.log_odds(row));
  return result;
}

double StackedModel::log_odds(std::span<const double> row) const {
  return shrunk(stack.log_odds(member_log_odds(row)), base_log_odds, departure(row).trust);
}

MemberModel fit_member(const MemberPlan& plan, const FeatureTable& features,
                       std::span<const double> labels, std::span<const std::size_t> groups,
                       const StackedOptions& options) {
  const FeatureTable own = columns_of(features, plan.columns);
  MemberModel member{plan, {}};
  switch (plan.learner) {
    case Learner::linear:
      member.model = fit_logistic(own, labels, {}, LogisticOptions{.penalty = options.penalty});
      break;
    case Learner::trees:
      member.model = fit_boosted(own, labels, {}, options.trees);
      break;
    case Learner::additive:
      member.model = fit_additive(own, labels, groups, options.additive);
      break;
  }
  return member;
}

FeatureTable out_of_family(const FeatureTable& features, std::span<const double> labels,
                           std::span<const std::size_t> groups,
                           std::span<const std::size_t> families, std::span<const MemberPlan> plans,
                           const StackedOptions& options) {
  const std::size_t rows = features.rows();
  if (labels.size() != rows || groups.size() != rows || families.size() != rows || rows == 0) {
    throw DataError(fmt::format("stack: {} rows, {} labels, {} groups, {} families", rows,
                                labels.size(), groups.size(), families.size()));
  }
  const std::size_t folds = std::min(options.folds, std::ranges::max(families) + 1);
  if (folds < 2) {
    throw DataError("stack: needs at least 2 families to leave one out; the bank has one");
  }
  const auto fold = fold_of_families(families, folds);
  FeatureTable held{plans.size(), std::vector<double>(rows * plans.size())};
  // Every member of every fold by itself, so that slow members of one fold wait for none.
  parallel_for(folds * plans.size(), [&](std::size_t task) {
    const std::size_t f = task / plans.size();
    const std::size_t m = task % plans.size();
    std::vector<bool> keep(rows);
    for (std::size_t i = 0; i < rows; ++i) keep[i] = fold[families[i]] != f;
    const Rows train = rows_where(features, labels, groups, keep);
    const MemberModel member =
        fit_member(plans[m], train.features, train.labels, train.groups, options);
    for (std::size_t i = 0; i < rows; ++i) {
      if (!keep[i]) held.values[i * plans.size() + m] = member.log_odds(features.row(i));
    }
  });
  return held;
}

StackedModel fit_stacked(const FeatureTable& features, std::span<const double> labels,
                         std::span<const std::size_t> groups, std::span<const std::size_t> families,
                         std::span<const MemberPlan> plans, const StackedOptions& options) {
  const FeatureTable held = out_of_family(features, labels, groups, families, plans, options);
  return fit_stacked(features, labels, groups, fit_stack(held, labels), plans, options);
}

StackedModel fit_stacked(const FeatureTable& features, std::span<const double> labels,
                         std::span<const std::size_t> groups, Stack stack,
                         std::span<const MemberPlan> plans, const StackedOptions& options) {
  StackedModel model;
  model.stack = std::move(stack);
  model.base_log_odds = base_of(labels);
  model.members.resize(plans.size());
  parallel_for(plans.size(), [&](std::size_t m) {
    model.members[m] = fit_member(plans[m], features, labels, groups, options);
  });
  model.departure = Departure(features, groups);
  return model;
}

Json stacked_json(const StackedModel& model) {
  Json members = Json::array();
  for (const MemberModel& member : model.members) members.push_back(member_json(member));
  return sealed({{"schema", kSchema},
                 {"features", model.features},
                 {"members", std::move(members)},
                 {"intercept", model.stack.intercept},
                 {"weight", model.stack.weight},
                 {"base_log_odds", model.base_log_odds},
                 {"departure", model.departure.to_json()}});
}

StackedModel stacked_from_json(const Json& json) {
  checked_seal(json, "stacked model");
  if (text_or_empty(json, "schema") != kSchema) {
    throw DataError(fmt::format("no stacked model of schema {}", kSchema));
  }
  StackedModel model;
  if (const auto names = json.find("features"); names != json.end() && names->is_array()) {
    for (const Json& name : *names) {
      model.features.push_back(name.is_string() ? name.get<std::string>() : "");
    }
  }
  const auto members = json.find("members");
  const auto departure = json.find("departure");
  if (members == json.end() || !members->is_array() || departure == json.end()) {
    throw DataError("stacked model: members or departure are missing");
  }
  for (const Json& member : *members) {
    model.members.push_back(member_from_json(member, model.features.size()));
  }
  model.stack = {required_number(json, "intercept"), json_numbers(json, "weight")};
  model.base_log_odds = required_number(json, "base_log_odds");
  model.departure = Departure::from_json(*departure);
  if (model.stack.weight.size() != model.members.size()) {
    throw DataError("stacked model: one weight is needed for each member");
  }
  return model;
}

}  // namespace emdyn::forecast
