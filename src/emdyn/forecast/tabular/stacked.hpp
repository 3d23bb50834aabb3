#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/tabular/additive.hpp"
#include "emdyn/forecast/tabular/boosting.hpp"
#include "emdyn/forecast/tabular/departure.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/forecast/tabular/stack.hpp"

namespace emdyn::forecast {

/// How a member learns.
enum class Learner { linear, trees, additive };
std::string_view word(Learner learner) noexcept;

/// A member to be: what it is called, how it learns and from which columns. No columns: the base
/// rate alone.
struct MemberPlan {
  std::string name{};
  Learner learner = Learner::linear;
  std::vector<std::size_t> columns{};
};

struct MemberModel {
  MemberPlan plan{};
  std::variant<Logistic, TreeEnsemble, AdditiveModel> model{};

  /// From a whole row of features; the member takes its columns.
  double log_odds(std::span<const double> row) const;
};

struct StackedOptions {
  double penalty = 100.0;  ///< Of linear members, >= 0.
  BoostOptions trees{};
  AdditiveOptions additive{};
  std::size_t folds = 5;  ///< Of the forecasts out of family, in [2, number of families].
  std::uint64_t seed = 1;
};

/// Several models and what weight each has in their common forecast.
struct StackedModel {
  std::vector<std::string> features{};
  std::vector<MemberModel> members{};
  Stack stack{};
  double base_log_odds = 0.0;  ///< Of the bank's share of positives.
  Departure departure{};

  std::vector<double> member_log_odds(std::span<const double> row) const;
  /// The stack's log-odds, drawn towards the base rate as the row departs from the bank.
  double log_odds(std::span<const double> row) const;
};

/// Fits one member. Rows of weight 0 do not count. @throws DataError when one class is lacking.
MemberModel fit_member(const MemberPlan& plan, const FeatureTable& features,
                       std::span<const double> labels, std::span<const std::size_t> groups,
                       const StackedOptions& options);

/// Log-odds of every member for every row, by a model that has seen no row of its fold of families.
/// [rows, members]. @throws as fit_stacked.
FeatureTable out_of_family(const FeatureTable& features, std::span<const double> labels,
                           std::span<const std::size_t> groups,
                           std::span<const std::size_t> families, std::span<const MemberPlan> plans,
                           const StackedOptions& options);

/// Weighs the members on forecasts made out of family, then fits every member on all rows. A family
/// is what shall not be known in advance (a task, an optimiser): weights then reward what carries
/// over. `groups` and `families` number each row's from 0; families of one row's group must be
/// equal. Deterministic for every number of threads.
/// @throws DataError when sizes differ, there are fewer than 2 families or a fold lacks a class.
StackedModel fit_stacked(const FeatureTable& features, std::span<const double> labels,
                         std::span<const std::size_t> groups, std::span<const std::size_t> families,
                         std::span<const MemberPlan> plans, const StackedOptions& options = {});
/// The same with the weights given.
StackedModel fit_stacked(const FeatureTable& features, std::span<const double> labels,
                         std::span<const std::size_t> groups, Stack stack,
                         std::span<const MemberPlan> plans, const StackedOptions& options);

/// With a checksum; the model read back gives the same forecasts to the last bit.
Json stacked_json(const StackedModel& model);
/// @throws DataError when the checksum does not fit, a member is missing or sizes disagree.
StackedModel stacked_from_json(const Json& json);

}  // namespace emdyn::forecast
