#include "emdyn/core/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) noexcept : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const noexcept { return value_; }
  bool close() noexcept { return ::close(std::exchange(value_, -1)) == 0; }

 private:
  int value_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

std::string read_whole_file(const std::filesystem::path& path, std::uint64_t limit) {
  const std::string shown = terminal_safe(path.string());
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0)
    throw DataError(fmt::format("{}: cannot be opened: {}", shown, std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw DataError(fmt::format("{}: is no regular file", shown));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit)
    throw DataError(fmt::format("{}: {} bytes, at most {} are read", shown, size, limit));
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw DataError(fmt::format("{}: cannot be read: {}", shown, std::strerror(errno)));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path beside = path.string() + fmt::format(".new-{}", ::getpid());
  const auto fail = [&] {
    const int reason = errno;
    ::unlink(beside.c_str());
    throw DataError(fmt::format("{}: cannot be written: {}", terminal_safe(path.string()),
                                std::strerror(reason)));
  };
  Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) fail();
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0) fail();
  if (!file.close() || ::rename(beside.c_str(), path.c_str()) != 0) fail();
}

}  // namespace emdyn
