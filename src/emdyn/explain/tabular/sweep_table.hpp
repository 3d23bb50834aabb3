#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

namespace emdyn::explain {

/// Trials as they were read: one row each, cells as text, "" where there is nothing.
struct TrialRows {
  std::vector<std::string> names{};
  std::vector<bool> is_setting{};  ///< False: only an outcome, never a setting.
  std::vector<std::vector<std::string>> cells{};
};

/// One setting of a sweep. Words are numbered in the order of their mean outcome, which for a
/// regression tree is as good as trying every division of them.
struct SweepSetting {
  std::string name{};
  std::vector<std::string> words{};  ///< Empty: a number.

  /// "adamw", "0.001".
  std::string text(double value) const;
};

/// A sweep ready to be explained.
struct SweepTable {
  std::string outcome_text{};  ///< As asked for: "final_loss", "accuracy >= 0.9".
  bool yes_no = false;         ///< Every outcome is 0 or 1.
  std::vector<SweepSetting> settings{};
  forecast::FeatureTable values{};  ///< [rows, settings]; NaN where a row lacks a setting.
  std::vector<double> outcome{};
  std::vector<std::size_t> source_row{};   ///< Of each row, numbered from 0 in what was read.
  std::size_t without_outcome = 0;         ///< Rows left out.
  std::vector<std::string> passed_over{};  ///< Columns that are no setting, with the reason.
};

struct SweepTableOptions {
  std::string outcome{};  ///< COLUMN, COLUMN >= NUMBER, COLUMN <= NUMBER or COLUMN = WORD.
  std::vector<std::string> settings{};  ///< Only these; empty: all that may be.
  std::vector<std::string> without{};   ///< Not these.
};

/// Passed over are: the outcome, columns named under `without`, columns that never vary, and words
/// that differ in nearly every row (names, dates) or have more than 64 values.
/// @throws ConfigError for a column that is not there (the nearest is named) or an outcome that
/// cannot be read; DataError when fewer than 20 rows have an outcome, no setting is left, or the
/// outcome never varies.
SweepTable make_sweep_table(const TrialRows& rows, const SweepTableOptions& options);

}  // namespace emdyn::explain
