#include "emdyn/collect/ingest/change_notice.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>
#include <thread>

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kHeard = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                 IN_CLOSE_WRITE | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::uint32_t kListing = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

}  // namespace

ChangeNotice::ChangeNotice(const fs::path& path)
    : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (descriptor_ < 0) return;
  works_ = true;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    listen_below(path);
  } else {
    listen(path.has_parent_path() ? path.parent_path() : fs::path("."));
  }
}

ChangeNotice::~ChangeNotice() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ChangeNotice::listen(const fs::path& folder) {
  const int number = ::inotify_add_watch(descriptor_, folder.c_str(), kHeard);
  if (number < 0) {
    works_ = false;
  } else {
    folders_[number] = folder;
  }
}

void ChangeNotice::listen_below(const fs::path& folder) {
  listen(folder);
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    std::error_code gone;
    if (walk->is_directory(gone) && !walk->is_symlink(gone)) listen(walk->path());
  }
}

bool ChangeNotice::wait(std::chrono::milliseconds most) const noexcept {
  if (!works_) {
    std::this_thread::sleep_for(most);
    return false;
  }
  pollfd ready{descriptor_, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(most.count())) > 0;
}

ChangeNotice::Changes ChangeNotice::take() {
  Changes changes;
  if (!works_) return changes;
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
    if (size <= 0) return changes;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) changes.everything = true;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {
        folders_.erase(folder);  // The folder is gone.
        continue;
      }
      fs::path path =
          folder->second / (event.len > 0 ? std::string_view(name) : std::string_view());
      if ((event.mask & kListing) != 0) changes.listing = true;
      if ((event.mask & IN_ISDIR) == 0) {
        changes.files.push_back(std::move(path));
      } else if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
        listen_below(path);
      }
    }
  }
}

}  // namespace emdyn::collect::ingest
