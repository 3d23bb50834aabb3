#pragma once
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/folder.hpp"

namespace emdyn::collect::store {

/// Runs that are made aside and appear in the store together: all of them or, should the process or the machine die at
/// any moment, none. While it lives it holds every run claimed through it, with one descriptor for all.
///
/// They are made in `runs/<id>.new/`. Publishing several syncs their files, writes their names to `whole` in that
/// folder (the commit), moves them to their places, and removes the list; whoever opens the store next completes what
/// was cut short after the commit and throws away what was cut short before it.
/// Used by one thread at a time.
class RunGroup {
 public:
  /// @throws StoreError when the store cannot be written.
  explicit RunGroup(std::filesystem::path store);
  RunGroup(const RunGroup&) = delete;
  RunGroup& operator=(const RunGroup&) = delete;
  /// Runs that were not published are gone.
  ~RunGroup();

  RunLock claim(std::string_view id) const;
  /// A new run that waits here to be published.
  void add(std::string_view id) { waiting_.emplace(id); }
  bool holds(std::string_view id) const { return waiting_.contains(id); }
  /// Where the file of a run that waits is.
  std::filesystem::path file(std::string_view id) const;
  /// Gives a run that waits up.
  void drop(std::string_view id) noexcept;
  /// Publishes every run that waits; their files are closed. @throws DiskError: none is published, all wait.
  void publish();

 private:
  void sync_files(const std::vector<std::string>& ids) const;
  void move_files(const std::vector<std::string>& ids) const;

  std::filesystem::path store_;
  std::filesystem::path folder_;
  int lock_ = -1;
  std::set<std::string, std::less<>> waiting_;
};

/// Completes what publishing cut short after its commit left half done. @return the number of groups.
std::size_t complete_groups(const std::filesystem::path& store) noexcept;

/// The same, and removes what killed programs left: runs that were never published and the locks of runs that nobody
/// holds. @return the number of files and folders removed.
std::size_t collect_leftovers(const std::filesystem::path& store) noexcept;
/// How many collect_leftovers would remove.
std::size_t count_leftovers(const std::filesystem::path& store) noexcept;

}  // namespace emdyn::collect::store
