#include <fmt/format.h>

#include <algorithm>

#include "emdyn/collect/store/catalog.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/collect/store/writer_state.hpp"
#include "emdyn/core/error.hpp"

/// RunWriter's way to the disk.
namespace emdyn::collect::store {
namespace {

constexpr std::size_t kRecordBytes = 512;  // About what a record takes in memory.

std::span<const double> column_from(const std::vector<double>& column, std::size_t index) {
  return column.empty() ? std::span<const double>() : std::span(column).subspan(index);
}

}  // namespace

/// The run's file, opened when it is needed.
Database& RunWriter::Impl::connection() {
  if (database_) return *database_;
  if (!is_draft()) return database_.emplace(open_for_writer(run_path(store_, id)));
  const std::filesystem::path file = group_->file(id);
  if (unborn_) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);  // Of a try that failed.
    database_ = draft_run(file, *unborn_);
    unborn_.reset();
    return *database_;
  }
  database_ = open_run(file, Access::write);
  database_->execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
  return *database_;
}

void RunWriter::Impl::insert_chunks(Database& database) {
  Statement stats = database.prepare("INSERT INTO chunks VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement bytes = database.prepare("INSERT INTO chunk_bytes VALUES(?, ?)");
  for (const PendingChunk& chunk : pending_) {
    const std::int64_t key = chunk_key(chunk.signal, chunk.start);
    if (chunk.replaces) {
      for (const char* sql : {"DELETE FROM chunks WHERE id >= ? AND id < ?",
                              "DELETE FROM chunk_bytes WHERE id >= ? AND id < ?"}) {
        const auto end = key + static_cast<std::int64_t>(kChunkPoints);
        database.prepare(sql).bind(1, key).bind(2, end).run();
      }
    }
    const ChunkStats& s = chunk.stats;
    stats.bind(1, key).bind(2, std::int64_t{s.count}).bind(3, std::int64_t{s.nonfinite});
    stats.bind(4, std::int64_t{s.backs}).bind(5, std::int64_t{chunk.has_seconds});
    stats.bind(6, s.first).bind(7, s.last).bind(8, s.low).bind(9, s.high);
    stats.bind(10, s.min).bind(11, s.max).bind(12, s.last_value).run();
    bytes.bind(1, key).bind(2,
                            std::span<const std::byte>(arena_).subspan(chunk.offset, chunk.size));
    bytes.run();
  }
}

void RunWriter::Impl::insert_all(Database& database, std::optional<series::RunStatus> status) {
  for (const NewSignal& signal : new_signals_) {
    database.prepare("INSERT INTO signals VALUES(?, ?, ?)")
        .bind(1, static_cast<std::int64_t>(signal.id))
        .bind(2, signal.name)
        .bind(3, word(signal.axis))
        .run();
  }
  insert_chunks(database);
  for (const PendingRecord& record : records) insert_record(database, record);
  for (const auto& [key, text] : info) write_info_value(database, key, text);
  if (status) write_info_value(database, "status", word(*status));
}

void RunWriter::Impl::encode_tails(Tail tail) {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    OpenChunk& open = open_[i];
    const bool whole = tail == Tail::close && open.saved > 0;
    const std::size_t index = whole ? 0 : open.saved;
    if (open.points.size() == index) continue;
    encode(static_cast<std::uint32_t>(i + 1), open, column_from(open.points.positions, index),
           column_from(open.points.values, index), column_from(open.points.seconds, index), index);
  }
}

/// One transaction for everything that waits. When it fails, memory is as it was before.
void RunWriter::Impl::flush(Tail tail, std::optional<series::RunStatus> status) {
  if (written_) throw StoreError(fmt::format("run {} is closed: finish it again", id));
  const std::size_t chunks_before = pending_.size();
  const std::size_t bytes_before = arena_.size();
  try {
    if (tail != Tail::keep) encode_tails(tail);
    if (pending_.empty() && new_signals_.empty() && records.empty() && info.empty() && !status &&
        !unborn_) {
      return;
    }
    Database& database = connection();
    Transaction transaction(database);
    insert_all(database, status);
    transaction.commit();
  } catch (...) {
    pending_.resize(chunks_before);
    arena_.resize(bytes_before);
    throw;
  }
  pending_.clear();
  arena_.clear();
  new_signals_.clear();
  records.clear();
  info.clear();
  next_flush_ = 0;
  // Of thousands of runs, each that once had much to write must not keep the room for it.
  if (arena_.capacity() > kChunkPoints * sizeof(double)) std::vector<std::byte>().swap(arena_);
  if (tail == Tail::keep) return;
  for (OpenChunk& open : open_) open.saved = open.points.size();
}

void RunWriter::Impl::sync() { flush(Tail::pieces, {}); }

void RunWriter::Impl::spill() {
  if (!is_draft()) throw StoreError(fmt::format("run {} is published: sync it", id));
  flush(Tail::keep, {});
  rest();
}

void RunWriter::Impl::rest() noexcept { database_.reset(); }

void RunWriter::Impl::abandon() noexcept {
  if (finished) return;
  if (database_) database_->leave_log();
  database_.reset();
  if (is_draft()) group_->drop(id);
  finished = true;
}

std::size_t RunWriter::Impl::waiting_bytes() const noexcept {
  return arena_.size() + records.size() * kRecordBytes;
}

/// Ends WAL mode, so that a finished run is one file that can be read anywhere.
void RunWriter::Impl::close_file() {
  if (!database_) return;
  if (!is_draft()) {
    try {
      database_->execute("PRAGMA busy_timeout=200; PRAGMA wal_checkpoint(TRUNCATE)");
      database_->execute("PRAGMA journal_mode=DELETE");
    } catch (const StoreError&) {
      // A reader holds the file: it stays in WAL mode, which is as safe.
    }
  }
  database_.reset();
}

void RunWriter::Impl::finish(series::RunStatus status) {
  if (!written_) flush(Tail::close, status);
  written_ = true;
  close_file();
  if (alone_ && is_draft()) group_->publish();
  finished = true;
  lock_.reset();
  if (group_ && !alone_) return;  // Whoever has the group indexes its runs together.
  try {
    // Closed before the catalogue looks at the file, so that no -wal file is left.
    Catalog(store_, Access::write).refresh(id);
  } catch (const Error&) {
    // The catalogue is an index; it is mended when it is read.
  }
}

}  // namespace emdyn::collect::store
