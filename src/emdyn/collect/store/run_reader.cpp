#include "emdyn/collect/store/run_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "emdyn/collect/store/schema.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

Database open_snapshot(const std::filesystem::path& file) {
  Database database = open_run(file, Access::read);
  database.execute("BEGIN");
  return database;
}

std::uint32_t bounded(const Statement& query, int column) {
  const std::int64_t value = query.integer(column);
  return value < 0 || value > static_cast<std::int64_t>(kChunkPoints)
             ? 0
             : static_cast<std::uint32_t>(value);
}

}  // namespace

RunReader::RunReader(const std::filesystem::path& file)
    : database_(open_snapshot(file)),
      read_info_(collect::store::read_info(database_)),
      bytes_(database_.prepare("SELECT bytes FROM chunk_bytes WHERE id = ?")) {
  // The file's name is what the store knows the run by; a copied file keeps working.
  read_info_.id = file.stem().string();
}

Json RunReader::progress() { return read_progress(database_); }

std::vector<SignalRow> RunReader::signals() {
  std::vector<SignalRow> rows;
  Statement query = database_.prepare("SELECT id, name, axis FROM signals ORDER BY id");
  while (query.step()) rows.push_back(signal_row(query));
  return rows;
}

SignalRow RunReader::signal_row(const Statement& query) const {
  SignalRow row{static_cast<std::uint32_t>(query.integer(0)), query.text(1), {}};
  try {
    row.axis = series::axis_from_word(query.text(2));
  } catch (const DataError& error) {
    throw StoreError(fmt::format("{}: signal \"{}\": {}: emdyn doctor says what is left",
                                 terminal_safe(database_.file()), terminal_safe(row.name),
                                 error.what()));
  }
  return row;
}

SignalRow RunReader::signal(std::string_view name) {
  Statement query = database_.prepare("SELECT id, name, axis FROM signals WHERE name = ?");
  query.bind(1, name);
  if (query.step()) return signal_row(query);
  std::vector<std::string> names;
  for (SignalRow& row : signals()) names.push_back(std::move(row.name));
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto nearest = nearest_word(name, known);
  throw DataError(fmt::format(
      "run {} has no signal \"{}\"{}", read_info_.id, terminal_safe(name),
      nearest ? fmt::format(": did you mean \"{}\"?", terminal_safe(*nearest))
              : fmt::format(": it has {}", known.empty() ? std::string("none")
                                                         : terminal_safe(fmt::format(
                                                               "{}", fmt::join(known, ", "))))));
}

std::vector<ChunkRow> RunReader::chunks(const SignalRow& signal) {
  std::vector<ChunkRow> rows;
  Statement query = database_.prepare(
      "SELECT id, count, nonfinite, backs, has_seconds, first, last, low, high, min, max, "
      "last_value FROM chunks WHERE id >= ? AND id < ? ORDER BY id");
  query.bind(1, chunk_key(signal.id, 0)).bind(2, chunk_key(signal.id + 1, 0));
  while (query.step()) {
    ChunkRow row{query.integer(0), query.integer(4) != 0, {}};
    row.stats.count = bounded(query, 1);
    row.stats.nonfinite = bounded(query, 2);
    row.stats.backs = bounded(query, 3);
    row.stats.first = query.real(5);
    row.stats.last = query.real(6);
    row.stats.low = query.real(7);
    row.stats.high = query.real(8);
    row.stats.min = query.maybe_real(9);
    row.stats.max = query.maybe_real(10);
    row.stats.last_value = query.maybe_real(11).value_or(kMissing);
    rows.push_back(row);
  }
  return rows;
}

void RunReader::points(const SignalRow& signal, const ChunkRow& chunk, bool with_seconds,
                       Points& out) {
  const auto what = [&] {
    const std::int64_t start = chunk.id - chunk_key(signal.id, 0);
    return fmt::format("{}: signal \"{}\" from point {}", terminal_safe(database_.file()),
                       terminal_safe(signal.name), start);
  };
  bytes_.reset();
  bytes_.bind(1, chunk.id);
  if (!bytes_.step()) {
    throw StoreError(what() + ": its points are missing: emdyn doctor says what is left");
  }
  const std::size_t before = out.size();
  std::size_t count = 0;
  try {
    count = ChunkCodec::of_this_thread().decode(bytes_.blob(0), "", out);
  } catch (const StoreError& error) {
    throw StoreError(what() + error.what());
  }
  if (count != chunk.stats.count) {
    throw StoreError(what() + ": its count is wrong: emdyn doctor says what is left");
  }
  if (!with_seconds) {
    out.seconds.clear();
  } else if (out.seconds.size() == before) {
    out.seconds.resize(out.size(), kMissing);
  }
  bytes_.reset();
}

series::Signal RunReader::load(const SignalRow& signal) {
  const std::vector<ChunkRow> rows = chunks(signal);
  bool with_seconds = false;
  std::size_t total = 0;
  for (const ChunkRow& row : rows) {
    with_seconds = with_seconds || row.has_seconds;
    total += row.stats.count;
  }
  Points all;
  // Counts were bounded, so this is at most what the rows could hold.
  all.positions.reserve(total);
  all.values.reserve(total);
  all.seconds.reserve(with_seconds ? total : 0);
  for (const ChunkRow& row : rows) points(signal, row, with_seconds, all);
  series::Signal loaded{signal.name, signal.axis, {}, {}, {}, {0}};
  for (std::size_t i = 1; i < all.positions.size(); ++i) {
    if (all.positions[i] < all.positions[i - 1]) loaded.segments.push_back(i);
  }
  loaded.positions = std::move(all.positions);
  loaded.values = std::move(all.values);
  loaded.seconds = std::move(all.seconds);
  return loaded;
}

SignalSummary RunReader::summary(const SignalRow& signal) {
  SignalSummary summary;
  summary.name = signal.name;
  summary.axis = signal.axis;
  for (const ChunkRow& row : chunks(signal)) {
    const ChunkStats& stats = row.stats;
    if (!summary.first_position) summary.first_position = stats.first;
    summary.points += stats.count;
    summary.segments += stats.backs;
    summary.nonfinite += stats.nonfinite;
    summary.has_seconds = summary.has_seconds || row.has_seconds;
    summary.last_position = stats.last;
    summary.last_value = stats.last_value;
    if (stats.min) summary.min = std::min(summary.min.value_or(*stats.min), *stats.min);
    if (stats.max) summary.max = std::max(summary.max.value_or(*stats.max), *stats.max);
  }
  return summary;
}

RunSummary RunReader::summary() {
  RunSummary all;
  all.info = read_info_;
  all.progress = progress();
  for (const SignalRow& row : signals()) {
    const SignalSummary one = summary(row);
    ++all.signals;
    all.points += one.points;
    all.nonfinite += one.nonfinite;
    if (one.last_position) {
      all.last_position =
          std::max(all.last_position.value_or(*one.last_position), *one.last_position);
    }
  }
  all.events = count_records(RecordKind::event);
  all.transitions = count_records(RecordKind::transition);
  all.forecasts = count_records(RecordKind::forecast);
  all.attributions = count_records(RecordKind::attribution);
  return all;
}

std::uint64_t RunReader::count_records(RecordKind kind) {
  Statement query = database_.prepare("SELECT COUNT(*) FROM records WHERE kind = ?");
  query.bind(1, word(kind));
  return query.step() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
}

void RunReader::records(RecordKind kind, const std::function<void(const Json&)>& visit) {
  Statement query = database_.prepare("SELECT id, json FROM records WHERE kind = ? ORDER BY id");
  query.bind(1, word(kind));
  while (query.step()) {
    const std::string what =
        fmt::format("{}: {} {}", terminal_safe(database_.file()), word(kind), query.integer(0));
    std::string why;
    try {
      visit(parse_json(query.text(1), what));
      continue;
    } catch (const DataError& error) {
      why = error.what();
    } catch (const Json::exception& error) {
      why = error.what();
    }
    throw StoreError(
        fmt::format("{}: the record is damaged ({}): emdyn doctor says what is left", what, why));
  }
}

}  // namespace emdyn::collect::store
