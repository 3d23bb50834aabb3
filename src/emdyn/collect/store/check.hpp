#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/collect/store/salvage.hpp"
#include "emdyn/core/json.hpp"

namespace emdyn::collect::store {

/// Something wrong with a run file or the catalogue, and what to do about it.
struct Problem {
  std::string file{};  ///< Relative to the store, made of safe characters.
  std::string what{};
  std::string mend{};
};

struct RunCheck {
  std::string id{};
  std::uint64_t signals = 0;
  std::uint64_t points = 0;
  std::uint64_t records = 0;
  bool being_written = false;
  bool sound = false;
};

struct CheckReport {
  std::vector<RunCheck> runs{};
  std::vector<Problem> problems{};
  std::size_t leftovers = 0;  ///< Files of killed programs; they do no harm.
  bool sound() const noexcept { return problems.empty(); }
};
void to_json(Json& json, const CheckReport& report);

/// Reads every byte of a store: every page against its checksum, SQLite's integrity check, every chunk decoded and
/// compared with its statistics, every record parsed, each entry of the catalogue against its run. Changes nothing.
/// @throws StoreError when `folder` is no store.
CheckReport check(const std::filesystem::path& folder);

struct Repair {
  std::size_t runs_listed = 0;  ///< In the catalogue, which is made anew.
  std::size_t leftovers = 0;    ///< Files of killed programs that were removed.
  std::vector<Salvage> salvaged{};
  std::vector<Problem> lost{};  ///< Runs of which nothing could be saved.
};
void to_json(Json& json, const Repair& repair);

/// Removes what killed programs left, saves what can be read of damaged runs (salvage.hpp), and makes the catalogue
/// anew. @throws StoreError when the folder is no store or cannot be written.
Repair repair(const std::filesystem::path& folder);

/// Makes the catalogue anew from the run files. @return the number of runs in it.
/// @throws StoreError when the folder is no store or cannot be written.
std::size_t rebuild_catalog(const std::filesystem::path& folder);

}  // namespace emdyn::collect::store
