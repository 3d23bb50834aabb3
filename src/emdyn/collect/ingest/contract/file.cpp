#include "emdyn/collect/ingest/contract/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

bool is_event_name(std::string_view name) {
  return name.find("tfevents") != std::string_view::npos;
}

bool is_log_name(std::string_view name) {
  std::string lower = to_lower(name);
  if (lower.ends_with(".gz")) lower.resize(lower.size() - 3);
  constexpr std::array<std::string_view, 4> kEndings{".csv", ".tsv", ".jsonl", ".ndjson"};
  return is_event_name(lower) || std::ranges::any_of(kEndings, [&](std::string_view ending) {
           return lower.ends_with(ending);
         });
}

/// File name without .gz and without one more extension.
std::string stem_of(const fs::path& file) {
  fs::path name = file.filename();
  if (to_lower(name.extension().string()) == ".gz") name = name.stem();
  return name.stem().string();
}

}  // namespace

File::File(const fs::path& path) : shown_(terminal_safe(path.string())) {
  descriptor_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw DataError(fmt::format("{}: cannot be opened: {}", shown_, std::strerror(errno)));
  }
  if (S_ISDIR(status().st_mode)) {
    ::close(std::exchange(descriptor_, -1));
    throw DataError(fmt::format("{}: is a folder", shown_));
  }
}

File::File(File&& other) noexcept
    : shown_(std::move(other.shown_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(shown_, other.shown_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string_view File::read(std::size_t size) {
  buffer_.resize(size);
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer_.data(), size);
    if (got >= 0) return std::string_view(buffer_).substr(0, static_cast<std::size_t>(got));
    if (errno != EINTR) {
      throw DataError(fmt::format("{}: cannot be read: {}", shown_, std::strerror(errno)));
    }
  }
}

std::string File::read_at(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + filled, size - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void File::seek(std::uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) {
    throw DataError(fmt::format("{}: cannot be followed: {}", shown_, std::strerror(errno)));
  }
}

struct stat File::status() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    throw DataError(fmt::format("{}: cannot be examined: {}", shown_, std::strerror(errno)));
  }
  return status;
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
  const bool event_file = is_event_name(file.filename().string());
  const bool generated = file.filename().string().starts_with("events.out.tfevents");
  std::error_code ignored;
  const fs::path full = fs::absolute(file, ignored).lexically_normal();
  if (!root.empty()) {
    fs::path base = fs::absolute(root, ignored).lexically_normal();
    if (!base.has_filename()) base = base.parent_path();
    fs::path below = full.lexically_relative(base);
    if (event_file) {
      const std::string name = below.parent_path().generic_string();
      return name.empty() ? base.filename().string() : name;
    }
    return (below.parent_path() / stem_of(file)).generic_string();
  }
  return generated ? full.parent_path().filename().string() : stem_of(file);
}

}  // namespace emdyn::collect::ingest
