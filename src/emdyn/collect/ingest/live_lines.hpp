#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/columns.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"

namespace emdyn::collect::ingest {

/// Reads a live stream line by line: what a line says is known when it is there, never later, and
/// no line ends the reading. Each line may be
///   a number                  of the signal "value"
///   cells (, ; tab |)         below a header of names; without one: two cells are position and
///                             value, more are the signals column1, column2, …, the first cell is
///                             the position where it is a date
///   a line of a training log  "step 3: loss=0.5 lr: 1e-3": values behind signs, a step among them
///   a JSON object             every number below it is a signal, nested keys joined with '/'; the
///                             position is found by its name, as in files
/// Where nothing says the position, rows are numbered from 0. A first line that is text counts as
/// header until the first row that does not fit it. Cost: linear in the bytes.
class LiveLines {
 public:
  struct Options {
    std::string step_column{};     ///< Column or key that holds the position; default: by its name.
    bool all_channels = false;     ///< Two cells without a header are two signals.
    bool header_absent = false;    ///< The first line is data whatever it looks like.
    std::size_t signals = 1000;    ///< More are not read; see dropped_signals().
    std::size_t columns = 10'000;  ///< More cells or values in a line make it malformed.
  };
  struct Value {
    std::size_t signal;  ///< Index into names().
    double value;        ///< May be NaN or infinite.
  };
  enum class Kind { row, nothing, malformed };

  explicit LiveLines(Options options) : options_(std::move(options)) {}

  /// One line without its end. A row may hold no value (all its cells are empty).
  Kind read(std::string_view line);

  /// Of the last row.
  double position() const noexcept { return position_; }
  std::span<const Value> values() const noexcept { return values_; }
  series::Axis axis() const noexcept { return axis_; }
  /// Why the last line was malformed, and how to mend it.
  const std::string& fault() const noexcept { return fault_; }
  /// Every signal so far; an index stays valid.
  const std::vector<std::string>& names() const noexcept { return names_; }
  bool dropped_signals() const noexcept { return dropped_; }

 private:
  Kind text_line(std::string_view line);
  Kind log_line(std::string_view line);
  Kind json_line(std::string_view line);
  Kind malformed(std::string text);
  bool is_header() const;
  void begin_table();
  Kind table_row();
  bool table_position();
  std::string run_prefix() const;
  void add(std::string_view name, double value);
  const FlatEntry* position_entry();
  bool named_value();

  Options options_;
  // Of tables.
  char delimiter_ = ',';
  bool have_columns_ = false;
  bool header_tried_ = false;  // The columns are a header that no row has fitted yet.
  std::vector<std::string> columns_;
  ColumnChoice choice_;
  std::vector<std::string_view> cells_;
  std::string scratch_;
  // Of JSON lines.
  std::vector<FlatEntry> entries_;
  std::string position_key_;
  std::size_t position_cost_ = 0;  // Of that name.

  double position_ = 0.0;
  double rows_ = 0.0;
  bool positioned_ = false;  // A row has named its position.
  series::Axis axis_ = series::Axis::step;
  std::vector<Value> values_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
  std::string fault_;
  bool dropped_ = false;
};

}  // namespace emdyn::collect::ingest
