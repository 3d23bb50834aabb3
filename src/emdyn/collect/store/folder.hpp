#pragma once
#include <filesystem>
#include <string>
#include <string_view>
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
/// Of a run that is not whole yet.
std::filesystem::path draft_path(const std::filesystem::path& store, std::string_view id);
std::filesystem::path lock_path(const std::filesystem::path& store, std::string_view id);
/// Ids of all run files, oldest first. @throws StoreError when the folder is no store.
std::vector<std::string> run_ids(const std::filesystem::path& store);

/// True on NFS, SMB, 9p, FUSE and the like, where shared memory between processes, which SQLite's
/// WAL needs, does not work.
bool on_network(const std::filesystem::path& folder) noexcept;
/// The rule behind `on_network`: whether statfs's f_type names a network or unknown-locking system.
bool is_network_type(unsigned long statfs_type) noexcept;

/// An exclusive claim on a run by flock on a file beside it. The system drops it when the process
/// ends, however it ends.
class RunLock {
 public:
  /// @throws StoreError when another writer holds the run or the file cannot be made.
  RunLock(const std::filesystem::path& store, std::string_view id);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

  /// Whether a writer holds the run now.
  static bool held(const std::filesystem::path& store, std::string_view id) noexcept;

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace emdyn::collect::store
