#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/collect/store/chunk.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/summary.hpp"

namespace emdyn::collect::store {

/// A row of the signals table.
struct SignalRow {
  std::uint32_t id = 0;
  std::string name{};
  series::Axis axis = series::Axis::step;
};

/// A row of the chunks table.
struct ChunkRow {
  std::int64_t id = 0;
  bool has_seconds = false;
  ChunkStats stats{};
};

/// Reads one run file, all of it as it was at one moment, also while a writer adds to it.
class RunReader {
 public:
  /// @throws StoreError as open_run does.
  explicit RunReader(const std::filesystem::path& file);

  series::RunInfo info() { return read_info_; }
  /// What RunWriter::set_progress kept; null when nothing. @throws StoreError when it cannot be understood.
  Json progress();
  std::vector<SignalRow> signals();
  /// @throws DataError naming the nearest signal when there is none called `name`.
  SignalRow signal(std::string_view name);
  std::vector<ChunkRow> chunks(const SignalRow& signal);
  /// Appends the points of a chunk to `out` (wall times that are missing as NaN, when
  /// `with_seconds`). @throws StoreError when the chunk is damaged.
  void points(const SignalRow& signal, const ChunkRow& chunk, bool with_seconds, Points& out);

  series::Signal load(const SignalRow& signal);
  SignalSummary summary(const SignalRow& signal);
  RunSummary summary();
  std::uint64_t count_records(RecordKind kind);
  /// Calls `visit` with the JSON of each record of a kind in the order of their making.
  /// @throws StoreError when `visit` throws DataError: the record is damaged.
  void records(RecordKind kind, const std::function<void(const Json&)>& visit);

  Database& database() noexcept { return database_; }

 private:
  /// Of a row of id, name, axis.
  SignalRow signal_row(const Statement& query) const;

  Database database_;
  series::RunInfo read_info_;
  Statement bytes_;
};

}  // namespace emdyn::collect::store
