#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/app/serve/parameters.hpp"
#include "emdyn/collect/store/summary.hpp"

namespace emdyn::app::serve {

using collect::store::RunSummary;

/// Size and time of change of a run's files, and whether a writer holds it: equal stamps mean an
/// unchanged run. "" for a run that is gone. @param run an id; anything else is gone.
std::string run_stamp(const std::filesystem::path& store, std::string_view run);

/// How a list of runs is asked for.
struct RunQuery {
  std::string text{};    ///< Part of the name, the id, the source or a tag; case does not matter.
  std::string status{};  ///< running, finished, interrupted, failed; empty: any.
  std::string tag{};     ///< Empty: any.
  std::string sort = "created";
  bool descending = true;
  std::size_t offset = 0;
  std::size_t limit = 100;

  static constexpr std::size_t kMostRuns = 1000;  ///< Of one answer.
  /// @throws HttpError 400
  static RunQuery of(const Query& query);
};

/// What the list shows of a run; the configuration and the notes are left to the run's own page.
Json run_row(const RunSummary& run);

/// The runs of a store in memory, so that lists of 10,000 are filtered and sorted without reading any.
/// Thread-safe: readers share one constant list, which is replaced when something changed.
class RunList {
 public:
  using Run = std::shared_ptr<const RunSummary>;
  using Runs = std::vector<Run>;  ///< Oldest first.

  explicit RunList(std::filesystem::path store) : store_(std::move(store)) {}

  const std::filesystem::path& store() const noexcept { return store_; }

  /// Reads the whole store (its catalogue, and runs that changed since). @return runs that could not
  /// be read. @throws StoreError when the store is gone.
  std::vector<std::string> refresh();
  /// Reads one run again. @return what was known before and what is now; either may be null.
  struct Change {
    Run before{};
    Run now{};
  };
  Change refresh(const std::string& run);

  std::shared_ptr<const Runs> runs() const;
  Run find(std::string_view run) const;
  /// Changes with every change of the list.
  std::uint64_t generation() const;

  /// {runs, total, matching, offset}: `total` in the store, `matching` the query.
  Json list(const RunQuery& query) const;

 private:
  void replace(std::shared_ptr<const Runs> runs);

  std::filesystem::path store_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Runs> runs_ = std::make_shared<const Runs>();
  std::uint64_t generation_ = 0;
};

}  // namespace emdyn::app::serve
