#pragma once
#include <optional>
#include <span>
#include <vector>

#include "emdyn/explain/tabular/any_function.hpp"

namespace emdyn::explain {

struct SettingChange {
  std::size_t column = 0;
  double from = 0.0;
  double to = 0.0;
  double units = 0.0;  ///< |to - from| in robust units of the column.
};

/// A set of changes and what they bring about.
struct Counterfactual {
  std::vector<SettingChange> changes{};
  double before = 0.0;  ///< Function at the row.
  double after = 0.0;   ///< Function at the changed row.
  double cost = 0.0;    ///< Sum of units + `each` for every change.
};

struct CounterfactualOptions {
  double level = 0.5;                ///< The function is to be brought to the other side of it.
  std::size_t changes = 3;           ///< At most so many settings are changed, in [1, 6].
  double each = 1.0;                 ///< Price of changing one more setting, in robust units, >= 0.
  std::vector<std::size_t> fixed{};  ///< Columns that must stay.
  std::vector<std::size_t> categories{};  ///< Columns whose values have no distance: 1 unit each.
};

/// The cheapest change of a row that brings the function to the other side of a level. Values tried
/// are those that occur in the table (at most 32 a column, by quantile); a robust unit is the
/// column's interquartile range (its range where that is 0). Exact for one and for two changes; for
/// more, the 64 best sets of each size are extended (beam search), so a cheaper set of three may be
/// missed. Nothing when none is found. A missing setting is left alone.
/// Source: Wachter, Mittelstadt, Russell, "Counterfactual Explanations without Opening the Black
/// Box", 2018 (cheapest change, weighted by spread).
/// @throws ConfigError for options out of range; DataError when sizes differ.
std::optional<Counterfactual> counterfactual(const RowFunction& function,
                                             std::span<const double> row,
                                             const forecast::FeatureTable& table,
                                             const CounterfactualOptions& options = {});

}  // namespace emdyn::explain
