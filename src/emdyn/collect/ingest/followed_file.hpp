#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/contract/file_progress.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"

namespace emdyn::collect::ingest {

/// One growing file: reads what is new at each call and finds out when the file was replaced, cut
/// or rewritten. A file rewritten with the same beginning goes on where it was; while a shorter
/// file agrees with that beginning nothing is read, for it may be on its way back.
///
/// Between calls it needs no descriptor (let_go): a file renamed meanwhile is found again beside its old name. Memory
/// between calls: a few KB and what its parser has learned.
class FollowedFile {
 public:
  /// The first bytes of a file, kept to know it again.
  static constexpr std::size_t kBeginning = 1024;
  /// Files shorter than this may agree by chance.
  static constexpr std::size_t kLeastCopied = 256;

  /// @param options outlive the file.
  FollowedFile(std::filesystem::path path, Origin origin, const ReadOptions& options);

  /// Feeds at most `most_bytes` new bytes, read through `block`. A file that does not exist (yet) has none.
  /// @return the bytes read: fewer than `most_bytes` where nothing more is there for now.
  /// @throws DataError for what cannot be read; afterwards the file is left alone until replaced.
  std::uint64_t poll(Feed& feed, std::uint64_t most_bytes, std::string& block);
  /// The reading ends for now: a line counts when it ends, and this one may end later.
  void pause(Feed& feed);
  /// Closes the file; the next poll opens it again.
  void let_go() noexcept { file_.reset(); }
  bool is_open() const noexcept { return file_.has_value(); }

  const std::filesystem::path& path() const noexcept { return path_; }
  const std::string& shown() const noexcept { return origin_.path; }
  std::uint64_t offset() const noexcept { return progress_.place().offset; }  ///< Bytes read.
  /// Bytes of a last line (or record) that has begun and not ended.
  std::uint64_t pending() const noexcept;
  /// Of the file as it was last opened.
  const std::optional<FileIdentity>& identity() const noexcept { return identity_; }
  const std::string& beginning() const noexcept { return beginning_; }
  /// Whether a file of this identity that begins so is or was followed here.
  bool had(const FileIdentity& identity, std::string_view beginning) const;
  /// Whether `other`, which begins so, is a copy of all that was read.
  bool was_copied_to(const File& other, std::string_view beginning) const;

 private:
  struct Past {
    FileIdentity identity;
    std::string beginning;
  };

  bool open(Feed& feed);
  bool open_again();
  void look_for_replacement(Feed& feed, std::string& block);
  void look_for_cut();
  /// While in doubt: the file is the old one again, a new one, or too short to tell.
  void settle_doubt(Feed& feed);
  void begin_again(Feed& feed);
  std::uint64_t read_new(Feed& feed, std::uint64_t most_bytes, std::string& block);
  void take(Feed& feed, std::string_view bytes);

  std::filesystem::path path_;
  Origin origin_;
  const ReadOptions& options_;
  std::optional<File> file_;
  std::optional<FileIdentity> identity_;
  std::vector<Past> past_;  ///< The files before each replacement, oldest first.
  FileProgress progress_;
  std::string beginning_;  ///< The first bytes read.
  std::string end_;        ///< The last bytes read, at most 64.
  std::string head_;       ///< Until the format is known.
  std::unique_ptr<Parser> parser_;
  SourceInfo* info_ = nullptr;
  bool opened_ = false;  ///< Once at least.
  bool in_doubt_ = false;
  bool failed_ = false;
};

}  // namespace emdyn::collect::ingest
