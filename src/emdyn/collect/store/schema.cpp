#include "emdyn/collect/store/schema.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr const char* kRunTables = R"(
CREATE TABLE run(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE signals(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, axis TEXT NOT NULL);
CREATE TABLE chunks(
  id INTEGER PRIMARY KEY, count INTEGER NOT NULL, nonfinite INTEGER NOT NULL,
  backs INTEGER NOT NULL, has_seconds INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
  low REAL NOT NULL, high REAL NOT NULL, min REAL, max REAL, last_value REAL);
CREATE TABLE chunk_bytes(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE records(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, signal TEXT NOT NULL, position REAL,
  json TEXT NOT NULL);
CREATE INDEX records_by_kind ON records(kind, position);
CREATE INDEX records_by_signal ON records(signal, kind);
)";

std::string number_text(double value) { return shortest(value); }

[[noreturn]] void not_understood(const Database& database, std::string_view key) {
  throw StoreError(
      fmt::format("{}: the run's \"{}\" cannot be understood: emdyn doctor says what "
                  "is left",
                  terminal_safe(database.file()), key));
}

Json json_value(const Database& database, std::string_view key, const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    not_understood(database, key);
  }
}

[[noreturn]] void too_new(const std::filesystem::path& file, std::int64_t version) {
  throw StoreError(
      fmt::format("{}: written by a newer emdyn (format {}, this one reads up to "
                  "{}): update emdyn",
                  terminal_safe(file.string()), version, kSchemaVersion));
}

/// Big-endian, at a place of SQLite's file header ("Database File Format", section 1.3).
std::int64_t header_number(std::string_view header, std::size_t at) {
  std::int64_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    number = number << 8 | static_cast<unsigned char>(header[i]);
  return number;
}

/// Whether the last page is there in part and no log holds the rest: SQLite would not see it.
bool is_cut(const std::filesystem::path& file, std::string_view header) {
  const auto page = header_number(header, 14) & 0xFFFF;  // Two bytes at 16; 1 stands for 65,536.
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error || page < 512 || size % static_cast<std::uintmax_t>(page) == 0) return false;
  const auto log = std::filesystem::file_size(file.string() + "-wal", error);
  return error || log == 0;
}

/// What is looked at before any page is believed. What a newer program wrote may have other checksums.
void check_header(const std::filesystem::path& file) {
  std::string header(100, '\0');
  std::ifstream(file, std::ios::binary).read(header.data(), 100);
  const std::int64_t version = header_number(header, 60);
  if (header_number(header, 68) != kApplicationId) return;
  if (version > kSchemaVersion) too_new(file, version);
  if (is_cut(file, header)) {
    throw StoreError(fmt::format(
        "{}: its end is missing: restore it from a copy, or emdyn doctor --repair keeps what can "
        "be read",
        terminal_safe(file.string())));
  }
}

void check_version(Database& database, const std::filesystem::path& file, Access access) {
  check_header(file);
  if (database.integer("PRAGMA application_id") != kApplicationId) {
    throw StoreError(fmt::format("{}: no run of this program: move it out of the store",
                                 terminal_safe(file.string())));
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version >= kSummedVersion && !database.has_sums()) {
    throw StoreError(fmt::format(
        "{}: its pages have lost their checksums: restore it from a copy, or emdyn doctor "
        "--repair keeps what can be read",
        terminal_safe(file.string())));
  }
  if (version >= kOldestVersion && version <= kSchemaVersion) return;
  if (version > kSchemaVersion) {
    too_new(file, version);
  }
  if (access != Access::read) return migrate(database, migrations(), kSchemaVersion);
  Database writable(file, Access::write);
  migrate(writable, migrations(), kSchemaVersion);
}

}  // namespace

std::span<const Migration> migrations() noexcept { return {}; }

void migrate(Database& database, std::span<const Migration> steps, int target) {
  Transaction transaction(database);
  std::int64_t version = database.integer("PRAGMA user_version");
  for (const Migration& step : steps) {
    if (step.from != version || version >= target) continue;
    database.execute(step.sql);
    database.execute(fmt::format("PRAGMA user_version={}", ++version).c_str());
  }
  if (version != target) {
    throw StoreError(
        fmt::format("{}: format {} is too old for this emdyn: convert it with an "
                    "earlier version",
                    terminal_safe(database.file()), version));
  }
  transaction.commit();
}

Database draft_run(const std::filesystem::path& file, const series::RunInfo& info) {
  Database database(file, Access::create);
  database.reserve_sums();
  // Nobody knows the file yet: losing it whole is no loss, so nothing is synced.
  database.execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
  Transaction transaction(database);
  database.execute(kRunTables);
  write_info(database, info);
  database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId,
                               kSchemaVersion)
                       .c_str());
  transaction.commit();
  return database;
}

void publish(const std::filesystem::path& draft, const std::filesystem::path& file) {
  sync_path(draft);
  std::error_code error;
  std::filesystem::rename(draft, file, error);
  if (error) {
    throw DiskError(fmt::format("{}: cannot be made ({}): check the store's permissions and space",
                                terminal_safe(file.string()), error.message()));
  }
  sync_path(file.parent_path());
}

void create_run(const std::filesystem::path& file, const series::RunInfo& info) {
  const std::filesystem::path draft = file.string() + ".new";
  try {
    { const Database closing = draft_run(draft, info); }
    publish(draft, file);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    throw;
  }
}

Database open_for_writer(const std::filesystem::path& file) {
  Database database = open_run(file, Access::write);
  if (!on_network(file.parent_path())) database.execute("PRAGMA journal_mode=WAL");
  return database;
}

Database open_run(const std::filesystem::path& file, Access access) {
  Database database(file, access);
  check_version(database, file, access);
  if (access != Access::read) database.execute("PRAGMA synchronous=FULL");
  return database;
}

void write_info_value(Database& database, std::string_view key, std::string_view value) {
  database.prepare("INSERT OR REPLACE INTO run VALUES(?, ?)").bind(1, key).bind(2, value).run();
}

void write_info(Database& database, const series::RunInfo& info) {
  write_info_value(database, "id", info.id);
  write_info_value(database, "name", info.name);
  write_info_value(database, "status", word(info.status));
  write_info_value(database, "created", number_text(info.created));
  write_info_value(database, "configuration", json_text(info.configuration));
  write_info_value(database, "code_version", info.code_version);
  write_info_value(database, "seed", info.seed ? std::to_string(*info.seed) : "");
  write_info_value(database, "machine", json_text(info.machine));
  write_info_value(database, "tags", json_text(Json(info.tags)));
  write_info_value(database, "source", info.source);
  write_info_value(database, "notes", json_text(info.notes));
}

series::RunInfo read_info(Database& database) {
  std::map<std::string, std::string> values;
  Statement query = database.prepare("SELECT key, value FROM run");
  while (query.step()) values[query.text(0)] = query.text(1);
  series::RunInfo info;
  if (values.empty())
    throw StoreError(
        fmt::format("{}: holds no run: restore it from a copy", terminal_safe(database.file())));
  info.id = values["id"];
  info.name = values["name"];
  info.code_version = values["code_version"];
  info.source = values["source"];
  info.configuration = json_value(database, "configuration", values["configuration"]);
  info.machine = json_value(database, "machine", values["machine"]);
  info.notes = json_value(database, "notes", values["notes"]);
  const std::string& seed = values["seed"];
  if (!seed.empty()) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(seed.data(), seed.data() + seed.size(), number);
    if (read.ec != std::errc() || read.ptr != seed.data() + seed.size()) {
      not_understood(database, "seed");
    }
    info.seed = number;
  }
  try {
    info.status = series::run_status_from_word(values["status"]);
    info.tags = json_value(database, "tags", values["tags"]).get<std::vector<std::string>>();
  } catch (const DataError&) {
    not_understood(database, "status");
  } catch (const Json::exception&) {
    not_understood(database, "tags");
  }
  const auto created = parse_double(values["created"]);
  if (!created) not_understood(database, "created");
  info.created = *created;
  return info;
}

Json read_progress(Database& database) {
  Statement query = database.prepare("SELECT value FROM run WHERE key = 'progress'");
  return query.step() ? json_value(database, "progress", query.text(0)) : Json();
}

}  // namespace emdyn::collect::store
