#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/columns.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"

namespace emdyn::collect::ingest {

/// Splits one record into its cells; quoted cells are unquoted into `scratch`. False when a quoted
/// cell is followed by something other than the delimiter.
bool split_cells(std::string_view record, char delimiter, std::vector<std::string_view>& cells,
                 std::string& scratch);

/// The delimiter, among , tab ; and |, that cuts this line into the most cells; ',' when none does.
char guess_delimiter(std::string_view line);

/// Tables of text (RFC 4180 and its common relatives): wide, one column per signal, or long, one
/// row per value. Empty cells are missing; a row that cannot be read throws with its line and
/// column. docs/formats.md has the rules. Cost: linear in the bytes, above 100 MB/s.
class CsvParser final : public Parser {
 public:
  CsvParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  std::uint64_t consumed() const noexcept override { return splitter_.consumed(); }
  void restart() override;

 private:
  enum class Use : std::uint8_t { special, undecided, number, text };
  struct Value {
    std::size_t column;
    double number;
  };

  void record(const RecordSplitter::Record& record);
  void first_record(const RecordSplitter::Record& record);
  /// Decides whether the held first row is a header, given the second row (empty at the end).
  void decide_header(const std::vector<std::string_view>& second);
  void set_columns(std::vector<std::string> names, std::uint64_t line);
  void positional_columns();
  void note_choice();
  void row(std::uint64_t line);
  bool read_position(std::uint64_t line, double& position);
  double read_seconds() const;
  bool read_wide(std::uint64_t line);
  bool read_long(std::uint64_t line);
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
  char delimiter_ = ',';
  bool have_first_ = false;
  std::vector<std::string> first_row_;
  std::uint64_t first_line_ = 1;
  std::vector<std::string> columns_;  ///< Empty until the header is decided.
  std::vector<std::string> header_;   ///< As the file writes it.
  bool restarted_ = false;
  ColumnChoice choice_;
  std::vector<Use> uses_;
  std::vector<std::string_view> cells_;
  std::string scratch_;
  std::vector<Value> values_;  ///< Of the row at hand.
  std::string key_;
  std::string run_key_;
  bool have_run_ = false;
  RunIndex run_ = 0;
  std::vector<SignalIndex> signal_of_column_;  ///< For run_.
  std::vector<std::uint64_t> rows_of_run_;     ///< Row numbers, where they are the positions.
};

}  // namespace emdyn::collect::ingest
