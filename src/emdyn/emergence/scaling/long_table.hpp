#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

/// Long tables of measurements: one row per value, other columns saying of what.
namespace emdyn::emergence::scaling {

/// A number that is not known.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// What a column of a long table holds.
enum class ColumnPart {
  model,
  family,
  parameters,
  tokens,
  flops,
  step,
  task,
  metric,
  value,
  error,
  setting
};
inline constexpr std::size_t kColumnParts = 11;
std::string_view word(ColumnPart part) noexcept;

/// Columns named by the user: part to column name.
using ColumnNames = std::vector<std::pair<ColumnPart, std::string>>;

/// The part that a column's name is a common word for ("params" → parameters, "stderr" → error);
/// `setting` for others.
ColumnPart part_of_column(std::string_view column);

/// Parameters told by a model's name: "pythia-1.4b-deduped" → 1.4e9, "mixtral-8x7b" → 5.6e10;
/// nothing when it tells none.
std::optional<double> parameters_of_name(std::string_view model);
/// The name without its size: "pythia-1.4b-deduped" → "pythia-deduped".
std::string family_of_name(std::string_view model);

/// One series taken out of a table: values along an axis of one group.
struct TableSeries {
  std::vector<std::pair<std::string, std::string>>
      group{};         ///< Column and cell that its rows share, in column order.
  std::string task{};  ///< "" where the table has no such column.
  std::string metric{};
  std::vector<double> positions{};  ///< Ascending and distinct.
  std::vector<double> values{};     ///< Means of the rows at equal positions; finite.
  std::vector<double> errors{};     ///< Empty unless every value has one.
  std::size_t dropped = 0;          ///< Rows without a finite value or position.
  std::size_t merged = 0;           ///< Rows averaged into another.
  /// "family=pythia-deduped shots=0" without task and metric.
  std::string group_name() const;
};

/// What to take out.
struct SeriesQuery {
  series::Axis axis = series::Axis::step;
  std::optional<double> at{};  ///< Scale axes: the step (else tokens) to compare models at;
                               ///< default: each model's last.
  double tokens_per_step =
      0.0;  ///< Makes tokens and FLOPs of steps where the table has no tokens; 0: not given.
  std::vector<std::string>
      group_by{};  ///< Columns that separate series; default: all that are neither axis, value nor
                   ///< error (along scale axes the family in place of the model).
};

/// A table of rows with named columns, pure data: readers push cells into it. Cells are kept once
/// per distinct text, so a million rows of eight columns take 32 MB.
class LongTable {
 public:
  /// @throws DataError when a named column is absent, or no column holds the value.
  explicit LongTable(std::vector<std::string> columns, const ColumnNames& chosen = {});
  /// Runs as readers return them: run name → model, "task/metric" → task and metric, configuration
  /// numbers → columns.
  static LongTable from_runs(std::span<const series::Run> runs);

  /// @throws DataError when the number of cells is not that of the columns.
  void add_row(std::span<const std::string_view> cells);

  std::size_t rows() const noexcept { return rows_; }
  const std::vector<std::string>& columns() const noexcept { return names_; }
  /// The column that plays a part; the first of several.
  std::optional<std::size_t> column(ColumnPart part) const noexcept;
  std::string_view text(std::size_t row, std::size_t column) const;
  /// NaN where the cell is no number.
  double number(std::size_t row, std::size_t column) const;
  /// Number of a part, told by other columns where its own is absent: parameters by the model's
  /// name, tokens by steps, FLOPs by 6·parameters·tokens (Kaplan et al. 2020). NaN where nothing
  /// tells it.
  double quantity(std::size_t row, ColumnPart part, double tokens_per_step = 0.0) const;
  std::string model(std::size_t row) const;
  /// The family column, else the model's name without its size.
  std::string family(std::size_t row) const;

  /// All series along one axis, in order of first appearance. Groups of one point are kept.
  /// @throws DataError when the table cannot tell the axis, or group_by names no column.
  std::vector<TableSeries> series(const SeriesQuery& query) const;

 private:
  struct Column {
    std::vector<std::string> texts{};
    std::vector<double> numbers{};
    std::unordered_map<std::string, std::uint32_t> index{};
    std::vector<std::uint32_t> cells{};
  };
  std::vector<std::size_t> grouping(const SeriesQuery& query, bool along_scale) const;
  std::vector<bool> rows_in_question(const SeriesQuery& query, bool along_scale) const;

  std::vector<std::string> names_;
  std::vector<ColumnPart> parts_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

/// True for axes along which models are compared: parameters, FLOPs; tokens where the table has no
/// step.
bool is_scale_axis(series::Axis axis) noexcept;
/// The column part of an axis. @throws DataError for axes that no long table holds (epsilon,
/// severity, seconds).
ColumnPart part_of_axis(series::Axis axis);

}  // namespace emdyn::emergence::scaling
