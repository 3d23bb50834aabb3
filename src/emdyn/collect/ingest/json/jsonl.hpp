#pragma once
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/entry_rows.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"

namespace emdyn::collect::ingest {

/// One JSON object a line, nested objects flattened with '/'; dictionaries as Python prints them are
/// read too. Also understands the header line that emdyn_log.py writes and objects {name, value,
/// step} of one value each. What the rows mean: EntryRows. A last line without its newline that is
/// no whole object is half written: it is left out with a warning. docs/formats.md has the rules.
class JsonlParser final : public Parser {
 public:
  JsonlParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  void pause() override;
  std::uint64_t consumed() const noexcept override { return splitter_.consumed(); }
  void restart() override;
  void rest() override { splitter_.rest(); }
  /// One object, as if it were a line. `line` numbers it in messages.
  void object(std::string_view text, std::uint64_t line);

 private:
  void bad(std::uint64_t line, std::string_view text);
  /// What is wrong with the line; "" when it was read.
  std::string_view read(std::string_view text, std::uint64_t line);
  bool header_line();
  const FlatEntry* find(std::string_view key) const noexcept;

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  RecordSplitter splitter_;
  EntryRows rows_;
  std::vector<FlatEntry> entries_;
};

}  // namespace emdyn::collect::ingest
