#include "emdyn/collect/ingest/followed_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/gzip.hpp"
#include "emdyn/collect/ingest/format.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFollowBlock = std::size_t{256} << 10;
constexpr std::size_t kBeginning = 4096;
constexpr std::size_t kEnd = 64;
constexpr std::size_t kLeastCopied = 256;  // Shorter files may agree by chance.
constexpr std::size_t kMostPast = 1000;

FileIdentity identity_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
}

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

std::uint64_t size_of(const File& file) {
  return static_cast<std::uint64_t>(file.status().st_size);
}

/// Whether the first `length` bytes of the file have this CRC-32C.
bool sum_matches(const File& file, std::uint64_t length, std::uint32_t sum) {
  std::uint32_t now = 0;
  for (std::uint64_t at = 0; at < length;) {
    const std::string bytes = file.read_at(
        at, static_cast<std::size_t>(std::min<std::uint64_t>(kFollowBlock, length - at)));
    if (bytes.empty()) return false;
    now = crc32c(bytes, now);
    at += bytes.size();
  }
  return now == sum;
}

}  // namespace

FollowedFile::FollowedFile(fs::path path, Origin origin, const ReadOptions& options,
                           std::uint64_t resume_offset, std::uint32_t resume_sum)
    : path_(std::move(path)),
      origin_(std::move(origin)),
      options_(options),
      resume_offset_(resume_offset),
      resume_sum_(resume_sum) {}

bool FollowedFile::was_read_from(const fs::path& other) const {
  const auto status = status_of(other);
  if (!status || ::access(other.c_str(), R_OK) != 0) return false;
  const FileIdentity identity = identity_of(*status);
  if (file_ && identity == identity_) return true;
  const File candidate(other);
  const std::string beginning = candidate.read_at(0, kBeginning);
  for (const Past& past : past_) {
    // Inode numbers are used again once a file is gone: the beginning tells.
    if (identity == past.identity && beginning.starts_with(past.beginning)) return true;
  }
  return offset_ >= kLeastCopied && beginning.starts_with(beginning_) &&
         sum_matches(candidate, offset_, sum_);
}

void FollowedFile::poll(Feed& feed, std::uint64_t most_bytes) {
  try {
    if (!file_) {
      if (failed_ || !open()) return;
      resume(feed);
    } else {
      look_for_replacement(feed);
    }
    look_for_cut();
    if (in_doubt_) settle_doubt(feed);
    if (!in_doubt_) read_new(feed, most_bytes);
  } catch (const DataError&) {
    failed_ = true;
    throw;
  }
}

bool FollowedFile::open() {
  if (!status_of(path_)) return false;
  file_.emplace(path_);
  identity_ = identity_of(file_->status());
  return true;
}

void FollowedFile::resume(Feed& feed) {
  const std::uint64_t length = std::exchange(resume_offset_, 0);
  if (length == 0 || !sum_matches(*file_, length, resume_sum_)) return;
  feed.mute(true);
  try {
    read_new(feed, length);
  } catch (...) {
    feed.mute(false);
    throw;
  }
  feed.mute(false);
}

void FollowedFile::look_for_replacement(Feed& feed) {
  const auto status = status_of(path_);
  if (!status || identity_of(*status) == identity_) return;
  // The writer may still hold the old file: it is done with once the new one has bytes.
  if (!in_doubt_) read_new(feed, std::numeric_limits<std::uint64_t>::max());
  if (status->st_size == 0) return;
  File fresh(path_);
  if (past_.size() < kMostPast) past_.push_back({identity_, beginning_});
  file_.emplace(std::move(fresh));
  identity_ = identity_of(file_->status());
  in_doubt_ = true;
}

void FollowedFile::look_for_cut() {
  if (in_doubt_ || offset_ == 0) return;
  const std::uint64_t size = size_of(*file_);
  if (size == offset_) return;
  // Cut and grown again since the last look: what stands before the new bytes is not what was read.
  in_doubt_ = size < offset_ || file_->read_at(offset_ - end_.size(), end_.size()) != end_;
}

void FollowedFile::settle_doubt(Feed& feed) {
  const std::uint64_t size = size_of(*file_);
  const std::string now = file_->read_at(0, beginning_.size());
  const bool agrees = std::string_view(beginning_).starts_with(now);
  if (agrees && size < offset_) return;
  if (agrees && sum_matches(*file_, offset_, sum_)) {
    file_->seek(offset_);
    in_doubt_ = false;
    return;
  }
  begin_again(feed);
}

void FollowedFile::begin_again(Feed& feed) {
  if (parser_ && !failed_) {
    parser_->finish();
    parser_->restart();
  } else {
    parser_.reset();
  }
  feed.warn(origin_.path + ": the file was replaced or cut; reading it from its beginning");
  file_->seek(0);
  offset_ = 0;
  sum_ = 0;
  beginning_.clear();
  end_.clear();
  head_.clear();
  failed_ = false;
  in_doubt_ = false;
}

void FollowedFile::read_new(Feed& feed, std::uint64_t most_bytes) {
  while (most_bytes > 0 && !failed_ && !feed.stopped()) {
    const std::string_view bytes =
        file_->read(static_cast<std::size_t>(std::min<std::uint64_t>(kFollowBlock, most_bytes)));
    if (bytes.empty()) return;
    most_bytes -= bytes.size();
    offset_ += bytes.size();
    sum_ = crc32c(bytes, sum_);
    if (beginning_.size() < kBeginning) {
      beginning_.append(bytes.substr(0, kBeginning - beginning_.size()));
    }
    end_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kEnd)));
    end_.erase(0, end_.size() - std::min(end_.size(), kEnd));
    take(feed, bytes);
  }
}

void FollowedFile::take(Feed& feed, std::string_view bytes) {
  if (parser_) return parser_->feed(bytes);
  head_.append(bytes);
  if (Inflater::is_gzip(head_)) {
    throw DataError(origin_.path +
                    ": gzip files cannot be followed; import it once it is complete");
  }
  Format format = options_.format;
  if (format == Format::automatic) format = detect_format(head_, false, origin_.path);
  if (format == Format::automatic) return;
  if (info_ == nullptr) info_ = &feed.source(origin_.path);
  parser_ = make_parser(format, feed, origin_, options_, *info_);
  parser_->feed(std::exchange(head_, {}));
}

void FollowedFile::finish(Feed& feed) {
  if (failed_) return;
  if (!parser_ && !head_.empty()) {
    Format format = options_.format;
    if (format == Format::automatic) format = detect_format(head_, true, origin_.path);
    if (format == Format::automatic) return;
    if (info_ == nullptr) info_ = &feed.source(origin_.path);
    parser_ = make_parser(format, feed, origin_, options_, *info_);
    parser_->feed(std::exchange(head_, {}));
  }
  if (parser_) parser_->finish();
}

}  // namespace emdyn::collect::ingest
