#include "emdyn/pipeline/stored_runs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

namespace fs = std::filesystem;
using collect::ingest::FileIdentity;
using collect::ingest::FilePlace;

std::uint64_t count_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// What cannot be understood is as if it was not there: the file is read anew.
std::optional<StoredRun> stored_run(const collect::store::RunSummary& summary) {
  const Json& progress = summary.progress;
  if (!progress.is_object() || !progress.contains("places") || !progress["places"].is_array()) {
    return std::nullopt;
  }
  StoredRun run;
  run.id = summary.info.id;
  run.told = count_in(progress, "told");
  run.events = summary.events;
  run.forecasts = summary.forecasts;
  for (const Json& place : progress["places"]) {
    if (!place.is_object()) return std::nullopt;
    run.name = text_or_empty(place, "run");
    run.places.push_back(
        {text_or_empty(place, "path"),
         {count_in(place, "device"), count_in(place, "inode")},
         {count_in(place, "offset"), static_cast<std::uint32_t>(count_in(place, "sum"))},
         count_in(place, "points")});
  }
  if (run.places.empty()) return std::nullopt;
  return run;
}

bool same_file(const RunPlace& place, const std::string& path, const FileIdentity& identity) {
  return place.path == path || place.identity == identity;
}

}  // namespace

std::string stored_path(const fs::path& file) {
  std::error_code error;
  const fs::path full = fs::absolute(file, error);
  return (error ? file : full).lexically_normal().string();
}

void to_json(Json& json, const RunPlace& place) {
  json = Json{{"path", place.path},
              {"device", place.identity.device},
              {"inode", place.identity.inode},
              {"offset", place.at.offset},
              {"sum", place.at.sum},
              {"points", place.points}};
}

StoredRuns::StoredRuns(collect::store::Store& store, bool go_on) {
  for (const collect::store::RunSummary& summary : store.runs()) {
    names_.insert(summary.info.name);
    if (!go_on) continue;
    auto run = stored_run(summary);
    if (!run) continue;
    const std::size_t index = runs_.size();
    for (const RunPlace& place : run->places) {
      by_path_.emplace(place.path, index);
      by_inode_.emplace(place.identity.inode, index);
    }
    runs_.push_back(std::move(*run));
  }
}

std::vector<const StoredRun*> StoredRuns::runs_of(const fs::path& file,
                                                  const FileIdentity& identity) const {
  const std::string path = stored_path(file);
  std::vector<std::size_t> found;
  const auto take = [&](const auto& range) {
    for (auto entry = range.first; entry != range.second; ++entry) {
      const auto is_it = [&](const RunPlace& place) { return same_file(place, path, identity); };
      if (std::ranges::any_of(runs_[entry->second].places, is_it)) found.push_back(entry->second);
    }
  };
  take(by_path_.equal_range(path));
  take(by_inode_.equal_range(identity.inode));
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<const StoredRun*> runs;
  for (const std::size_t index : found) runs.push_back(&runs_[index]);
  return runs;
}

std::optional<FilePlace> StoredRuns::place_of(const fs::path& file,
                                              const FileIdentity& identity) const {
  const std::string path = stored_path(file);
  std::optional<FilePlace> farthest;
  for (const StoredRun* run : runs_of(file, identity)) {
    for (const RunPlace& place : run->places) {
      if (!same_file(place, path, identity)) continue;
      if (!farthest || place.at.offset > farthest->offset) farthest = place.at;
    }
  }
  return farthest;
}

std::vector<const StoredRun*> StoredRuns::complete(const fs::path& file) const {
  std::error_code error;
  if (runs_.empty() || !fs::is_regular_file(file, error)) return {};
  const collect::ingest::File opened(file);
  const FileIdentity identity = opened.identity();
  const auto place = place_of(file, identity);
  if (!place || place->offset != static_cast<std::uint64_t>(opened.status().st_size) ||
      !opened.begins_as(*place)) {
    return {};
  }
  auto runs = runs_of(file, identity);
  // A run that is behind the others was cut short between their commits.
  const std::string path = stored_path(file);
  const auto behind = [&](const StoredRun* run) {
    return std::ranges::any_of(run->places, [&](const RunPlace& each) {
      return same_file(each, path, identity) && each.at.offset < place->offset;
    });
  };
  return std::ranges::any_of(runs, behind) ? std::vector<const StoredRun*>() : runs;
}

std::string StoredRuns::free_name(std::string_view wanted) {
  std::string name(wanted);
  if (names_.insert(name).second) return name;
  std::uint64_t& number = numbers_.try_emplace(name, 1).first->second;
  do {
    name = fmt::format("{}-{}", wanted, ++number);
  } while (!names_.insert(name).second);
  return name;
}

}  // namespace emdyn::pipeline
