#include "emdyn/collect/store/catalog.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <new>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::int64_t kCatalogId = 0x656d6463;  // "emdc"
constexpr int kCatalogVersion = 2;               // From 2 on its pages hold checksums.
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
  } catch (const DiskError&) {
    database_.reset();  // Somebody else writes it, or the disk refuses: it is done without.
  } catch (const std::bad_alloc&) {
    database_.reset();  // No fault of the file.
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
  if (access_ != Access::read) database.reserve_sums();
  // A copy that power loss may spoil: it is made anew when it cannot be read.
  if (access_ != Access::read) database.execute("PRAGMA synchronous=OFF");
  database.execute("PRAGMA busy_timeout=100");  // Nobody waits for an index.
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > kCatalogVersion) return;
  // An older one is made anew.
  if (version < kCatalogVersion && database.integer("SELECT COUNT(*) FROM sqlite_master") > 0) {
    throw StoreError("the catalogue is of an older format");
  }
  if (access_ == Access::read && version != kCatalogVersion) return;
  if (version >= kCatalogVersion && !database.has_sums())
    throw StoreError("the catalogue is damaged");
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
  try {
    std::error_code ignored;
    const std::string file = catalog_path(store_).string();
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      std::filesystem::remove(file + suffix, ignored);
    }
  } catch (const std::exception&) {
    // No memory for its name: the next who opens it gives it up.
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
  if (database_ && access_ != Access::read && !refused_ && !stamp.empty()) {
    try {
      Statement insert = database_->prepare("INSERT OR REPLACE INTO runs VALUES(?, ?, ?, ?, ?, ?)");
      const std::string json = json_text(Json(summary));
      insert.bind(1, id).bind(2, stamp).bind(3, summary.info.name);
      insert.bind(4, word(summary.info.status)).bind(5, summary.info.created).bind(6, json).run();
    } catch (const std::exception&) {
      refused_ = true;  // The entries are made next time.
    }
  }
  mark_interrupted(store_, summary);
  return summary;
}

void Catalog::at_once(const std::function<void()>& work) {
  bool together = false;
  const auto tried = [&](const char* sql) {
    try {
      database_->execute(sql);
      return true;
    } catch (const std::exception&) {
      return false;  // Somebody else writes it: entries are made one by one, or next time.
    }
  };
  if (database_ && access_ != Access::read) together = tried("BEGIN");
  try {
    work();
  } catch (...) {
    if (together) tried("COMMIT");
    throw;
  }
  if (together && !tried("COMMIT")) tried("ROLLBACK");
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
  if (!std::filesystem::exists(file)) return {};  // It is made when somebody lists the runs.
  try {
    Database database(file, Access::read);
    const std::int64_t version = database.integer("PRAGMA user_version");
    if (version > kCatalogVersion) return "it was written by a newer emdyn and is not used";
    if (version < kCatalogVersion) return {};  // Made anew by the next who writes.
    const std::string verdict = database.text("PRAGMA integrity_check(1)");
    if (verdict != "ok") return "it is damaged: " + verdict;
    Statement query = database.prepare("SELECT id, stamp, name, json FROM runs");
    while (query.step()) {
      const std::string id = query.text(0);
      if (!is_id(id)) return "it lists a run that is gone";
      const std::filesystem::path run = run_path(store, id);
      // Entries of runs that went, or changed since, are not believed by anybody.
      if (!std::filesystem::exists(run) || stamp_of(run) != query.text(1)) continue;
      auto kept = parse_json(query.text(3), "the catalogue").get<RunSummary>();
      kept.info.name = query.text(2);
      try {
        if (json_text(Json(kept)) != json_text(Json(RunReader(run).summary()))) {
          return "what it says of run " + id + " is not what the run says";
        }
      } catch (const StoreError&) {
        // The run itself is a problem of its own.
      }
    }
  } catch (const Error& error) {
    return std::string("it is damaged: ") + error.what();
  }
  return {};
}

}  // namespace emdyn::collect::store
