#pragma once
#include <filesystem>
#include <string_view>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/file.hpp"

namespace emdyn::collect::ingest {

/// Tells the sink how far a file is read, block by block, and knows a file again of which an earlier reading had the
/// beginning: its points are passed on all the same, muted, and the sink knows which it has.
class FileProgress {
 public:
  /// The file is read from its beginning, for the first time or again. What is no regular file has no progress.
  void begin(Feed& feed, const File& file, const std::filesystem::path& path);
  /// To be called before the bytes are parsed.
  void take(Feed& feed, std::string_view bytes);
  /// What is passed on next is of this file, which other files may have been read since.
  void return_to(Feed& feed) const;

  const FilePlace& place() const noexcept { return place_; }

 private:
  FileIndex file_ = kNoFile;
  std::uint64_t known_bytes_ = 0;
  FilePlace place_{};
};

}  // namespace emdyn::collect::ingest
