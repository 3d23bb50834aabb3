#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/columns.hpp"
#include "emdyn/collect/ingest/contract/epoch_join.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/position_finder.hpp"
#include "emdyn/collect/ingest/contract/quantity.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"

namespace emdyn::collect::ingest {

/// Splits one record into its cells; quoted cells are unquoted into `scratch`. The delimiter ' '
/// stands for any number of blanks and tabs. False when a quoted cell is followed by something other
/// than the delimiter.
bool split_cells(std::string_view record, char delimiter, std::vector<std::string_view>& cells,
                 std::string& scratch);

/// The delimiter, among , tab ; and |, that cuts this line into the most cells; ' ' when none of
/// them is there and blanks are; ',' else.
char guess_delimiter(std::string_view line);

/// Whether the last row of a file that ends without a newline is half written: a cell is missing, or
/// its last number is shorter than that of any row before it (`before`: whole lines), so that it may
/// have been cut.
bool is_torn_row(std::string_view last, std::string_view before, char delimiter,
                 std::size_t columns);

/// Tables of text (RFC 4180 and its common relatives): wide, one column per signal, or long, one
/// row per value. The first rows (1 MiB) are held until names and values have shown which column is
/// the position. Empty cells are missing; a row that cannot be read throws with its line and column.
/// docs/formats.md has the rules. Cost: linear in the bytes, above 100 MB/s.
class CsvParser final : public Parser {
 public:
  CsvParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  void pause() override;
  std::uint64_t consumed() const noexcept override { return splitter_.consumed(); }
  void restart() override;
  void rest() override { splitter_.rest(); }

 private:
  enum class Use : std::uint8_t { special, undecided, number, text };
  struct Value {
    std::size_t column;
    double number;
  };
  struct Held {
    std::string text;
    std::uint64_t line;
  };

  void record(const RecordSplitter::Record& record);
  // The header.
  void before_header(const RecordSplitter::Record& record);
  void first_record(const RecordSplitter::Record& record);
  bool take_comment_header();
  void decide_header(std::string_view second);
  void set_columns(std::vector<std::string> names, std::uint64_t line);
  void numbered_columns(bool warned);
  void replay_first();
  bool is_comment(std::string_view text) const;
  /// The row repeats the header (it is passed over) or is a new one (it counts from here on).
  bool header_again(std::uint64_t line);
  // The choice of the position.
  void hold(const RecordSplitter::Record& record);
  void observe();
  void find_split();
  void decide();
  void apply_choice();
  void note_choice();
  // The rows.
  void row(std::uint64_t line);
  bool read_position(std::uint64_t line, double& position);
  bool step_of(std::string_view text, StepText& step) const;
  bool carry_position(std::uint64_t line, double& position);
  double joined(double inner, const std::optional<double>& total);
  double read_seconds() const;
  void note_times();
  bool read_wide(std::uint64_t line);
  bool read_long(std::uint64_t line);
  bool read_loose(std::size_t column, double& number);
  RunIndex run_of_row();
  void emit(double position, double seconds);
  bool bad(std::uint64_t line, std::string text);
  bool bad_number(std::uint64_t line, std::size_t column);
  void ignore_column(std::size_t column);
  std::string place(std::uint64_t line) const;

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  SourceInfo& info_;
  RecordSplitter splitter_;
  char delimiter_ = '\0';  ///< Until the first row.
  bool delimiter_given_ = false;
  bool have_first_ = false;
  std::string first_text_;
  std::vector<std::string> first_row_;
  std::uint64_t first_line_ = 1;
  std::string comment_;               ///< The last comment before the first row.
  bool comment_header_ = false;       ///< It named the columns.
  std::vector<std::string> columns_;  ///< Empty until the header is decided.
  std::vector<std::string> header_;   ///< As the file writes it.
  bool headless_ = false;
  bool restarted_ = false;

  ColumnChoice choice_;
  bool position_is_time_ = false;
  double position_divisor_ = 0.0;  ///< Of numbers that are times (time_divisor).
  double time_divisor_ = 0.0;
  bool decided_ = false;
  PositionFinder finder_;
  std::vector<std::optional<std::size_t>> candidates_;  ///< By column.
  std::unordered_map<std::string, std::size_t> series_;
  std::vector<Held> held_;
  std::size_t held_bytes_ = 0;

  std::vector<Use> uses_;
  std::vector<Quantity> units_;  ///< The first of each column; empty until one has a unit.
  std::vector<std::string_view> cells_;
  std::string scratch_;
  std::vector<Value> values_;  ///< Of the row at hand.
  std::string key_;
  std::string run_key_;
  std::string prefix_;  ///< Of the signals of run_key_'s rows.
  bool have_run_ = false;
  RunIndex run_ = 0;
  std::vector<SignalIndex> signal_of_column_;  ///< For run_ and prefix_.
  std::vector<std::uint64_t> rows_of_run_;     ///< Row numbers, where they are the positions.
  std::vector<EpochJoin> joins_;               ///< By run.
};

}  // namespace emdyn::collect::ingest
