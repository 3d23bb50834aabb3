#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/scaling/left_out.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"

namespace emdyn::pipeline {

struct ScaleRowOptions {
  /// Parameters of the model asked about, > 0; 0: four times the largest of each family.
  double to = 0.0;
  double level = 0.9;  ///< Of the intervals, in (0, 1).
};

/// What one metric of one family is expected to be at a size not seen.
struct ScaleRow {
  std::string metric{};
  std::string family{};
  emergence::scaling::MetricScale scale{};
  double at = 0.0;       ///< Parameters asked about.
  double largest = 0.0;  ///< Parameters of the largest model of the family.
  double value = 0.0;    ///< Its value; NaN where it was not measured.
  series::Interval expected{};
  /// What the baselines say at the same size, in the order of ScaleRows::baselines.
  std::vector<double> baselines{};
};

/// Models of a table along their size: expectation for a larger one, and how much such expectations
/// were worth among the models that are there.
struct ScaleRows {
  std::size_t models = 0, families = 0;
  std::string method{};
  std::vector<std::string> baselines{};
  std::vector<ScaleRow> rows{};  ///< Metrics in the order of the table, families within.
  /// The method and its baselines on the largest quarter of the sizes, left out: errors, and share
  /// of the intervals that held.
  std::vector<emergence::scaling::ScalingScore> judged{};
  std::vector<std::string> notes{};
};

/// Nothing, with a note, where the table has fewer than three sizes: two are needed to fit and one to
/// judge. @throws Task::Stopped, ConfigError for options out of range.
ScaleRows scale_rows(const emergence::scaling::LongTable& table,
                     const emergence::scaling::SeriesQuery& query, const ScaleRowOptions& options,
                     const Task& task = {});

/// Places of rows, those first whose expectation lies furthest from the largest model's value, in
/// units of its interval.
std::vector<std::size_t> rows_that_move(const ScaleRows& rows);

/// "a model four times as large: loss_link erred by .05 on the largest models left out, persistence
/// by .07 …", one line a kind of metric.
std::vector<std::string> scale_words(const ScaleRows& rows);

Json scale_json(const ScaleRows& rows);

}  // namespace emdyn::pipeline
