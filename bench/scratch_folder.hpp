#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

#include "emdyn/core/error.hpp"

namespace emdyn::bench {

/// A folder of the bench's own, gone with it.
class ScratchFolder {
 public:
  /// @param parent the system's temporary folder where it is empty. @throws StoreError
  explicit ScratchFolder(const std::filesystem::path& parent) {
    std::string pattern =
        ((parent.empty() ? std::filesystem::temp_directory_path() : parent) / "emdyn-bench-XXXXXX")
            .string();
    const char* made = ::mkdtemp(pattern.data());
    if (made == nullptr) throw StoreError(pattern + ": cannot be made: give another folder");
    path_ = made;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace emdyn::bench
