#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

namespace emdyn::collect::ingest {

/// Hears from the kernel (inotify) what changes below a folder, or beside a file, so that ten thousand files need not
/// be looked at one by one. It hears what this machine writes by name: a change by another machine on a shared disk, or
/// through a link from elsewhere, is not heard, so whoever listens looks at everything from time to time.
class ChangeNotice {
 public:
  struct Changes {
    bool everything = false;  ///< Too much happened to say what.
    bool listing = false;     ///< Files or folders were made, renamed or removed.
    std::vector<std::filesystem::path> files{};  ///< Written to, renamed or removed; may repeat.
  };

  /// @param path a folder, with all below it, or a file, which need not be there.
  explicit ChangeNotice(const std::filesystem::path& path);
  ChangeNotice(const ChangeNotice&) = delete;
  ChangeNotice& operator=(const ChangeNotice&) = delete;
  ~ChangeNotice();

  /// False where the kernel does not tell, or has no more room to.
  bool works() const noexcept { return works_; }
  /// Returns when something changed, after `most`, or when a signal came. @return whether something did.
  bool wait(std::chrono::milliseconds most) const noexcept;
  /// What changed since the last call.
  Changes take();

 private:
  void listen(const std::filesystem::path& folder);
  void listen_below(const std::filesystem::path& folder);

  int descriptor_ = -1;
  bool works_ = false;
  std::unordered_map<int, std::filesystem::path> folders_;  // By the kernel's number.
};

}  // namespace emdyn::collect::ingest
