#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/collect/store/summary.hpp"

namespace emdyn::collect::store {

/// The index of a store. It is only ever a copy: an entry counts while the run file still has the
/// size and time of change it was made from, and whatever is missing is read from the run file. A
/// catalogue that is damaged is made anew; one of a newer version is left alone and not used.
class Catalog {
 public:
  /// Never throws for the catalogue's own sake. Access::read uses one that exists.
  Catalog(std::filesystem::path store, Access access) noexcept;

  /// The summary of a run, from the index when it is fresh. @throws StoreError when the run cannot
  /// be read.
  RunSummary summary(std::string_view id);
  /// Reads the run file and updates the index.
  RunSummary refresh(std::string_view id);
  void forget(std::string_view id) noexcept;
  /// Drops entries of runs that are gone.
  void keep_only(const std::vector<std::string>& ids) noexcept;
  /// Does `work` and keeps what it learned in one transaction: for thousands of runs.
  void at_once(const std::function<void()>& work);
  bool usable() const noexcept { return database_.has_value(); }

 private:
  void open();
  std::optional<RunSummary> indexed(std::string_view id, const std::string& stamp);
  void drop() noexcept;

  std::filesystem::path store_;
  Access access_;
  std::optional<Database> database_{};
  bool refused_ = false;  ///< It cannot be written now.
};

std::filesystem::path catalog_path(const std::filesystem::path& store);

/// What a catalogue file says of itself, for `check`: an empty text when all is well.
std::string catalog_problem(const std::filesystem::path& store);

}  // namespace emdyn::collect::store
