#include "emdyn/collect/store/copy.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

namespace fs = std::filesystem;

struct EndBackup {
  void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
};

/// All pages of one moment, the log's among them.
void copy_pages(Database& from, Database& to) {
  const std::unique_ptr<sqlite3_backup, EndBackup> backup(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
  const int code = backup ? sqlite3_backup_step(backup.get(), -1) : SQLITE_NOMEM;
  if (code == SQLITE_DONE) return;
  if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) throw std::bad_alloc();
  throw DiskError(
      fmt::format("{}: cannot be copied to {} ({}): check the space there, and try again",
                  terminal_safe(from.file()), terminal_safe(to.file()), sqlite3_errstr(code)));
}

void copy_run(const fs::path& from, const fs::path& to) {
  const fs::path draft = to.string() + ".new";
  std::error_code ignored;
  fs::remove(draft, ignored);
  try {
    {
      Database source = open_run(from, Access::read);
      Database copy(draft, Access::create);
      copy.execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
      if (source.has_sums()) {
        // The header must be on disk before other pages: it says that they get checksums.
        copy.reserve_sums();
        copy.execute("CREATE TABLE header(there)");
      }
      copy_pages(source, copy);
    }
    {
      // A copied header may say that there is a log.
      Database copy(draft, Access::write);
      copy.execute("PRAGMA journal_mode=DELETE");
    }
    publish(draft, to);
  } catch (...) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      fs::remove(draft.string() + suffix, ignored);
    }
    throw;
  }
}

}  // namespace

void to_json(Json& json, const StoreCopy& copy) {
  json = Json{{"runs", copy.runs},
              {"bytes", copy.bytes},
              {"stopped", copy.stopped},
              {"lost", Json::array()}};
  for (const Problem& problem : copy.lost) {
    json["lost"].push_back(
        Json{{"file", problem.file}, {"what", problem.what}, {"mend", problem.mend}});
  }
}

StoreCopy copy_store(const fs::path& from, const fs::path& to, const Task& task) {
  const std::vector<std::string> ids = run_ids(from);
  std::error_code error;
  if (fs::equivalent(from, to, error)) {
    throw StoreError(fmt::format("{}: a store cannot be copied onto itself: give another folder",
                                 terminal_safe(to.string())));
  }
  Store copies = Store::open(to, Mode::write);
  StoreCopy done;
  for (const std::string& id : ids) {
    if (task.stopped()) {
      done.stopped = true;
      break;
    }
    const RunLock lock(to, id);
    try {
      copy_run(run_path(from, id), run_path(to, id));
      done.bytes += fs::file_size(run_path(to, id), error);
      task.tell({"copying", ++done.runs, ids.size(), "runs"});
    } catch (const DiskError&) {
      throw;  // Of where it goes.
    } catch (const StoreError& problem) {
      if (!fs::exists(run_path(from, id), error)) continue;  // Removed meanwhile.
      done.lost.push_back(
          {"runs/" + id + ".db", problem.what(), "emdyn doctor --repair keeps what can be read"});
    }
  }
  copies.index(ids);
  return done;
}

}  // namespace emdyn::collect::store
