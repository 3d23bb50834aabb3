#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::collect::store {

struct StoreCopy {
  std::size_t runs = 0;
  std::uint64_t bytes = 0;
  std::vector<Problem> lost{};  ///< Runs that could not be read: an earlier copy of them stays.
  bool stopped = false;         ///< By the task: some runs are not copied yet.
};
void to_json(Json& json, const StoreCopy& copy);

/// Copies a store while it may be written: each run as it was at one moment after the call, so that all acknowledged
/// before is there. A copy of a run appears whole, in place of an earlier one, so it can be repeated into the same
/// folder. The writer is not made to wait. Runs that `to` alone has stay.
/// @param to made where it is not there. @param task asked between runs.
/// @throws StoreError when `from` is no store, is `to`, or `to` cannot be written; DiskError when it is full.
StoreCopy copy_store(const std::filesystem::path& from, const std::filesystem::path& to,
                     const Task& task = {});

}  // namespace emdyn::collect::store
