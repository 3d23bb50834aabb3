#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/ingest/contract/sink.hpp"

namespace emdyn::collect::ingest {

/// A file opened for reading; closes itself.
class File {
 public:
  /// "-" is standard input. @throws DataError when it cannot be opened or is a folder.
  explicit File(const std::filesystem::path& path);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  /// Reads up to `size` bytes from where the last read ended; empty at the end. The view is valid
  /// until the next call. @throws DataError when the disk fails.
  std::string_view read(std::size_t size) { return read(size, buffer_); }
  /// The same into a buffer that many files may share.
  std::string_view read(std::size_t size, std::string& buffer);
  /// Bytes at `offset`, without moving; fewer at the end of the file.
  std::string read_at(std::uint64_t offset, std::size_t size) const;
  void seek(std::uint64_t offset);
  struct stat status() const;
  FileIdentity identity() const;
  /// Whether the first bytes of the file are those that were read up to `place`.
  bool begins_as(const FilePlace& place) const;

 private:
  std::string shown_;
  int descriptor_ = -1;
  std::string buffer_;
};

}  // namespace emdyn::collect::ingest
