#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/columns.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"

namespace emdyn::collect::ingest {

/// One JSON object a line, nested objects flattened with '/'. Also understands the header line that
/// emdyn_log.py writes and objects {name, value, step} of one value each. A first line without a
/// position, followed by one that has it, is the run's configuration. docs/formats.md has the
/// rules.
class JsonlParser final : public Parser {
 public:
  JsonlParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  void feed(std::string_view bytes) override;
  void finish() override;
  std::uint64_t consumed() const noexcept override { return splitter_.consumed(); }
  void restart() override;
  /// One object, as if it were a line. `line` numbers it in messages.
  void object(std::string_view text, std::uint64_t line);

 private:
  using Entries = std::vector<FlatEntry>;
  void bad(std::uint64_t line, std::string_view text);
  bool header_line();
  /// Finds the position key among the entries; false when there is none.
  bool choose_position();
  void points(std::uint64_t line);
  bool find_position(std::uint64_t line, RunIndex run, double& position);
  bool is_time(const FlatEntry& entry) const;
  bool names_run(const std::string& key) const;
  RunIndex run_of_line();
  double seconds_of_line() const;
  bool emit_named(RunIndex run, double position, double seconds);
  void emit(RunIndex run, double position, double seconds);
  void flush_first(bool as_configuration);
  Json configuration_of(const Entries& entries) const;
  const FlatEntry* find(std::string_view key) const noexcept;

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  SourceInfo& info_;
  RecordSplitter splitter_;
  Entries entries_;
  std::optional<std::string> held_;  ///< The first line while it is not clear what it is.
  std::uint64_t held_line_ = 0;
  bool decided_ = false;      ///< Whether and where lines hold their position.
  std::string position_key_;  ///< Empty: row numbers.
  series::Axis axis_ = series::Axis::step;
  std::vector<std::uint64_t> rows_of_run_;
  bool warned_carried_ = false;
  bool own_format_ =
      false;  ///< Written by emdyn_log.py: _step and _time, every other key a signal.
};

}  // namespace emdyn::collect::ingest
