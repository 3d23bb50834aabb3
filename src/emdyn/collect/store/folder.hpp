#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emdyn::collect::store {

/// Characters of an id: the time of its making first, so that ids sort by age.
inline constexpr std::size_t kIdLength = 16;
/// A new id: 9 characters of milliseconds since the epoch and 7 random ones, in lower-case
/// Crockford base32. Safe as a file name everywhere.
std::string make_id();
bool is_id(std::string_view text) noexcept;

std::filesystem::path runs_folder(const std::filesystem::path& store);
/// @pre is_id(id).
std::filesystem::path run_path(const std::filesystem::path& store, std::string_view id);
/// Of a run that is being made by itself; RunGroup has a folder for its runs.
std::filesystem::path draft_path(const std::filesystem::path& store, std::string_view id);
std::filesystem::path lock_path(const std::filesystem::path& store, std::string_view id);
/// Ids of all run files, oldest first. @throws StoreError when the folder is no store.
std::vector<std::string> run_ids(const std::filesystem::path& store);

/// True on NFS, SMB, 9p, FUSE and the like, where shared memory between processes, which SQLite's
/// WAL needs, does not work.
bool on_network(const std::filesystem::path& folder) noexcept;
/// The rule behind `on_network`: whether statfs's f_type names a network or unknown-locking system.
bool is_network_type(unsigned long statfs_type) noexcept;

/// fsync by path. @throws DiskError
void sync_path(const std::filesystem::path& path);

/// An exclusive claim on a run by flock on a file beside it. The system drops it when the process
/// ends, however it ends.
class RunLock {
 public:
  /// @param shared a file that the caller holds a flock on for as long as this claim lives: the run's lock file becomes
  /// another name of it, so that ten thousand claims need one descriptor. Where a file cannot have more names, or
  /// without it, the claim has a descriptor of its own.
  /// @throws StoreError when another writer holds the run or the file cannot be made.
  RunLock(const std::filesystem::path& store, std::string_view id,
          const std::filesystem::path& shared = {});
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

  /// Whether a writer holds the run now.
  static bool held(const std::filesystem::path& store, std::string_view id) noexcept;
  /// The claim, or nothing when a writer holds the run now.
  static std::optional<RunLock> attempt(const std::filesystem::path& store,
                                        std::string_view id) noexcept;

 private:
  explicit RunLock(std::filesystem::path file) noexcept : file_(std::move(file)) {}
  enum class Claim { taken, busy, impossible };
  Claim claim_own();
  Claim claim_shared(const std::filesystem::path& shared);

  std::filesystem::path file_;
  int descriptor_ = -1;
  bool linked_ = false;
};

}  // namespace emdyn::collect::store
