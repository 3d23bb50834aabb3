#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emdyn/collect/ingest/contract/epoch_join.hpp"
#include "emdyn/collect/ingest/contract/json_flat.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"
#include "emdyn/collect/ingest/contract/position_finder.hpp"
#include "emdyn/collect/ingest/contract/quantity.hpp"

namespace emdyn::collect::ingest {

/// Turns rows of named values (JSON objects, lines of a text log) into points: finds the position,
/// the wall time and the run among them. The first rows are held until the position is chosen (see
/// PositionFinder); rows before the first that has it are the run's configuration, later rows
/// without it belong to the step before them.
class EntryRows {
 public:
  EntryRows(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info);
  /// `line` numbers the row in messages.
  void row(const std::vector<FlatEntry>& entries, std::uint64_t line);
  /// Nothing follows: passes on what is held.
  void finish();
  /// What follows was written by emdyn_log.py: the position is `_step`, the time `_time`, every
  /// other key a signal. An empty `run` keeps the name given by the path.
  void begin_own_format(const std::string& run, const Json& configuration);

 private:
  using Entries = std::vector<FlatEntry>;
  struct Held {
    Entries entries;
    std::uint64_t line;
  };
  void bad(std::uint64_t line, std::string_view text);
  void observe(const Entries& entries);
  std::size_t series_of(const Entries& entries);
  bool enough() const;
  void decide();
  void choose(std::optional<std::size_t> candidate);
  void note_times();
  void warn_of_twice(const Entries& entries, std::string_view key);
  void points(const Entries& entries, std::uint64_t line);
  bool find_position(const Entries& entries, std::uint64_t line, RunIndex run, double& position);
  bool read_position(const FlatEntry& entry, std::uint64_t line, StepText& step);
  void configure(const Entries& entries, RunIndex run);
  bool is_time(const std::string& key) const;
  bool names_run(const std::string& key) const;
  std::string run_name(const Entries& entries) const;
  double seconds_of(const Entries& entries) const;
  std::string_view prefix_of(const Entries& entries) const;
  bool emit_named(const Entries& entries, RunIndex run, double position, double seconds);
  void emit(const Entries& entries, RunIndex run, double position, double seconds);
  void take(SignalIndex signal, const std::string& key, double value);
  std::optional<double> number_of(const FlatEntry& entry);

  Feed& feed_;
  Origin origin_;
  ReadOptions options_;
  SourceInfo& info_;
  PositionFinder finder_;
  std::unordered_map<std::string, std::optional<std::size_t>> candidates_;  ///< By key.
  std::unordered_map<std::string, std::size_t> series_;
  std::vector<Held> held_;
  std::size_t held_entries_ = 0;
  bool decided_ = false;
  std::string position_key_;  ///< Empty: row numbers.
  std::string epoch_key_;     ///< Within whose values positions may restart.
  std::vector<std::string> clock_keys_;
  std::string time_key_;
  bool position_is_time_ = false;
  double position_divisor_ = 0.0;  ///< Of numbers that are times (time_divisor).
  double time_divisor_ = 0.0;
  std::string split_key_;  ///< Says what part of the data a row is of.
  series::Axis axis_ = series::Axis::step;
  std::vector<std::uint64_t> rows_of_run_;
  std::vector<EpochJoin> joins_;                     ///< By run.
  std::vector<std::pair<SignalIndex, double>> row_;  ///< Of the row at hand.
  std::vector<std::uint64_t> signal_row_;            ///< The latest row of each signal.
  std::uint64_t rows_ = 0;
  std::string name_;
  bool own_format_ = false;
};

}  // namespace emdyn::collect::ingest
