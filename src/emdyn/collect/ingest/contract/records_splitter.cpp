#include "emdyn/collect/ingest/contract/records_splitter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Of what was read: whether a last line is whole is judged by the lines before it.
constexpr std::size_t kKept = 4096;

const char* find(std::string_view text, char wanted) noexcept {
  return text.empty() ? nullptr
                      : static_cast<const char*>(std::memchr(text.data(), wanted, text.size()));
}

}  // namespace

bool RecordSplitter::is_delimiter(char c) const noexcept {
  if (delimiter_ != '\0') return c == delimiter_;
  return c == ',' || c == ';' || c == '\t' || c == '|';
}

void RecordSplitter::append(std::string_view bytes) {
  if (start_ > 2 * kKept) {
    const std::size_t gone = start_ - kKept;
    buffer_.erase(0, gone);
    scan_ -= gone;
    start_ = kKept;
  }
  buffer_.append(bytes);
}

std::string_view RecordSplitter::before_last() const noexcept {
  std::string_view before = std::string_view(buffer_).substr(0, start_);
  if (before.size() <= kKept && consumed_ == before.size()) return before;
  before.remove_prefix(before.size() - std::min(before.size(), kKept));
  const auto newline = before.find('\n');
  before.remove_prefix(newline == std::string_view::npos ? before.size() : newline + 1);
  return before;
}

bool RecordSplitter::scan() noexcept {
  while (scan_ < buffer_.size()) {
    const std::string_view rest = std::string_view(buffer_).substr(scan_);
    if (state_ == State::field_start || state_ == State::unquoted) {
      const char* newline = find(rest, '\n');
      const std::size_t length =
          newline == nullptr ? rest.size() : static_cast<std::size_t>(newline - rest.data());
      if (!quoting_ || find(rest.substr(0, length), '"') == nullptr) {
        const bool behind = length > 0 && is_delimiter(rest[length - 1]);
        if (length > 0) state_ = behind ? State::field_start : State::unquoted;
        scan_ += length;
        return newline != nullptr;
      }
    }
    // A quote is near: one character after the other to the end of the record or of the bytes.
    for (; scan_ < buffer_.size(); ++scan_) {
      const char c = buffer_[scan_];
      if (c == '\n' && state_ != State::quoted) return true;
      if (c == '\n') ++newlines_;
      if (state_ == State::quoted) {
        if (c == '"') state_ = State::quote_in_quoted;
      } else if (c == '"' && state_ != State::unquoted) {
        state_ = State::quoted;
      } else {
        state_ = is_delimiter(c) ? State::field_start : State::unquoted;
      }
    }
  }
  return false;
}

void RecordSplitter::check_length() const {
  if (scan_ - start_ <= line_bytes_) return;
  if (in_quotes()) {
    throw DataError(
        fmt::format("{}:{}: a quoted field opens here and does not end within {} bytes; "
                    "close the quote",
                    path_, line_, line_bytes_));
  }
  throw DataError(fmt::format("{}:{}: line longer than {} bytes; is this a text log?", path_, line_,
                              line_bytes_));
}

RecordSplitter::Record RecordSplitter::take(std::size_t end, std::size_t line_end) {
  Record record{std::string_view(buffer_).substr(start_, end - start_), line_};
  consumed_ += line_end - start_;
  line_ += newlines_ + 1;
  newlines_ = 0;
  start_ = line_end;
  scan_ = line_end;
  state_ = State::field_start;
  if (!began_ && record.text.starts_with(kByteOrderMark)) {
    record.text.remove_prefix(kByteOrderMark.size());
  }
  began_ = true;
  if (record.text.ends_with('\r')) record.text.remove_suffix(1);
  // Where a log is truncated under a writer that keeps its offset, the hole reads as NUL bytes.
  while (record.text.starts_with('\0')) record.text.remove_prefix(1);
  return record;
}

bool RecordSplitter::next(Record& record) {
  // A byte order mark must not hide the quote behind it.
  if (!began_ && scan_ == 0) {
    if (buffer_.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(buffer_)) return false;
    if (buffer_.starts_with(kByteOrderMark)) scan_ = kByteOrderMark.size();
  }
  const bool whole = scan();
  check_length();
  if (!whole) return false;
  record = take(scan_, scan_ + 1);
  return true;
}

bool RecordSplitter::last(Record& record) {
  if (start_ >= buffer_.size()) return false;
  record = take(buffer_.size(), buffer_.size());
  return true;
}

void RecordSplitter::rest() {
  append({});
  buffer_.shrink_to_fit();
}

void RecordSplitter::restart() {
  buffer_.clear();
  start_ = 0;
  scan_ = 0;
  state_ = State::field_start;
  line_ = 1;
  newlines_ = 0;
  consumed_ = 0;
  began_ = false;
}

}  // namespace emdyn::collect::ingest
