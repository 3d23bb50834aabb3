#pragma once
#include <string>
#include <vector>

#include "emdyn/forecast/bank/bank.hpp"
#include "emdyn/forecast/features/relative.hpp"
#include "emdyn/forecast/tabular/stacked.hpp"

namespace emdyn::forecast {

/// By what a bank is divided when a whole part of it is left out.
enum class FamilyKind { task, optimizer, network, configuration };
/// @throws ConfigError for a word that names none.
FamilyKind family_kind_from_word(std::string_view word);
std::string_view word(FamilyKind kind) noexcept;

/// The family of a run: the value of the setting that the kind is about ("unknown" without it).
std::string family_of(const BankRun& run, FamilyKind kind);

/// What the features of a prefix in a bank say of the run, with its units taken out.
Observed observed_in_bank(const Bank& bank, const BankRun& run, std::size_t prefix);

/// Every prefix of the labelled runs of a bank as rows of relative features, then settings that mean
/// the same everywhere.
struct RelativeRows {
  std::vector<std::string> names{};
  FeatureTable features{};
  std::vector<double> labels{};
  std::vector<std::size_t> groups{};    ///< Configurations, numbered from 0.
  std::vector<std::size_t> runs{};      ///< Index into Bank::runs.
  std::vector<std::size_t> prefixes{};  ///< Index into the run's prefixes.
  std::size_t group_count = 0;

  std::size_t column(std::string_view name) const;
};
/// @throws DataError when the bank lacks a feature or has no labelled run.
RelativeRows relative_rows(const Bank& bank);

/// What stands in a stack. Competitors (base rate, time, value now, its trend, weight norm,
/// settings alone) are members, so that the stack does not lose to them where it was weighed; the
/// others learn linearly, as trees and additively, from signals alone and with the settings (`_all`).
std::vector<MemberPlan> stack_plans(const RelativeRows& rows);

/// Whether a member looks at signals and time only, so that it can judge a log without a
/// configuration.
bool sees_signals_only(const MemberPlan& plan) noexcept;

/// Options that fit a bank of some 10,000 prefixes in seconds. A leaf must hold the worth of four
/// undecided configurations, whatever the number of prefixes each has: they say nearly the same.
StackedOptions stack_options(const RelativeRows& rows, std::uint64_t seed);

/// Numbers of the families of rows, from 0 in the order of their names, and the names.
struct Families {
  std::vector<std::string> names{};
  std::vector<std::size_t> of_row{};
};
Families families_of(const Bank& bank, const RelativeRows& rows, FamilyKind kind);

/// Forecasts that every member made of rows of families it had not seen, for one kind of family
/// after the other: what the weights of a stack are fitted on, so that they reward what carries over
/// to another task, another optimiser and another network alike.
struct HeldForecasts {
  FeatureTable members{};  ///< [kinds x rows, members], kind after kind.
  std::vector<double> labels{};
  std::size_t kinds = 0;
};
/// `families_of_kind` has the families of the rows for each kind; kinds with one family, or in which
/// a family is all there is of one outcome, are passed over.
/// @throws DataError when no kind is left.
HeldForecasts held_forecasts(const FeatureTable& features, std::span<const double> labels,
                             std::span<const std::size_t> groups,
                             std::span<const std::vector<std::size_t>> families_of_kind,
                             std::span<const MemberPlan> plans, const StackedOptions& options);

/// The families of some rows by task, optimiser and network, numbered from 0 without gaps.
std::vector<std::vector<std::size_t>> families_of_kinds(const Bank& bank, const RelativeRows& rows,
                                                        std::span<const std::size_t> picked);

}  // namespace emdyn::forecast
