#include "emdyn/collect/ingest/log_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/collect/ingest/registry.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

bool has_part(const ReaderEntry& entry, std::string_view name) {
  return !entry.name_part.empty() && name.find(entry.name_part) != std::string_view::npos;
}

bool is_named_by_folder(std::string_view name) {
  return std::ranges::any_of(registry().entries(), [&](const ReaderEntry& entry) {
    return entry.run_is_folder && has_part(entry, name);
  });
}

bool is_log_name(std::string_view name) {
  std::string lower = to_lower(name);
  if (lower.ends_with(".gz")) lower.resize(lower.size() - 3);
  return std::ranges::any_of(registry().entries(), [&](const ReaderEntry& entry) {
    return has_part(entry, lower) ||
           std::ranges::any_of(entry.endings,
                               [&](std::string_view ending) { return lower.ends_with(ending); });
  });
}

/// File name without .gz and without one more extension.
std::string stem_of(const fs::path& file) {
  fs::path name = file.filename();
  if (to_lower(name.extension().string()) == ".gz") name = name.stem();
  return name.stem().string();
}

}  // namespace

std::string log_names() {
  std::string names;
  for (const ReaderEntry& entry : registry().entries()) {
    if (!entry.name_part.empty()) names += fmt::format("*{}*, ", entry.name_part);
    for (const std::string_view ending : entry.endings) names += fmt::format("{}, ", ending);
  }
  names.resize(names.size() - 2);
  return names;
}

std::vector<fs::path> log_files(const fs::path& folder, const Limits& limits) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    std::error_code gone;  // A file that vanishes meanwhile is no file.
    if (!is_log_name(walk->path().filename().string()) || !walk->is_regular_file(gone)) continue;
    files.push_back(walk->path());
    if (files.size() > limits.files) {
      throw DataError(fmt::format("{}: more than {} files; name a folder further down",
                                  terminal_safe(folder.string()), limits.files));
    }
  }
  if (error) {
    throw DataError(fmt::format("{}: the folder cannot be read: {}", terminal_safe(folder.string()),
                                error.message()));
  }
  std::ranges::sort(files);
  return files;
}

std::string run_name_of(const fs::path& file, const fs::path& root) {
  if (file == "-") return "stdin";
  const bool run_is_folder = is_named_by_folder(file.filename().string());
  const bool generated = file.filename().string().starts_with("events.out.tfevents");
  std::error_code ignored;
  const fs::path full = fs::absolute(file, ignored).lexically_normal();
  if (!root.empty()) {
    fs::path base = fs::absolute(root, ignored).lexically_normal();
    if (!base.has_filename()) base = base.parent_path();
    fs::path below = full.lexically_relative(base);
    if (run_is_folder) {
      const std::string name = below.parent_path().generic_string();
      return name.empty() ? base.filename().string() : name;
    }
    return (below.parent_path() / stem_of(file)).generic_string();
  }
  return generated ? full.parent_path().filename().string() : stem_of(file);
}

}  // namespace emdyn::collect::ingest
