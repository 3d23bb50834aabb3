#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/store/chunk.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/summary.hpp"

/// The inside of RunWriter, for run_writer.cpp, writer_flush.cpp and store.cpp only.
namespace emdyn::collect::store {

/// Points of a signal since its last full chunk.
struct OpenChunk {
  std::uint64_t start = 0;       ///< Number of the first point in `points`.
  std::size_t saved = 0;         ///< Points at the front that are on disk as pieces already.
  std::optional<double> before;  ///< Position of the point before the first.
  Points points{};
};

/// Encoded, not yet on disk.
struct PendingChunk {
  std::uint32_t signal = 0;
  std::uint64_t start = 0;
  bool replaces = false;  ///< Pieces of it are on disk.
  bool has_seconds = false;
  ChunkStats stats{};
  std::size_t offset = 0;  ///< In `arena_`.
  std::size_t size = 0;
};

struct PendingRecord {
  RecordKind kind = RecordKind::event;
  std::string signal{};
  std::optional<double> position{};
  std::string json{};
};

struct NewSignal {
  std::uint32_t id = 0;
  std::string name{};
  series::Axis axis = series::Axis::step;
};

PendingRecord pending_record(const series::Event& event);
PendingRecord pending_record(const series::Transition& transition);
PendingRecord pending_record(const series::Forecast& forecast);
PendingRecord pending_record(const series::Attribution& attribution);
void insert_record(Database& database, const PendingRecord& record);

/// What throws leaves everything as it was before, std::bad_alloc included: a call that failed may be made again.
struct RunWriter::Impl {
  /// A new run, made in `group`. @param alone it is published when it is finished, not by whoever has the group.
  Impl(std::filesystem::path store, const series::RunInfo& info, std::shared_ptr<RunGroup> group,
       bool alone);
  /// A run whose file is there. @param group may be null; it holds the claim when it is not.
  Impl(std::filesystem::path store, std::string id, RunLock lock, Database database,
       std::shared_ptr<RunGroup> group, bool resumed);
  /// A draft that was never finished goes with its writer.
  ~Impl();

  SignalId add_signal(std::string_view name, series::Axis axis);
  OpenChunk& open(SignalId signal);
  void append(SignalId signal, double position, double value, const std::optional<double>& seconds);
  void append(SignalId signal, std::span<const double> positions, std::span<const double> values,
              std::span<const double> seconds);
  void sync();
  void spill();
  void rest() noexcept;
  void abandon() noexcept;
  void finish(series::RunStatus status);
  bool is_draft() const { return group_ && group_->holds(id); }
  std::size_t waiting_bytes() const noexcept;
  bool has_file_open() const noexcept { return database_.has_value(); }

  std::string id;
  bool finished = false;
  /// Nothing reaches the disk between syncs (set_progress).
  bool only_at_sync = false;
  std::map<std::string, std::string> info;  ///< Facts about the run that wait: key to JSON text.
  std::vector<PendingRecord> records{};

 private:
  enum class Tail { keep, pieces, close };
  struct Known {
    std::uint32_t id;
    series::Axis axis;
  };

  void load_open_chunks();
  Database& connection();
  void close_file();
  void need_room();
  void flush_when_large();
  void append(OpenChunk& open, std::uint32_t signal, double position, double value,
              const std::optional<double>& seconds);
  void encode(std::uint32_t signal, OpenChunk& open, std::span<const double> positions,
              std::span<const double> values, std::span<const double> seconds, std::size_t from);
  void encode_tails(Tail tail);
  void close_chunk(std::uint32_t signal, OpenChunk& open);
  void flush(Tail tail, std::optional<series::RunStatus> status);
  void insert_all(Database& database, std::optional<series::RunStatus> status);
  void insert_chunks(Database& database);

  std::filesystem::path store_;
  std::shared_ptr<RunGroup>
      group_;  ///< Shared by all writers of the group and whoever publishes it.
  bool alone_ = false;
  std::optional<series::RunInfo> unborn_{};  ///< Of a draft that has no file yet.
  std::optional<RunLock> lock_{};
  std::optional<Database> database_{};
  bool written_ = false;  ///< finish() has written everything.
  std::unordered_map<std::string, Known> known_{};
  std::vector<OpenChunk> open_{};  ///< Of signal id i + 1.
  std::vector<NewSignal> new_signals_{};
  std::vector<PendingChunk> pending_{};
  std::vector<std::byte> arena_{};
  std::size_t next_flush_ = 0;
};

}  // namespace emdyn::collect::store
