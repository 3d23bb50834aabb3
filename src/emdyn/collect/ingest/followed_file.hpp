#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"

namespace emdyn::collect::ingest {

/// Which file on the disk, whatever it is called now.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// One growing file: reads what is new at each call and finds out when the file was replaced, cut
/// or rewritten. A file rewritten with the same beginning goes on where it was; while a shorter
/// file agrees with that beginning nothing is read, for it may be on its way back.
class FollowedFile {
 public:
  /// `resume_offset`, `resume_sum`: how far an earlier watcher came, and its sum (see sum()).
  FollowedFile(std::filesystem::path path, Origin origin, const ReadOptions& options,
               std::uint64_t resume_offset = 0, std::uint32_t resume_sum = 0);

  /// Feeds at most `most_bytes` new bytes. A file that does not exist (yet) has none.
  /// @throws DataError for what cannot be read; afterwards the file is left alone until replaced.
  void poll(Feed& feed, std::uint64_t most_bytes);
  /// Nothing follows: a last line without its newline counts.
  void finish(Feed& feed);

  const std::filesystem::path& path() const noexcept { return path_; }
  std::uint64_t offset() const noexcept { return offset_; }  ///< Bytes read.
  std::uint32_t sum() const noexcept { return sum_; }        ///< CRC-32C of the bytes read.
  /// True when `other` is a file that is or was followed here, renamed, or a copy of it.
  bool was_read_from(const std::filesystem::path& other) const;

 private:
  struct Past {
    FileIdentity identity;
    std::string beginning;
  };

  bool open();
  void resume(Feed& feed);
  void look_for_replacement(Feed& feed);
  void look_for_cut();
  /// While in doubt: the file is the old one again, a new one, or too short to tell.
  void settle_doubt(Feed& feed);
  void begin_again(Feed& feed);
  void read_new(Feed& feed, std::uint64_t most_bytes);
  void take(Feed& feed, std::string_view bytes);

  std::filesystem::path path_;
  Origin origin_;
  ReadOptions options_;
  std::optional<File> file_;
  FileIdentity identity_;
  std::vector<Past> past_;  ///< The files before each replacement, oldest first.
  std::uint64_t resume_offset_;
  std::uint32_t resume_sum_;
  std::uint64_t offset_ = 0;
  std::uint32_t sum_ = 0;
  std::string beginning_;  ///< The first bytes read, at most 4 KiB.
  std::string end_;        ///< The last bytes read, at most 64.
  std::string head_;       ///< Until the format is known.
  std::unique_ptr<Parser> parser_;
  SourceInfo* info_ = nullptr;
  bool in_doubt_ = false;
  bool failed_ = false;
};

}  // namespace emdyn::collect::ingest
