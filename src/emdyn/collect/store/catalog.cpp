#include "emdyn/collect/store/catalog.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::int64_t kCatalogId = 0x656d6463;  // "emdc"
constexpr int kCatalogVersion = 1;
constexpr const char* kCatalogTables = R"(
CREATE TABLE IF NOT EXISTS runs(
  id TEXT PRIMARY KEY, stamp TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  created REAL NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_name ON runs(name);
)";

/// Changes whenever the file does; empty while there is a log that is not part of the file yet.
std::string stamp_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat((file.string() + "-wal").c_str(), &status) == 0 && status.st_size > 0) return {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return fmt::format("{}:{}.{:09}:{}", status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ino);
}

void mark_interrupted(const std::filesystem::path& store, RunSummary& summary) {
  if (summary.info.status == series::RunStatus::running && !RunLock::held(store, summary.info.id)) {
    summary.info.status = series::RunStatus::interrupted;
  }
}

}  // namespace

std::filesystem::path catalog_path(const std::filesystem::path& store) {
  return store / "catalog.db";
}

Catalog::Catalog(std::filesystem::path store, Access access) noexcept
    : store_(std::move(store)), access_(access) {
  try {
    open();
  } catch (const std::exception&) {
    drop();
    try {
      if (access_ != Access::read) open();
    } catch (const std::exception&) {
      database_.reset();
    }
  }
}

void Catalog::open() {
  const std::filesystem::path file = catalog_path(store_);
  if (access_ == Access::read && !std::filesystem::exists(file)) return;
  Database database(file, access_ == Access::read ? Access::read : Access::create);
  // A copy that power loss may spoil: it is made anew when it cannot be read.
  if (access_ != Access::read) database.execute("PRAGMA synchronous=OFF");
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > kCatalogVersion) return;
  if (access_ != Access::read && version != kCatalogVersion) {
    Transaction transaction(database);
    database.execute(kCatalogTables);
    database.execute(
        fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kCatalogId, kCatalogVersion)
            .c_str());
    transaction.commit();
  }
  database.integer("SELECT COUNT(*) FROM runs");
  database_ = std::move(database);
}

/// Gives a damaged catalogue up; with Access::write its file goes too.
void Catalog::drop() noexcept {
  database_.reset();
  if (access_ == Access::read) return;
  std::error_code ignored;
  const std::string file = catalog_path(store_).string();
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(file + suffix, ignored);
  }
}

std::optional<RunSummary> Catalog::indexed(std::string_view id, const std::string& stamp) {
  if (!database_ || stamp.empty()) return std::nullopt;
  try {
    Statement query = database_->prepare("SELECT json, name FROM runs WHERE id = ? AND stamp = ?");
    query.bind(1, id).bind(2, stamp);
    if (!query.step()) return std::nullopt;
    auto summary = parse_json(query.text(0), "the catalogue").get<RunSummary>();
    summary.info.name = query.text(1);
    return summary.info.id == id ? std::optional(std::move(summary)) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

RunSummary Catalog::summary(std::string_view id) {
  if (auto found = indexed(id, stamp_of(run_path(store_, id)))) {
    mark_interrupted(store_, *found);
    return std::move(*found);
  }
  return refresh(id);
}

RunSummary Catalog::refresh(std::string_view id) {
  const std::filesystem::path file = run_path(store_, id);
  // Taken first: when the run changes meanwhile, the entry is stale, never wrong.
  const std::string stamp = stamp_of(file);
  RunSummary summary = RunReader(file).summary();
  if (database_ && access_ != Access::read && !stamp.empty()) {
    try {
      Statement insert = database_->prepare("INSERT OR REPLACE INTO runs VALUES(?, ?, ?, ?, ?, ?)");
      const std::string json = json_text(Json(summary));
      insert.bind(1, id).bind(2, stamp).bind(3, summary.info.name);
      insert.bind(4, word(summary.info.status)).bind(5, summary.info.created).bind(6, json).run();
    } catch (const std::exception&) {
      // The entry is made next time.
    }
  }
  mark_interrupted(store_, summary);
  return summary;
}

void Catalog::forget(std::string_view id) noexcept {
  try {
    if (database_) database_->prepare("DELETE FROM runs WHERE id = ?").bind(1, id).run();
  } catch (const std::exception&) {
    // keep_only drops it next time.
  }
}

void Catalog::keep_only(const std::vector<std::string>& ids) noexcept {
  if (!database_ || access_ == Access::read) return;
  try {
    std::vector<std::string> gone;
    Statement query = database_->prepare("SELECT id FROM runs");
    while (query.step()) {
      std::string id = query.text(0);
      if (!std::ranges::binary_search(ids, id)) gone.push_back(std::move(id));
    }
    for (const std::string& id : gone) forget(id);
  } catch (const std::exception&) {
    // An entry too many does no harm: only run files are listed.
  }
}

std::string catalog_problem(const std::filesystem::path& store) {
  const std::filesystem::path file = catalog_path(store);
  if (!std::filesystem::exists(file)) return "it is missing";
  try {
    Database database(file, Access::read);
    if (database.integer("PRAGMA user_version") > kCatalogVersion) {
      return "it was written by a newer emdyn and is not used";
    }
    const std::string verdict = database.text("PRAGMA integrity_check(1)");
    if (verdict != "ok") return "it is damaged: " + verdict;
    Statement query = database.prepare("SELECT id, stamp FROM runs");
    while (query.step()) {
      const std::string id = query.text(0);
      if (!is_id(id) || !std::filesystem::exists(run_path(store, id))) {
        return "it lists a run that is gone";
      }
    }
  } catch (const StoreError& error) {
    return std::string("it is damaged: ") + error.what();
  }
  return {};
}

}  // namespace emdyn::collect::store
