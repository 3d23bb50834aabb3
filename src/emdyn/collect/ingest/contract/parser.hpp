#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/options.hpp"

namespace emdyn::collect::ingest {

/// Turns the bytes of one file into points, as they come and however they are cut: the points never
/// depend on where one call of feed() ends and the next begins. Whole rows or records are passed on
/// at once, a partial one is kept. A parser that has thrown is not used again.
class Parser {
 public:
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  virtual ~Parser() = default;

  /// @throws DataError naming file, line or offset of what cannot be read.
  virtual void feed(std::string_view bytes) = 0;
  /// Nothing follows: a last line without its newline counts, a partial record warns.
  virtual void finish() = 0;
  /// The reading ends here for now, the file perhaps not: a line counts when it ends, so nothing is made of a partial
  /// one. Rows held back while their position was in doubt are passed on. What has no lines (a document) is taken as it
  /// stands.
  virtual void pause() {}
  /// Lets go of memory that is not needed between two looks at a file.
  virtual void rest() {}
  /// Bytes of whole rows or records so far.
  virtual std::uint64_t consumed() const noexcept = 0;
  /// The same file begins again (it was rotated or truncated): forget the partial row, keep what
  /// was learned of its columns.
  virtual void restart() = 0;
};

/// A place to read from: how messages call it and the run of points that name none.
struct Origin {
  std::string path{};  ///< As given by the user, escaped for a terminal.
  std::string run{};
};

}  // namespace emdyn::collect::ingest
