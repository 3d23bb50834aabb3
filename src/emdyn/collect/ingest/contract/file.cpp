#include "emdyn/collect/ingest/contract/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSumBlock = 256 << 10;

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

std::string_view File::read(std::size_t size, std::string& buffer) {
  buffer.resize(size);
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer.data(), size);
    if (got >= 0) return std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
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

FileIdentity File::identity() const {
  const struct stat now = status();
  return {static_cast<std::uint64_t>(now.st_dev), static_cast<std::uint64_t>(now.st_ino)};
}

bool File::begins_as(const FilePlace& place) const {
  std::uint32_t sum = 0;
  for (std::uint64_t at = 0; at < place.offset;) {
    const std::string bytes = read_at(
        at, static_cast<std::size_t>(std::min<std::uint64_t>(kSumBlock, place.offset - at)));
    if (bytes.empty()) return false;
    sum = crc32c(bytes, sum);
    at += bytes.size();
  }
  return sum == place.sum;
}

}  // namespace emdyn::collect::ingest
