#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/entry_rows.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"
#include "emdyn/collect/ingest/text/log_line.hpp"

namespace emdyn::collect::ingest {

/// Logs that a training prints for people, whatever program printed them: lines that name a step and
/// other numbers (see read_log_line), and dictionaries. Every number with a name is a signal. Prose
/// is passed over: a line counts when its values stand behind signs, or when a line of the same keys
/// comes again. Lines without a step belong to the step before them, from their third of a kind.
/// Carriage returns part what a progress bar wrote over itself. Cost: linear in the bytes.
class TextLogParser final : public Parser {
 public:
  TextLogParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  void pause() override;
  std::uint64_t consumed() const noexcept override { return splitter_.consumed(); }
  void restart() override { splitter_.restart(); }

 private:
  /// Lines of one shape.
  struct Shape {
    std::uint64_t lines = 0;
    std::vector<std::pair<std::vector<FlatEntry>, std::uint64_t>> held{};
  };
  void record(std::string_view text, std::uint64_t line);
  void piece(std::string_view text, std::uint64_t line);
  bool dictionary(std::string_view text, std::uint64_t line);
  std::vector<FlatEntry> entries_of(const LogLine& said);

  Feed& feed_;
  Origin origin_;
  std::size_t columns_;
  RecordSplitter splitter_;
  EntryRows rows_;
  std::unordered_map<std::string, Shape> shapes_;
  std::vector<FlatEntry> entries_;
  std::string step_key_;         ///< As the first line of the log that has one calls it.
  std::optional<double> epoch_;  ///< Of a line above that says nothing else.
  bool positions_ = false;
};

/// Whether the lines at the head of a file are a log for people. `whole`: nothing follows.
bool is_text_log(std::string_view head, bool whole);
/// True when the lines that are there tell, whatever follows.
bool enough_lines(std::string_view head);

}  // namespace emdyn::collect::ingest
