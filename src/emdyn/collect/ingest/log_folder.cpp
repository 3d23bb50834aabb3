#include "emdyn/collect/ingest/log_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

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

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// ".csv" ends any name, "log.json" only where a word ends before it.
bool ends_in(std::string_view name, std::string_view ending) noexcept {
  if (!name.ends_with(ending)) return false;
  const std::size_t before = name.size() - ending.size();
  return ending.front() == '.' || before == 0 || !is_letter_or_digit(name[before - 1]);
}

bool is_log_name(std::string_view name) {
  std::string lower = to_lower(name);
  if (lower.ends_with(".gz")) lower.resize(lower.size() - 3);
  return std::ranges::any_of(registry().entries(), [&](const ReaderEntry& entry) {
    return has_part(entry, lower) ||
           std::ranges::any_of(entry.endings,
                               [&](std::string_view ending) { return ends_in(lower, ending); });
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

namespace {

/// A folder or file, whatever path leads to it.
using Inode = std::pair<std::uint64_t, std::uint64_t>;

std::optional<Inode> inode_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Inode{status.st_dev, status.st_ino};
}

/// Walks a folder; what links lead to comes after what lies there itself, and nothing comes twice.
class FolderWalk {
 public:
  FolderWalk(fs::path root, std::size_t most) : root_(std::move(root)), most_(most) {}

  std::vector<fs::path> run() {
    enter(root_);
    for (std::size_t i = 0; i < links_.size(); ++i) {
      std::error_code gone;  // A link that leads nowhere is no file.
      if (fs::is_directory(links_[i], gone)) {
        enter(fs::path(links_[i]));
      } else {
        take(links_[i]);
      }
    }
    std::ranges::sort(files_);
    return std::move(files_);
  }

 private:
  void enter(const fs::path& folder) {
    const auto inode = inode_of(folder);
    if (!inode || !seen_.insert(*inode).second) return;
    std::error_code error;
    std::vector<fs::path> folders;
    fs::directory_iterator walk(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::directory_iterator(); walk.increment(error)) {
      std::error_code gone;
      const auto status = walk->symlink_status(gone);
      if (fs::is_symlink(status)) {
        links_.push_back(walk->path());
      } else if (fs::is_directory(status)) {
        folders.push_back(walk->path());
      } else {
        take(walk->path());
      }
    }
    if (error && folder == root_) {
      throw DataError(fmt::format("{}: the folder cannot be read: {}",
                                  terminal_safe(folder.string()), error.message()));
    }
    std::ranges::sort(folders);
    for (const fs::path& below : folders) enter(below);
  }

  void take(const fs::path& file) {
    std::error_code gone;  // A file that vanishes meanwhile is no file.
    if (!is_log_name(file.filename().string()) || !fs::is_regular_file(file, gone)) return;
    const auto inode = inode_of(file);
    if (!inode || !seen_.insert(*inode).second) return;
    files_.push_back(file);
    if (files_.size() > most_) {
      throw DataError(fmt::format("{}: more than {} files; name a folder further down",
                                  terminal_safe(root_.string()), most_));
    }
  }

  fs::path root_;
  std::size_t most_;
  std::set<Inode> seen_;
  std::vector<fs::path> links_;
  std::vector<fs::path> files_;
};

}  // namespace

std::vector<fs::path> log_files(const fs::path& folder, const Limits& limits) {
  return FolderWalk(folder, limits.files).run();
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
