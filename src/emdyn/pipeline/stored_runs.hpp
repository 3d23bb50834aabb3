#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/collect/store/store.hpp"

namespace emdyn::pipeline {

/// How far one file was read into one run.
struct RunPlace {
  std::string path{};  ///< Absolute.
  collect::ingest::FileIdentity identity{};
  collect::ingest::FilePlace at{};
  std::uint64_t points = 0;  ///< Passed on to this run by that file, up to there.
};
void to_json(Json& json, const RunPlace& place);

/// A run of the store that files were read into.
struct StoredRun {
  std::string id{};
  std::string name{};  ///< As the files call it; in the store it may have a number behind.
  std::vector<RunPlace> places{};
  std::uint64_t told = 0;       ///< Events that were shown to somebody.
  std::uint64_t events = 0;     ///< Events in the store.
  std::uint64_t forecasts = 0;  ///< Likewise.
};

/// What a store knows of the files that were read into it: by that, reading one again goes on where it was.
class StoredRuns {
 public:
  /// @param go_on false: every file is read as if for the first time.
  StoredRuns(collect::store::Store& store, bool go_on);

  /// The farthest that the file was read, if it was: by its path, or under another name.
  std::optional<collect::ingest::FilePlace> place_of(
      const std::filesystem::path& file, const collect::ingest::FileIdentity& identity) const;
  /// The runs it was read into.
  std::vector<const StoredRun*> runs_of(const std::filesystem::path& file,
                                        const collect::ingest::FileIdentity& identity) const;
  /// The runs of a file of which nothing is new; none where something may be.
  std::vector<const StoredRun*> complete(const std::filesystem::path& file) const;

  /// `wanted`, or the first of wanted-2, wanted-3, … that no run of the store has; it is taken from now on.
  std::string free_name(std::string_view wanted);

 private:
  std::vector<StoredRun> runs_;
  std::unordered_multimap<std::string, std::size_t> by_path_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_inode_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, std::uint64_t> numbers_;  // The last given to a name.
};

/// Absolute, without "." and "..".
std::string stored_path(const std::filesystem::path& file);

}  // namespace emdyn::pipeline
