#include "emdyn/collect/store/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeCharacters = 9;
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{10};

/// f_type of statfs(2) for systems on other machines or in user space.
constexpr std::array<unsigned long, 13> kNetworkTypes{
    0x6969,      // NFS
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x517b,      // SMB
    0x01021997,  // 9p
    0x65735546,  // FUSE (sshfs, gcsfuse, s3fs, …)
    0x00c36400,  // Ceph
    0x5346414f,  // AFS
    0x73757245,  // Coda
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x786f4256,  // VirtualBox shared folders
};

/// The opened file may have been unlinked by a writer that was finishing.
bool still_there(int descriptor, const std::filesystem::path& file) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

std::string make_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto time = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  std::string id(kIdLength, '0');
  for (std::size_t i = kTimeCharacters; i-- > 0; time >>= 5) id[i] = kAlphabet[time & 31];
  // Not Philox: an id must differ between processes, so it comes from the system's entropy.
  std::random_device entropy;
  for (std::size_t i = kTimeCharacters; i < kIdLength; ++i) id[i] = kAlphabet[entropy() & 31];
  return id;
}

bool is_id(std::string_view text) noexcept {
  return text.size() == kIdLength && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::filesystem::path runs_folder(const std::filesystem::path& store) { return store / "runs"; }

std::filesystem::path run_path(const std::filesystem::path& store, std::string_view id) {
  return runs_folder(store) / (std::string(id) + ".db");
}

std::filesystem::path draft_path(const std::filesystem::path& store, std::string_view id) {
  return runs_folder(store) / (std::string(id) + ".db.new");
}

std::filesystem::path lock_path(const std::filesystem::path& store, std::string_view id) {
  return runs_folder(store) / (std::string(id) + ".lock");
}

std::vector<std::string> run_ids(const std::filesystem::path& store) {
  std::error_code error;
  std::filesystem::directory_iterator entries(runs_folder(store), error);
  if (error == std::errc::permission_denied) {
    throw StoreError(fmt::format("{}: may not be read by this user: check its permissions",
                                 terminal_safe(runs_folder(store).string())));
  }
  if (error) {
    throw StoreError(
        fmt::format("{}: is no store that can be read ({}): give the folder that holds "
                    "runs/, or write a run first",
                    terminal_safe(store.string()), error.message()));
  }
  std::vector<std::string> ids;
  for (const auto& entry : entries) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() == ".db" && is_id(stem)) ids.push_back(stem);
  }
  std::ranges::sort(ids);
  return ids;
}

void sync_path(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  // Some network and FUSE folders cannot sync a directory; a file always can be.
  if (synced || (code == EINVAL && std::filesystem::is_directory(path))) return;
  throw DiskError(fmt::format("{}: cannot be synced ({}): check the disk's space and health",
                              terminal_safe(path.string()), std::strerror(code)));
}

bool is_network_type(unsigned long statfs_type) noexcept {
  return std::ranges::find(kNetworkTypes, statfs_type & 0xffffffffUL) != kNetworkTypes.end();
}

bool on_network(const std::filesystem::path& folder) noexcept {
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) return false;
  return is_network_type(static_cast<unsigned long>(system.f_type));
}

RunLock::Claim RunLock::claim_own() {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) return Claim::impossible;
  const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  if (locked && still_there(descriptor_, file_)) return Claim::taken;
  ::close(std::exchange(descriptor_, -1));
  return Claim::busy;
}

RunLock::Claim RunLock::claim_shared(const std::filesystem::path& shared) {
  if (::link(shared.c_str(), file_.c_str()) == 0) {
    linked_ = true;
    return Claim::taken;
  }
  // File systems differ in what they say where a file can have no (or no more) names.
  if (errno != EEXIST) return Claim::impossible;
  if (claim_own() != Claim::taken) return Claim::busy;
  ::unlink(file_.c_str());  // What a killed writer left; while it is claimed nobody else takes it.
  ::close(std::exchange(descriptor_, -1));
  return Claim::busy;  // The next try makes the link.
}

RunLock::RunLock(const std::filesystem::path& store, std::string_view id,
                 const std::filesystem::path& shared)
    : file_(lock_path(store, id)) {
  bool share = !shared.empty();
  for (int tries = 0; tries < kLockTries; ++tries) {
    Claim claim = share ? claim_shared(shared) : claim_own();
    if (claim == Claim::impossible && share) {
      share = false;
      claim = claim_own();
    }
    if (claim == Claim::taken) return;
    if (claim == Claim::impossible) {
      throw DiskError(
          fmt::format("{}: cannot be made ({}): check the store's permissions and space",
                      terminal_safe(file_.string()), std::strerror(errno)));
    }
    // `held` takes the lock for an instant, so one refusal proves nothing.
    if (tries > 0) std::this_thread::sleep_for(kLockPause);
  }
  throw StoreError(
      fmt::format("run {} is being written by another process: wait until it ends, or start a new "
                  "run",
                  id));
}

RunLock::RunLock(RunLock&& other) noexcept
    : file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      linked_(std::exchange(other.linked_, false)) {}

RunLock::~RunLock() {
  if (descriptor_ < 0 && !linked_) return;
  ::unlink(file_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<RunLock> RunLock::attempt(const std::filesystem::path& store,
                                        std::string_view id) noexcept {
  try {
    RunLock lock(lock_path(store, id));
    if (lock.claim_own() == Claim::taken) return lock;
  } catch (const std::exception&) {
    // No memory for a path: nobody can say that the run is free.
  }
  return std::nullopt;
}

bool RunLock::held(const std::filesystem::path& store, std::string_view id) noexcept {
  int descriptor = -1;
  try {
    descriptor = ::open(lock_path(store, id).c_str(), O_RDONLY | O_CLOEXEC);
  } catch (const std::exception&) {
    return true;  // No memory for a path: nobody can say that the run is free.
  }
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

}  // namespace emdyn::collect::store
