#include "emdyn/collect/store/run_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/collect/store/catalog.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/collect/store/writer_state.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr double kNoPosition = std::numeric_limits<double>::quiet_NaN();
/// Compressed bytes after which chunks go to disk by themselves.
constexpr std::size_t kFlushBytes = 8 << 20;
/// And after which no more are taken when the disk refuses.
constexpr std::size_t kMaxPendingBytes = 64 << 20;
constexpr std::uint64_t kMaxSignals = 1 << 22;

std::span<const double> from(const std::vector<double>& column, std::size_t index) {
  return column.empty() ? std::span<const double>() : std::span(column).subspan(index);
}

}  // namespace

PendingRecord pending_record(const series::Event& event) {
  return {RecordKind::event, event.signal, event.position, json_text(Json(event))};
}

PendingRecord pending_record(const series::Transition& transition) {
  const auto position = transition.onset ? std::optional(transition.onset->estimate) : std::nullopt;
  return {RecordKind::transition, transition.order_parameter, position,
          json_text(Json(transition))};
}

PendingRecord pending_record(const series::Forecast& forecast) {
  return {RecordKind::forecast, forecast.target, forecast.at, json_text(Json(forecast))};
}

PendingRecord pending_record(const series::Attribution& attribution) {
  return {RecordKind::attribution, attribution.target, std::nullopt, json_text(Json(attribution))};
}

void insert_record(Database& database, const PendingRecord& record) {
  database.prepare("INSERT INTO records(kind, signal, position, json) VALUES(?, ?, ?, ?)")
      .bind(1, word(record.kind))
      .bind(2, record.signal)
      .bind(3, record.position)
      .bind(4, record.json)
      .run();
}

RunWriter::Impl::Impl(std::filesystem::path store, std::string run, RunLock lock, Database database,
                      Start start)
    : id(std::move(run)),
      store_(std::move(store)),
      lock_(std::move(lock)),
      database_(std::move(database)),
      draft_(start == Start::draft) {
  if (start == Start::resumed) load_open_chunks();
}

RunWriter::Impl::~Impl() {
  if (!draft_) return;
  database_.reset();
  std::error_code ignored;
  std::filesystem::remove(draft_path(store_, id), ignored);
}

/// Takes the pieces after each signal's last full chunk back into memory.
void RunWriter::Impl::load_open_chunks() {
  RunReader reader(run_path(store_, id));
  for (const SignalRow& row : reader.signals()) {
    if (row.id == 0 || row.id > kMaxSignals) {
      throw StoreError(
          fmt::format("run {}: signal number {} is out of range: emdyn doctor says "
                      "what is left",
                      id, row.id));
    }
    known_[row.name] = {row.id, row.axis};
    if (open_.size() < row.id) open_.resize(row.id);
    OpenChunk& open = open_[row.id - 1];
    const std::vector<ChunkRow> chunks = reader.chunks(row);
    std::size_t full = 0;
    while (full < chunks.size() && chunks[full].stats.count == kChunkPoints) ++full;
    open.start = full * kChunkPoints;
    if (full > 0) open.before = chunks[full - 1].stats.last;
    const bool with_seconds =
        std::any_of(chunks.begin() + static_cast<std::ptrdiff_t>(full), chunks.end(),
                    [](const auto& c) { return c.has_seconds; });
    for (; full < chunks.size(); ++full) {
      reader.points(row, chunks[full], with_seconds, open.points);
    }
    open.saved = open.points.size();
    if (open.saved >= kChunkPoints) {
      throw StoreError(
          fmt::format("run {}: signal \"{}\" has chunks out of order: emdyn doctor "
                      "says what is left",
                      id, terminal_safe(row.name)));
    }
  }
}

SignalId RunWriter::Impl::add_signal(std::string_view name, series::Axis axis) {
  const auto found = known_.find(std::string(name));
  if (found != known_.end()) {
    if (found->second.axis != axis) {
      throw ConfigError(fmt::format("signal \"{}\" counts in {} already, it cannot count in {}",
                                    terminal_safe(name), word(found->second.axis), word(axis)));
    }
    return SignalId{found->second.id};
  }
  if (open_.size() >= kMaxSignals) throw ConfigError("a run holds at most 4,194,304 signals");
  const auto number = static_cast<std::uint32_t>(open_.size() + 1);
  open_.emplace_back();
  known_[std::string(name)] = {number, axis};
  new_signals_.push_back({number, std::string(name), axis});
  return SignalId{number};
}

OpenChunk& RunWriter::Impl::open(SignalId signal) {
  const auto number = static_cast<std::uint32_t>(signal);
  if (number == 0 || number > open_.size()) {
    throw ConfigError(fmt::format("signal number {} is not of this run: add_signal first", number));
  }
  return open_[number - 1];
}

void RunWriter::Impl::need_room() {
  if (arena_.size() < kMaxPendingBytes) return;
  next_flush_ = 0;
  flush(Tail::keep, {});
}

void RunWriter::Impl::append(OpenChunk& open, std::uint32_t signal, double position, double value,
                             const std::optional<double>& seconds) {
  if (!std::isfinite(position)) {
    throw DataError(fmt::format("positions must be finite, got {}", shortest(position)));
  }
  Points& points = open.points;
  if (seconds && points.seconds.empty()) points.seconds.resize(points.size(), kNoPosition);
  points.positions.push_back(position);
  points.values.push_back(value);
  if (seconds || !points.seconds.empty()) points.seconds.push_back(seconds.value_or(kNoPosition));
  if (points.size() == kChunkPoints) close_chunk(signal, open);
}

void RunWriter::Impl::append(SignalId signal, double position, double value,
                             const std::optional<double>& seconds) {
  OpenChunk& chunk = open(signal);
  need_room();
  append(chunk, static_cast<std::uint32_t>(signal), position, value, seconds);
  if (chunk.points.size() == 0) flush_when_large();
}

void RunWriter::Impl::append(SignalId signal, std::span<const double> positions,
                             std::span<const double> values, std::span<const double> seconds) {
  if (positions.size() != values.size() || (!seconds.empty() && seconds.size() != values.size())) {
    throw ConfigError(
        fmt::format("append needs columns of equal length, got {} positions, {} "
                    "values and {} wall times",
                    positions.size(), values.size(), seconds.size()));
  }
  if (!std::ranges::all_of(positions, [](double p) { return std::isfinite(p); })) {
    throw DataError("positions must be finite");
  }
  OpenChunk& open_chunk = open(signal);
  const auto number = static_cast<std::uint32_t>(signal);
  std::size_t next = 0;
  while (next < values.size()) {
    need_room();
    if (open_chunk.points.size() == 0 && values.size() - next >= kChunkPoints) {
      const auto part = [&](std::span<const double> column) {
        return column.empty() ? column : column.subspan(next, kChunkPoints);
      };
      encode(number, open_chunk, part(positions), part(values), part(seconds), 0);
      open_chunk.before = positions[next + kChunkPoints - 1];
      open_chunk.start += kChunkPoints;
      next += kChunkPoints;
      continue;
    }
    append(open_chunk, number, positions[next], values[next],
           seconds.empty() ? std::nullopt : std::optional(seconds[next]));
    ++next;
  }
  flush_when_large();
}

void RunWriter::Impl::flush_when_large() {
  if (arena_.size() < std::max(next_flush_, kFlushBytes)) return;
  next_flush_ = arena_.size() + kFlushBytes;
  try {
    flush(Tail::keep, {});
  } catch (const StoreError&) {
    // The points wait in memory; sync says what is wrong, and need_room bounds the wait.
  }
}

/// Encodes the points from `index` on as one pending chunk.
void RunWriter::Impl::encode(std::uint32_t signal, OpenChunk& open,
                             std::span<const double> positions, std::span<const double> values,
                             std::span<const double> seconds, std::size_t index) {
  PendingChunk chunk;
  chunk.signal = signal;
  chunk.start = open.start + index;
  chunk.replaces = index == 0 && open.saved > 0;
  chunk.has_seconds = !seconds.empty();
  chunk.offset = arena_.size();
  chunk.stats =
      chunk_stats(positions, values,
                  index == 0 ? open.before : std::optional(open.points.positions[index - 1]));
  codec_.encode(positions, values, seconds, arena_);
  chunk.size = arena_.size() - chunk.offset;
  pending_.push_back(chunk);
}

void RunWriter::Impl::close_chunk(std::uint32_t signal, OpenChunk& open) {
  encode(signal, open, open.points.positions, open.points.values, open.points.seconds, 0);
  open.before = open.points.positions.back();
  open.start += open.points.size();
  open.saved = 0;
  open.points.clear();
}

void RunWriter::Impl::insert_all(std::optional<series::RunStatus> status) {
  for (const NewSignal& signal : new_signals_) {
    database_->prepare("INSERT INTO signals VALUES(?, ?, ?)")
        .bind(1, static_cast<std::int64_t>(signal.id))
        .bind(2, signal.name)
        .bind(3, word(signal.axis))
        .run();
  }
  Statement stats = database_->prepare("INSERT INTO chunks VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement bytes = database_->prepare("INSERT INTO chunk_bytes VALUES(?, ?)");
  for (const PendingChunk& chunk : pending_) {
    const std::int64_t key = chunk_key(chunk.signal, chunk.start);
    if (chunk.replaces) {
      for (const char* sql : {"DELETE FROM chunks WHERE id >= ? AND id < ?",
                              "DELETE FROM chunk_bytes WHERE id >= ? AND id < ?"}) {
        const auto end = key + static_cast<std::int64_t>(kChunkPoints);
        database_->prepare(sql).bind(1, key).bind(2, end).run();
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
  for (const PendingRecord& record : records) insert_record(*database_, record);
  for (const auto& [key, text] : info) write_info_value(*database_, key, text);
  if (status) write_info_value(*database_, "status", word(*status));
}

/// One transaction for everything that waits. When it fails, memory is as it was before.
void RunWriter::Impl::flush(Tail tail, std::optional<series::RunStatus> status) {
  if (!database_) throw StoreError(fmt::format("run {} is closed: finish it again", id));
  const std::size_t chunks_before = pending_.size();
  const std::size_t bytes_before = arena_.size();
  try {
    if (tail != Tail::keep) {
      for (std::size_t i = 0; i < open_.size(); ++i) {
        OpenChunk& open = open_[i];
        const bool whole = tail == Tail::close && open.saved > 0;
        const std::size_t index = whole ? 0 : open.saved;
        if (open.points.size() == index) continue;
        encode(static_cast<std::uint32_t>(i + 1), open, from(open.points.positions, index),
               from(open.points.values, index), from(open.points.seconds, index), index);
      }
    }
    if (pending_.empty() && new_signals_.empty() && records.empty() && info.empty() && !status)
      return;
    Transaction transaction(*database_);
    insert_all(status);
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
  if (tail == Tail::keep) return;
  for (OpenChunk& open : open_) open.saved = open.points.size();
}

void RunWriter::Impl::sync() { flush(Tail::pieces, {}); }

/// Ends WAL mode, so that a finished run is one file that can be read anywhere.
void RunWriter::Impl::close_file() {
  try {
    database_->execute("PRAGMA busy_timeout=200; PRAGMA wal_checkpoint(TRUNCATE)");
    database_->execute("PRAGMA journal_mode=DELETE");
  } catch (const StoreError&) {
    // A reader holds the file: it stays in WAL mode, which is as safe.
  }
  database_.reset();
}

void RunWriter::Impl::finish(series::RunStatus status) {
  if (database_) flush(Tail::close, status);
  if (draft_) {
    database_.reset();
    publish(draft_path(store_, id), run_path(store_, id));
    draft_ = false;
  } else if (database_) {
    close_file();
  }
  finished = true;
  lock_.reset();
  try {
    // Closed before the catalogue looks at the file, so that no -wal file is left.
    Catalog(store_, Access::write).refresh(id);
  } catch (const Error&) {
    // The catalogue is an index; it is mended when it is read.
  }
}

RunWriter::RunWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;

RunWriter& RunWriter::operator=(RunWriter&& other) noexcept {
  RunWriter old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

RunWriter::~RunWriter() {
  if (!impl_ || impl_->finished) return;
  try {
    impl_->finish(series::RunStatus::interrupted);
  } catch (...) {
    // What was synced is safe; there is nobody left to tell.
  }
}

RunWriter::Impl& RunWriter::live() const {
  if (!impl_ || impl_->finished) throw StoreError("the run is finished: resume it to write more");
  return *impl_;
}

const std::string& RunWriter::id() const noexcept { return impl_->id; }

SignalId RunWriter::add_signal(std::string_view name, series::Axis axis) {
  return live().add_signal(name, axis);
}

void RunWriter::append(SignalId signal, double position, double value,
                       std::optional<double> seconds) {
  live().append(signal, position, value, seconds);
}

void RunWriter::append(SignalId signal, std::span<const double> positions,
                       std::span<const double> values, std::span<const double> seconds) {
  live().append(signal, positions, values, seconds);
}

void RunWriter::record(const series::Event& event) {
  live().records.push_back(pending_record(event));
}

void RunWriter::record(const series::Transition& transition) {
  live().records.push_back(pending_record(transition));
}

void RunWriter::record(const series::Forecast& forecast) {
  live().records.push_back(pending_record(forecast));
}

void RunWriter::record(const series::Attribution& attribution) {
  live().records.push_back(pending_record(attribution));
}

void RunWriter::set_notes(const Json& notes) { live().info["notes"] = json_text(notes); }

void RunWriter::set_configuration(const Json& configuration) {
  live().info["configuration"] = json_text(configuration);
}

void RunWriter::sync() { live().sync(); }

void RunWriter::finish(series::RunStatus status) { live().finish(status); }

}  // namespace emdyn::collect::store
