#include "emdyn/collect/store/run_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "emdyn/collect/store/run_reader.hpp"
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

/// So that the next push_back cannot fail.
template <class T>
void make_room(std::vector<T>& items) {
  if (items.size() == items.capacity()) items.reserve(std::max<std::size_t>(4, 2 * items.size()));
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

RunWriter::Impl::Impl(std::filesystem::path store, const series::RunInfo& about,
                      std::shared_ptr<RunGroup> group, bool alone)
    : id(about.id),
      store_(std::move(store)),
      group_(std::move(group)),
      alone_(alone),
      unborn_(about),
      lock_(group_->claim(id)) {
  group_->add(id);
}

RunWriter::Impl::Impl(std::filesystem::path store, std::string run, RunLock lock, Database database,
                      std::shared_ptr<RunGroup> group, bool resumed)
    : id(std::move(run)),
      store_(std::move(store)),
      group_(std::move(group)),
      lock_(std::move(lock)),
      database_(std::move(database)) {
  if (resumed) load_open_chunks();
}

RunWriter::Impl::~Impl() {
  database_.reset();
  if (!finished && is_draft()) group_->drop(id);
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
  NewSignal fresh{number, std::string(name), axis};
  make_room(open_);
  make_room(new_signals_);
  known_.emplace(name, Known{number, axis});
  // Nothing from here on can fail.
  open_.emplace_back();
  new_signals_.push_back(std::move(fresh));
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
  if (arena_.size() < kMaxPendingBytes || (only_at_sync && !is_draft())) return;
  next_flush_ = 0;
  flush(Tail::keep, {});
}

void RunWriter::Impl::append(OpenChunk& open, std::uint32_t signal, double position, double value,
                             const std::optional<double>& seconds) {
  if (!std::isfinite(position)) {
    throw DataError(fmt::format("positions must be finite, got {}", shortest(position)));
  }
  Points& points = open.points;
  if (points.size() == kChunkPoints) close_chunk(signal, open);
  const bool timed = seconds || !points.seconds.empty();
  make_room(points.positions);
  make_room(points.values);
  if (timed) points.seconds.reserve(points.positions.capacity());
  // Nothing from here on can fail: the columns never differ in length.
  if (timed) points.seconds.resize(points.size(), kNoPosition);
  points.positions.push_back(position);
  points.values.push_back(value);
  if (timed) points.seconds.push_back(seconds.value_or(kNoPosition));
  if (points.size() < kChunkPoints) return;
  try {
    close_chunk(signal, open);
  } catch (const std::bad_alloc&) {
    // The point is taken; the next one, or the next sync, closes the chunk.
  }
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
  if (arena_.size() < std::max(next_flush_, kFlushBytes) || (only_at_sync && !is_draft())) return;
  next_flush_ = arena_.size() + kFlushBytes;
  try {
    flush(Tail::keep, {});
  } catch (const StoreError&) {
    // The points wait in memory; sync says what is wrong, and need_room bounds the wait.
  } catch (const std::bad_alloc&) {
    // Likewise.
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
  make_room(pending_);
  ChunkCodec::of_this_thread().encode(positions, values, seconds, arena_);
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

RunWriter::RunWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;

RunWriter& RunWriter::operator=(RunWriter&& other) noexcept {
  RunWriter old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

RunWriter::~RunWriter() {
  // A run that nobody knows of yet is given up rather than published half made.
  if (!impl_ || impl_->finished || impl_->is_draft()) return;
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

void RunWriter::set_progress(const Json& progress) {
  live().info["progress"] = json_text(progress);
  live().only_at_sync = true;
}

void RunWriter::rest() noexcept {
  if (impl_) impl_->rest();
}

void RunWriter::abandon() noexcept {
  if (impl_) impl_->abandon();
  impl_.reset();
}

void RunWriter::spill() { live().spill(); }

std::size_t RunWriter::waiting_bytes() const noexcept { return impl_ ? impl_->waiting_bytes() : 0; }

bool RunWriter::has_file_open() const noexcept { return impl_ && impl_->has_file_open(); }

void RunWriter::sync() { live().sync(); }

void RunWriter::finish(series::RunStatus status) { live().finish(status); }

}  // namespace emdyn::collect::store
