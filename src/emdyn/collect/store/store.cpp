#include "emdyn/collect/store/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "emdyn/collect/store/catalog.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/overview.hpp"
#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/collect/store/writer_state.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::size_t kMinPrefix = 4;
constexpr std::size_t kMaxListed = 10;

double now_seconds() {
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

template <class Record>
std::vector<Record> all_records(const std::filesystem::path& file, RecordKind kind) {
  std::vector<Record> records;
  RunReader(file).records(kind, [&](const Json& json) { records.push_back(json.get<Record>()); });
  return records;
}

template <class Record>
void read_into(RunReader& reader, RecordKind kind, std::vector<Record>& records) {
  reader.records(kind, [&](const Json& json) { records.push_back(json.get<Record>()); });
}

std::string candidates_text(const std::vector<RunSummary>& found) {
  std::string text;
  for (std::size_t i = 0; i < std::min(found.size(), kMaxListed); ++i) {
    text += fmt::format("{}{} (\"{}\")", i == 0 ? "" : ", ", found[i].info.id,
                        terminal_safe(found[i].info.name));
  }
  return found.size() > kMaxListed ? text + ", …" : text;
}

}  // namespace

Store::Store(std::filesystem::path folder, Mode mode) : folder_(std::move(folder)), mode_(mode) {}

Store Store::open(const std::filesystem::path& folder, Mode mode) {
  std::error_code error;
  if (mode == Mode::write) {
    const bool foreign =
        std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error);
    std::filesystem::create_directories(runs_folder(folder), error);
    if (foreign || error) {
      throw StoreError(fmt::format("{}: no store can be made here ({}): give another folder",
                                   terminal_safe(folder.string()),
                                   foreign ? "it is a file" : error.message()));
    }
    if (::faccessat(AT_FDCWD, runs_folder(folder).c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
      throw StoreError(
          fmt::format("{}: the store cannot be written: check its permissions, or "
                      "give another folder",
                      terminal_safe(folder.string())));
    }
  } else if (!std::filesystem::is_directory(runs_folder(folder), error)) {
    throw StoreError(
        fmt::format("{}: no store there (a store is a folder that holds runs/): check "
                    "the path",
                    terminal_safe(folder.string())));
  }
  mode == Mode::write ? collect_leftovers(folder) : complete_groups(folder);
  return Store(folder, mode);
}

std::filesystem::path Store::run_file(std::string_view run) const {
  if (!is_id(run) || !std::filesystem::exists(run_path(folder_, run))) {
    throw DataError(fmt::format("{}: no run with the id \"{}\": emdyn runs list shows them",
                                terminal_safe(folder_.string()), terminal_safe(run)));
  }
  return run_path(folder_, run);
}

void Store::need_write(std::string_view action) const {
  if (mode_ == Mode::write) return;
  throw StoreError(fmt::format("{}: opened for reading, so it cannot {}: open it for writing",
                               terminal_safe(folder_.string()), action));
}

series::RunInfo Store::new_info(const series::RunInfo& given) const {
  need_write("take a new run");
  series::RunInfo info = given;
  info.id = make_id();
  info.status = series::RunStatus::running;
  if (info.created == 0.0) info.created = now_seconds();
  return info;
}

/// Whoever may write the store keeps its index, also those who only read runs.
Access Store::catalog_access() const {
  if (mode_ == Mode::write) return Access::write;
  const bool may = ::faccessat(AT_FDCWD, folder_.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
  return may ? Access::write : Access::read;
}

RunWriter Store::create(const series::RunInfo& given, Creation creation) {
  const series::RunInfo info = new_info(given);
  if (creation == Creation::whole) {
    return RunWriter(std::make_unique<RunWriter::Impl>(folder_, info,
                                                       std::make_shared<RunGroup>(folder_), true));
  }
  RunLock lock(folder_, info.id);
  const std::filesystem::path file = run_path(folder_, info.id);
  create_run(file, info);
  return RunWriter(std::make_unique<RunWriter::Impl>(folder_, info.id, std::move(lock),
                                                     open_for_writer(file), nullptr, false));
}

std::shared_ptr<RunGroup> Store::new_group() {
  need_write("take new runs");
  return std::make_shared<RunGroup>(folder_);
}

RunWriter Store::create(const series::RunInfo& given, const std::shared_ptr<RunGroup>& group) {
  return RunWriter(std::make_unique<RunWriter::Impl>(folder_, new_info(given), group, false));
}

RunWriter Store::resume(std::string_view run) { return resume(run, nullptr); }

RunWriter Store::resume(std::string_view run, const std::shared_ptr<RunGroup>& group) {
  need_write("continue a run");
  const std::filesystem::path file = run_file(run);
  RunLock lock = group ? group->claim(run) : RunLock(folder_, run);
  Database database = open_for_writer(file);
  write_info_value(database, "status", word(series::RunStatus::running));
  return RunWriter(std::make_unique<RunWriter::Impl>(folder_, std::string(run), std::move(lock),
                                                     std::move(database), group, true));
}

void Store::index(std::span<const std::string> runs) noexcept {
  try {
    Catalog catalog(folder_, Access::write);
    catalog.at_once([&] {
      for (const std::string& run : runs) catalog.refresh(run);
    });
  } catch (const std::exception&) {
    // The catalogue is an index; it is mended when it is read.
  }
}

std::vector<RunSummary> Store::runs(std::vector<std::string>* problems) {
  Catalog catalog(folder_, catalog_access());
  std::vector<RunSummary> all;
  const std::vector<std::string> ids = run_ids(folder_);
  catalog.at_once([&] {
    for (const std::string& id : ids) {
      try {
        all.push_back(catalog.summary(id));
      } catch (const Error& error) {
        // A run that was removed meanwhile is no problem.
        if (problems != nullptr && std::filesystem::exists(run_path(folder_, id))) {
          problems->emplace_back(error.what());
        }
      }
    }
    catalog.keep_only(ids);
  });
  return all;
}

RunSummary Store::summary(std::string_view run) {
  run_file(run);
  return Catalog(folder_, catalog_access()).summary(run);
}

std::string Store::find(std::string_view text) {
  const std::vector<std::string> ids = run_ids(folder_);
  if (std::ranges::binary_search(ids, std::string(text))) return std::string(text);
  std::vector<RunSummary> found;
  std::vector<std::string> names;
  for (RunSummary& run : runs()) {
    const bool prefix = text.size() >= kMinPrefix && run.info.id.starts_with(text);
    names.push_back(run.info.name);
    if (prefix || run.info.name == text) found.push_back(std::move(run));
  }
  if (found.size() == 1) return found.front().info.id;
  if (found.size() > 1) {
    throw ConfigError(fmt::format("\"{}\" means {} runs: {}: give one of the ids",
                                  terminal_safe(text), found.size(), candidates_text(found)));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto nearest = nearest_word(text, known);
  throw DataError(fmt::format("{}: no run \"{}\": {}", terminal_safe(folder_.string()),
                              terminal_safe(text),
                              nearest ? fmt::format("did you mean \"{}\"?", terminal_safe(*nearest))
                                      : std::string("emdyn runs list shows them")));
}

series::Run Store::load(std::string_view run) {
  RunReader reader(run_file(run));
  series::Run loaded;
  loaded.info = info(run);
  for (const SignalRow& row : reader.signals()) loaded.signals.push_back(reader.load(row));
  read_into(reader, RecordKind::event, loaded.events);
  read_into(reader, RecordKind::transition, loaded.transitions);
  read_into(reader, RecordKind::forecast, loaded.forecasts);
  read_into(reader, RecordKind::attribution, loaded.attributions);
  return loaded;
}

series::RunInfo Store::info(std::string_view run) {
  series::RunInfo info = RunReader(run_file(run)).info();
  if (info.status == series::RunStatus::running && !RunLock::held(folder_, run)) {
    info.status = series::RunStatus::interrupted;
  }
  return info;
}

Json Store::progress(std::string_view run) { return RunReader(run_file(run)).progress(); }

series::Signal Store::load_signal(std::string_view run, std::string_view signal) {
  RunReader reader(run_file(run));
  return reader.load(reader.signal(signal));
}

std::vector<SignalSummary> Store::summaries(std::string_view run) {
  RunReader reader(run_file(run));
  std::vector<SignalSummary> all;
  for (const SignalRow& row : reader.signals()) all.push_back(reader.summary(row));
  return all;
}

std::vector<series::Event> Store::events(std::string_view run) {
  return all_records<series::Event>(run_file(run), RecordKind::event);
}

std::vector<series::Transition> Store::transitions(std::string_view run) {
  return all_records<series::Transition>(run_file(run), RecordKind::transition);
}

std::vector<series::Forecast> Store::forecasts(std::string_view run) {
  return all_records<series::Forecast>(run_file(run), RecordKind::forecast);
}

std::vector<series::Attribution> Store::attributions(std::string_view run) {
  return all_records<series::Attribution>(run_file(run), RecordKind::attribution);
}

void Store::scan(std::string_view run, std::string_view signal, Range range,
                 const std::function<void(const Block&)>& visit) {
  RunReader reader(run_file(run));
  scan_signal(reader, reader.signal(signal), range, visit);
}

void Store::scan_all(std::string_view run, std::span<const std::string> names,
                     const std::function<void(const SignalSummary&, const Block&)>& visit) {
  RunReader reader(run_file(run));
  const auto wanted = [&](const SignalRow& row) {
    return names.empty() || std::ranges::find(names, row.name) != names.end();
  };
  for (const SignalRow& row : reader.signals()) {
    if (!wanted(row)) continue;
    const SignalSummary summary = reader.summary(row);
    scan_signal(reader, row, {}, [&](const Block& block) { visit(summary, block); });
  }
}

std::vector<Column> Store::overview(std::string_view run, std::string_view signal, int columns,
                                    Range range) {
  RunReader reader(run_file(run));
  return make_overview(reader, reader.signal(signal), columns, range);
}

void Store::tag(std::string_view run, const std::vector<std::string>& tags) {
  need_write("tag a run");
  Database database = open_run(run_file(run), Access::write);
  write_info_value(database, "tags", json_text(Json(tags)));
}

void Store::rename(std::string_view run, std::string_view name) {
  need_write("rename a run");
  Database database = open_run(run_file(run), Access::write);
  write_info_value(database, "name", name);
}

void Store::set_notes(std::string_view run, const Json& notes) {
  need_write("note something on a run");
  Database database = open_run(run_file(run), Access::write);
  write_info_value(database, "notes", json_text(notes));
}

void Store::append_record(std::string_view run, const PendingRecord& record) {
  need_write("record anything");
  Database database = open_run(run_file(run), Access::write);
  insert_record(database, record);
}

void Store::record(std::string_view run, const series::Event& event) {
  append_record(run, pending_record(event));
}

void Store::record(std::string_view run, const series::Transition& transition) {
  append_record(run, pending_record(transition));
}

void Store::record(std::string_view run, const series::Forecast& forecast) {
  append_record(run, pending_record(forecast));
}

void Store::record(std::string_view run, const series::Attribution& attribution) {
  append_record(run, pending_record(attribution));
}

void Store::clear_records(std::string_view run, RecordKind kind) {
  need_write("forget records");
  Database database = open_run(run_file(run), Access::write);
  database.prepare("DELETE FROM records WHERE kind = ?").bind(1, word(kind)).run();
}

void Store::remove(std::string_view run) {
  need_write("remove a run");
  const std::filesystem::path file = run_file(run);
  const RunLock lock(folder_, run);
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) {
    throw StoreError(fmt::format("{}: cannot be removed ({}): check its permissions",
                                 terminal_safe(file.string()), error.message()));
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + suffix, ignored);
  }
  Catalog(folder_, Access::write).forget(run);
}

}  // namespace emdyn::collect::store
