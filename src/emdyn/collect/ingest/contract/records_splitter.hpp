#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace emdyn::collect::ingest {

/// Cuts bytes into lines, or with quoting into CSV records, whose quoted fields may hold newlines
/// (RFC 4180). Bytes come in any pieces; no byte is looked at twice, however long the record.
class RecordSplitter {
 public:
  struct Record {
    std::string_view text{};  ///< Without its line end; valid until the next call.
    std::uint64_t line = 0;   ///< Number of its first line, from 1.
  };

  /// `quoting`: fields may be quoted. `line_bytes`: longest record. `path` begins error messages.
  RecordSplitter(bool quoting, std::size_t line_bytes, std::string path)
      : quoting_(quoting), line_bytes_(line_bytes), path_(std::move(path)) {}

  /// Quotes open a field only behind this character (before it is set: behind , ; tab or |).
  void set_delimiter(char delimiter) noexcept { delimiter_ = delimiter; }

  void append(std::string_view bytes);
  /// The next whole record; false when more bytes are needed. @throws DataError for a record longer
  /// than the limit.
  bool next(Record& record);
  /// At the end of the input: the last record when it lacks its newline; false when there is none.
  bool last(Record& record);
  /// Some bytes of whole records before the one last() would give, from the beginning of a line; at
  /// least the last of them where there are any.
  std::string_view before_last() const noexcept;
  /// Bytes of whole records so far.
  std::uint64_t consumed() const noexcept { return consumed_; }
  /// True inside a quoted field that has not ended.
  bool in_quotes() const noexcept { return state_ == State::quoted; }
  std::uint64_t line() const noexcept { return line_; }
  void restart();
  /// Keeps the partial record and no more room than it needs.
  void rest();

 private:
  enum class State { field_start, unquoted, quoted, quote_in_quoted };
  bool is_delimiter(char c) const noexcept;
  /// Moves scan_ on; true when it stands on the newline that ends the record.
  bool scan() noexcept;
  void check_length() const;
  Record take(std::size_t end, std::size_t line_end);

  bool quoting_;
  std::size_t line_bytes_;
  std::string path_;
  char delimiter_ = '\0';
  std::string buffer_;
  std::size_t start_ = 0;  ///< Of the current record in buffer_.
  std::size_t scan_ = 0;   ///< Bytes of buffer_ that were looked at.
  State state_ = State::field_start;
  std::uint64_t line_ = 1;
  std::uint64_t newlines_ = 0;  ///< Within the current record.
  std::uint64_t consumed_ = 0;
  bool began_ = false;
};

}  // namespace emdyn::collect::ingest
