#include "emdyn/collect/store/salvage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/collect/store/writer_state.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::int64_t kMostGuessed = 1'000'000;  // Chunks of a signal.

using RowVisit = std::function<void(const Statement&)>;

/// Visits the rows of a table by rising id until one cannot be read, then from the other end.
/// @return true when there was such a place.
bool visit_from_both_ends(Database& database, std::string_view columns, std::string_view table,
                          const RowVisit& visit) {
  std::optional<std::int64_t> reached;
  const auto walk = [&](std::string_view order) {
    try {
      Statement query = database.prepare(
          fmt::format("SELECT {} FROM {} NOT INDEXED ORDER BY id {}", columns, table, order));
      while (query.step()) {
        const std::int64_t id = query.integer(0);
        if (order == "DESC" && reached && id <= *reached) return true;
        visit(query);
        if (order == "ASC") reached = id;
      }
      return true;
    } catch (const StoreError&) {
      return false;
    }
  };
  if (walk("ASC")) return false;
  walk("DESC");
  return true;
}

/// One damaged run on its way into a new one.
class Salvager {
 public:
  Salvager(const std::filesystem::path& file, Salvage& report)
      : checked_(file, Access::read),
        raw_(file, Access::read, PageSums::ignored),
        report_(report) {}

  series::RunInfo info(std::string_view id);
  void copy(RunWriter::Impl& to);

 private:
  void find_signals();
  void find_chunks();
  void copy_signal(std::uint32_t number, RunWriter::Impl& to);
  bool copy_chunk(std::int64_t chunk, SignalId signal, RunWriter::Impl& to);
  void copy_records(RunWriter::Impl& to);

  Database checked_;
  Database raw_;
  Salvage& report_;
  std::map<std::uint32_t, std::pair<std::string, series::Axis>> signals_;
  std::map<std::uint32_t, std::set<std::int64_t>> chunks_;
};

series::RunInfo Salvager::info(std::string_view id) {
  series::RunInfo info;
  try {
    info = read_info(checked_);
  } catch (const StoreError&) {
    info.name = fmt::format("salvaged {}", id);
    report_.lost_info = true;
  }
  info.id = id;
  return info;
}

void Salvager::find_signals() {
  report_.lost_info |=
      visit_from_both_ends(checked_, "id, name, axis", "signals", [&](const Statement& row) {
        try {
          signals_[static_cast<std::uint32_t>(row.integer(0))] = {
              row.text(1), series::axis_from_word(row.text(2))};
        } catch (const DataError&) {
          report_.lost_info = true;
        }
      });
}

/// Chunks hold a checksum of their own, so their pages may be as they like.
void Salvager::find_chunks() {
  const auto note = [&](const Statement& row) {
    const std::int64_t id = row.integer(0);
    if (id > 0) chunks_[static_cast<std::uint32_t>(id >> kStartBits)].insert(id);
  };
  visit_from_both_ends(raw_, "id", "chunks", note);
  visit_from_both_ends(raw_, "id", "chunk_bytes", note);
  // Where both tables are torn: full chunks stand at known places.
  constexpr auto kStep = static_cast<std::int64_t>(kChunkPoints);
  for (auto& [signal, ids] : chunks_) {
    const std::int64_t first = chunk_key(signal, 0);
    const std::int64_t last = *ids.rbegin();
    if ((last - first) / kStep > kMostGuessed) continue;  // A number of a torn page.
    for (std::int64_t id = first; id < last; id += kStep) ids.insert(id);
  }
}

bool Salvager::copy_chunk(std::int64_t chunk, SignalId signal, RunWriter::Impl& to) {
  Points points;
  try {
    Statement query = raw_.prepare("SELECT bytes FROM chunk_bytes WHERE id = ?");
    query.bind(1, chunk);
    if (!query.step()) return false;
    ChunkCodec::of_this_thread().decode(query.blob(0), "", points);
    to.append(signal, points.positions, points.values, points.seconds);
  } catch (const DiskError&) {
    throw;  // Where the new run goes.
  } catch (const Error&) {
    return false;
  }
  report_.points += points.size();
  return true;
}

void Salvager::copy_signal(std::uint32_t number, RunWriter::Impl& to) {
  const auto known = signals_.find(number);
  if (known == signals_.end()) report_.lost_info = true;
  const auto& [name, axis] = known != signals_.end()
                                 ? known->second
                                 : std::pair(fmt::format("signal {}", number), series::Axis::step);
  SignalId signal{};
  try {
    signal = to.add_signal(name, axis);
  } catch (const ConfigError&) {
    signal = to.add_signal(fmt::format("{} ({})", name, number), axis);
  }
  for (const std::int64_t chunk : chunks_[number]) {
    if (!copy_chunk(chunk, signal, to)) ++report_.lost_chunks;
  }
}

void Salvager::copy_records(RunWriter::Impl& to) {
  report_.lost_records = visit_from_both_ends(
      checked_, "id, kind, signal, position, json", "records", [&](const Statement& row) {
        for (const RecordKind kind : {RecordKind::event, RecordKind::transition,
                                      RecordKind::forecast, RecordKind::attribution}) {
          if (row.text(1) != word(kind)) continue;
          to.records.push_back({kind, row.text(2), row.maybe_real(3), row.text(4)});
          ++report_.records;
        }
      });
}

void Salvager::copy(RunWriter::Impl& to) {
  find_signals();
  find_chunks();
  std::set<std::uint32_t> numbers;
  for (const auto& [number, signal] : signals_) numbers.insert(number);
  for (const auto& [number, ids] : chunks_) numbers.insert(number);
  for (const std::uint32_t number : numbers) copy_signal(number, to);
  copy_records(to);
}

void set_aside(const std::filesystem::path& file) {
  std::error_code error;
  const std::string aside = file.string() + ".damaged";
  std::filesystem::remove(aside, error);
  std::filesystem::create_hard_link(file, aside, error);
  if (error) std::filesystem::copy_file(file, aside, error);
  if (error) {
    throw DiskError(fmt::format("{}: cannot be kept ({}): check the store's permissions and space",
                                terminal_safe(aside), error.message()));
  }
  // Were the old log left, SQLite would take it for one of the new file.
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    std::filesystem::rename(file.string() + suffix, aside + suffix, error);
  }
}

}  // namespace

void to_json(Json& json, const Salvage& salvage) {
  json = Json{{"id", salvage.id},
              {"points", salvage.points},
              {"records", salvage.records},
              {"lost_chunks", salvage.lost_chunks},
              {"lost_records", salvage.lost_records},
              {"lost_info", salvage.lost_info},
              {"kept_at", salvage.kept_at}};
}

Salvage salvage_run(const std::filesystem::path& store, std::string_view id) {
  Salvage report;
  report.id = id;
  const std::filesystem::path file = run_path(store, id);
  const auto group = std::make_shared<RunGroup>(store);
  std::optional<Salvager> from(std::in_place, file, report);
  series::RunInfo info = from->info(id);
  RunWriter::Impl to(store, info, group, false);
  from->copy(to);
  from.reset();
  if (report.points == 0 && report.records == 0) {
    throw StoreError(fmt::format("runs/{}.db: nothing of it can be read", id));
  }
  to.finish(info.status == series::RunStatus::running ? series::RunStatus::interrupted
                                                      : info.status);
  set_aside(file);
  group->publish();
  report.kept_at = fmt::format("runs/{}.db.damaged", id);
  return report;
}

}  // namespace emdyn::collect::store
