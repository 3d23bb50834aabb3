#include "emdyn/collect/store/run_group.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

namespace fs = std::filesystem;

constexpr int kFolderTries = 5;
/// From so many files on one sync of the whole file system costs less than one of each.
constexpr std::size_t kSyncTogether = 16;
constexpr const char* kWholeList = "whole";
constexpr const char* kGroupLock = "lock";

[[noreturn]] void group_failed(const fs::path& path, int code) {
  throw DiskError(fmt::format("{}: cannot be made ({}): check the store's permissions and space",
                              terminal_safe(path.string()), std::strerror(code)));
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

void write_list(const fs::path& file, const std::vector<std::string>& ids) {
  const fs::path part = file.string() + ".part";
  const Descriptor out(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (out.number() < 0) group_failed(part, errno);
  std::string text;
  for (const std::string& id : ids) text += id + "\n";
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(out.number(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) group_failed(part, written == 0 ? ENOSPC : errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(out.number()) != 0) group_failed(part, errno);
  if (::rename(part.c_str(), file.c_str()) != 0) group_failed(file, errno);
  sync_path(file.parent_path());
}

/// The folder's lock, when nobody holds it.
std::optional<Descriptor> abandoned(const fs::path& folder) {
  Descriptor lock(::open((folder / kGroupLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.number() < 0 || ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

/// After the commit: every listed run that is not in its place yet goes there.
void complete_group(const fs::path& store, const fs::path& folder) {
  std::ifstream list(folder / kWholeList);
  for (std::string id; std::getline(list, id);) {
    const fs::path made = folder / (id + ".db");
    std::error_code error;
    if (!is_id(id) || !fs::exists(made, error)) continue;
    fs::rename(made, run_path(store, id));
  }
  sync_path(runs_folder(store));
}

struct Leftovers {
  std::vector<fs::path> groups;
  std::vector<std::string> drafts;  // Ids.
  std::vector<std::string> locks;
  std::vector<std::string> journals;
};

Leftovers find_leftovers(const fs::path& store) {
  Leftovers found;
  std::error_code error;
  for (fs::directory_iterator entry(runs_folder(store), error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::string id = name.substr(0, kIdLength);
    if (!is_id(id)) continue;
    const std::string_view kind = std::string_view(name).substr(kIdLength);
    if (kind == ".new") found.groups.push_back(entry->path());
    if (kind == ".db.new") found.drafts.push_back(id);
    if (kind == ".lock") found.locks.push_back(id);
    if (kind == ".db-journal") found.journals.push_back(id);
  }
  return found;
}

/// A journal whose transaction was cut short before it mattered: SQLite passes over it for ever. One that matters is
/// played back, which removes it.
bool settle_journal(const fs::path& store, const std::string& id) {
  const fs::path file = run_path(store, id);
  const auto claim = RunLock::attempt(store, id);
  if (!claim || !fs::exists(file)) return false;
  try {
    Database database(file, Access::write);
    database.execute("BEGIN EXCLUSIVE");
    ::unlink((file.string() + "-journal").c_str());
    database.execute("ROLLBACK");
    return true;
  } catch (const StoreError&) {
    return false;  // Somebody tags the run, or it is damaged: it stays.
  }
}

/// @param only_complete touches nothing but groups after their commit.
std::size_t settle_groups(const fs::path& store, const std::vector<fs::path>& groups,
                          bool only_complete) {
  std::size_t settled = 0;
  for (const fs::path& group : groups) {
    std::error_code error;
    const bool committed = fs::exists(group / kWholeList, error);
    if (only_complete && !committed) continue;
    const auto lock = abandoned(group);
    if (!lock) continue;
    if (fs::exists(group / kWholeList, error)) complete_group(store, group);
    fs::remove_all(group, error);
    ++settled;
  }
  return settled;
}

}  // namespace

RunGroup::RunGroup(fs::path store) : store_(std::move(store)) {
  for (int tries = 0; tries < kFolderTries; ++tries) {
    folder_ = runs_folder(store_) / (make_id() + ".new");
    if (::mkdir(folder_.c_str(), 0755) != 0) group_failed(folder_, errno);
    const fs::path file = folder_ / kGroupLock;
    lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) == 0 && ::access(file.c_str(), F_OK) == 0) {
      return;
    }
    const int code = lock_ < 0 ? errno : ENOENT;
    if (lock_ >= 0) ::close(std::exchange(lock_, -1));
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    // ENOENT: whoever opened the store in this instant took the folder for a leftover.
    if (code != ENOENT) group_failed(folder_, code);
  }
  group_failed(folder_, EAGAIN);
}

RunGroup::~RunGroup() {
  if (lock_ < 0) return;
  try {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  } catch (const std::exception&) {
    // No memory to walk through it: whoever opens the store next takes it away.
  }
  ::close(lock_);
}

RunLock RunGroup::claim(std::string_view id) const {
  return RunLock(store_, id, folder_ / kGroupLock);
}

fs::path RunGroup::file(std::string_view id) const { return folder_ / (std::string(id) + ".db"); }

void RunGroup::drop(std::string_view id) noexcept {
  try {
    std::error_code ignored;
    fs::remove(file(id), ignored);
    waiting_.erase(std::string(id));
  } catch (const std::exception&) {
    // No memory for a name: the folder goes as a whole.
  }
}

void RunGroup::sync_files(const std::vector<std::string>& ids) const {
  if (ids.size() >= kSyncTogether) {
    const Descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() >= 0 && ::syncfs(folder.number()) == 0) return;
  }
  for (const std::string& id : ids) sync_path(file(id));
}

/// All or none, short of a crash: complete_groups is for that.
void RunGroup::move_files(const std::vector<std::string>& ids) const {
  std::size_t moved = 0;
  for (; moved < ids.size(); ++moved) {
    if (::rename(file(ids[moved]).c_str(), run_path(store_, ids[moved]).c_str()) != 0) break;
  }
  if (moved == ids.size()) return;
  const int code = errno;
  const fs::path failed = run_path(store_, ids[moved]);
  // The list goes first: from here on a crash must not publish what is being taken back.
  ::unlink((folder_ / kWholeList).c_str());
  while (moved-- > 0) ::rename(run_path(store_, ids[moved]).c_str(), file(ids[moved]).c_str());
  group_failed(failed, code);
}

void RunGroup::publish() {
  if (waiting_.empty()) return;
  const std::vector<std::string> ids(waiting_.begin(), waiting_.end());
  sync_files(ids);
  const bool several = ids.size() > 1;
  if (several) write_list(folder_ / kWholeList, ids);
  move_files(ids);
  waiting_.clear();
  sync_path(runs_folder(store_));
  if (several) ::unlink((folder_ / kWholeList).c_str());
}

std::size_t complete_groups(const fs::path& store) noexcept {
  try {
    const Leftovers found = find_leftovers(store);
    return settle_groups(store, found.groups, true);
  } catch (const std::exception&) {
    return 0;  // Whoever may write completes it.
  }
}

std::size_t collect_leftovers(const fs::path& store) noexcept {
  try {
    const Leftovers found = find_leftovers(store);
    std::size_t removed = settle_groups(store, found.groups, false);
    for (const std::string& id : found.drafts) {
      const auto lock = RunLock::attempt(store, id);
      if (lock && ::unlink(draft_path(store, id).c_str()) == 0) ++removed;
    }
    for (const std::string& id : found.journals) removed += settle_journal(store, id) ? 1U : 0U;
    // A lock taken is removed when it is given back.
    for (const std::string& id : found.locks) removed += RunLock::attempt(store, id) ? 1U : 0U;
    return removed;
  } catch (const std::exception&) {
    return 0;  // They do no harm; the next who opens the store tries again.
  }
}

std::size_t count_leftovers(const fs::path& store) noexcept {
  try {
    const Leftovers found = find_leftovers(store);
    const auto free_run = [&](const std::string& id) { return !RunLock::held(store, id); };
    const auto free_group = [&](const fs::path& group) {
      const Descriptor lock(::open((group / kGroupLock).c_str(), O_RDONLY | O_CLOEXEC));
      return lock.number() < 0 || ::flock(lock.number(), LOCK_SH | LOCK_NB) == 0;
    };
    return static_cast<std::size_t>(std::ranges::count_if(found.drafts, free_run) +
                                    std::ranges::count_if(found.locks, free_run) +
                                    std::ranges::count_if(found.journals, free_run) +
                                    std::ranges::count_if(found.groups, free_group));
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace emdyn::collect::store
