#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "emdyn/core/json.hpp"

namespace emdyn::collect::store {

/// What was saved of a damaged run.
struct Salvage {
  std::string id{};
  std::uint64_t points = 0;   ///< Saved.
  std::uint64_t records = 0;  ///< Saved.
  std::uint64_t lost_chunks =
      0;  ///< Of at most 1,024 points each, among those that are known to have been.
  bool lost_records = false;  ///< Events or other records stood where nothing can be read.
  bool lost_info = false;     ///< So did the name or settings of the run, or names of signals.
  std::string kept_at{};      ///< Where the damaged file is, relative to the store.
};
void to_json(Json& json, const Salvage& salvage);

/// Puts a run made of all that can be read of the damaged one in its place: every chunk whose own checksum agrees,
/// records, signals and settings from pages whose checksums agree. Points keep their order; a signal whose name is
/// lost is called "signal 7". The damaged file is kept as `runs/<id>.db.damaged`.
/// @throws StoreError when nothing can be read, a writer holds the run or the disk refuses; then nothing has changed.
Salvage salvage_run(const std::filesystem::path& store, std::string_view id);

}  // namespace emdyn::collect::store
