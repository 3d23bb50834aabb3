#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/explain/tabular/counterfactual.hpp"
#include "emdyn/explain/tabular/functional_anova.hpp"
#include "emdyn/explain/tabular/sweep_table.hpp"

namespace emdyn::explain {

struct SweepExplainOptions {
  forecast::ForestOptions forest{};
  std::size_t bins = 32;  ///< Values told apart of each setting, in [2, 250].
  /// Row (as in what was read, from 0) for which the smallest change is sought.
  std::optional<std::size_t> change_row{};
  /// The outcome to be brought to its other side; 0.5 for yes and no.
  std::optional<double> change_level{};
};

/// What a sweep says about its settings.
struct SweepExplained {
  SweepTable table{};
  forecast::TreeEnsemble forest{};
  FunctionalAnova anova{};
  /// 1 - (squared error of held-out rows) / (their variance), in five folds: how far the forest,
  /// and with it everything said, can be believed.
  double held_out_r2 = 0.0;
  std::vector<double> strength{};  ///< Friedman's H^2 of the first pairs of `anova`.
  std::optional<Counterfactual> change{};
};

/// @throws DataError when the table has one setting only, or a row for a change that has no outcome;
/// ConfigError when a change is asked for of a number without a level.
SweepExplained explain_sweep(SweepTable table, const SweepExplainOptions& options = {});

/// {outcome, yes_no, rows, rows_without_outcome, passed_over, mean, held_out_r2,
///  settings: [{name, share, values: [{from, to | word, rows, mean, spread}]}],
///  pairs: [{first, second, share, strength}], beyond_pairs,
///  heat_map: {first, second, first_values, second_values, mean: [[…]], spread: [[…]]}, change}
Json sweep_json(const SweepExplained& explained);

/// The bins of one setting in words: "adamw", "0.001 to 0.003".
std::vector<std::string> bin_texts(const SweepExplained& explained, std::size_t column);

/// A heat map of a pair, drawn with at most `most` bins a side by merging neighbours (weighted by
/// their rows).
struct HeatMap {
  std::vector<std::string> rows{};
  std::vector<std::string> columns{};
  std::vector<WithSpread> at{};  ///< [rows, columns]
};
HeatMap heat_map(const SweepExplained& explained, const PairMarginal& pair, std::size_t most = 8);

}  // namespace emdyn::explain
