#include "emdyn/collect/ingest/followed_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "emdyn/collect/ingest/contract/gzip.hpp"
#include "emdyn/collect/ingest/format.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFollowBlock = std::size_t{256} << 10;
constexpr std::size_t kEnd = 64;
constexpr std::size_t kMostPast = 1000;
/// Of a folder in which a renamed file is looked for.
constexpr std::size_t kMostSiblings = 10'000;

FileIdentity identity_in(const struct stat& status) {
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

/// The name that a file has now beside the one it had, when it still has one there.
std::optional<fs::path> renamed_sibling(const fs::path& path, const FileIdentity& identity) {
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::size_t seen = 0;
  for (fs::directory_iterator entry(folder, error);
       !error && entry != fs::directory_iterator() && seen < kMostSiblings;
       entry.increment(error), ++seen) {
    const auto status = status_of(entry->path());
    if (status && identity_in(*status) == identity) return entry->path();
  }
  return std::nullopt;
}

}  // namespace

FollowedFile::FollowedFile(fs::path path, Origin origin, const ReadOptions& options)
    : path_(std::move(path)), origin_(std::move(origin)), options_(options) {
  if (const auto status = status_of(path_)) identity_ = identity_in(*status);
}

bool FollowedFile::had(const FileIdentity& identity, std::string_view beginning) const {
  if (identity_ == identity) return true;
  // Inode numbers are used again once a file is gone: the beginning tells.
  return std::ranges::any_of(past_, [&](const Past& past) {
    return identity == past.identity && beginning.starts_with(past.beginning);
  });
}

bool FollowedFile::was_copied_to(const File& other, std::string_view beginning) const {
  return offset() >= kLeastCopied && beginning.starts_with(beginning_) &&
         other.begins_as(progress_.place());
}

std::uint64_t FollowedFile::pending() const noexcept {
  if (failed_) return 0;
  if (!parser_) return head_.size();
  return offset() - std::min(offset(), parser_->consumed());
}

std::uint64_t FollowedFile::poll(Feed& feed, std::uint64_t most_bytes, std::string& block) {
  try {
    const bool began = opened_;
    if (failed_ && !began) return 0;
    if (!file_ && !(began ? open_again() : open(feed))) return 0;
    if (began) {
      look_for_replacement(feed, block);
      look_for_cut();
      if (in_doubt_) settle_doubt(feed);
    }
    const std::uint64_t bytes = in_doubt_ ? 0 : read_new(feed, most_bytes, block);
    feed.mute(false);
    if (parser_ && bytes > 0) parser_->rest();
    return bytes;
  } catch (const DataError&) {
    feed.mute(false);
    failed_ = true;
    throw;
  }
}

bool FollowedFile::open(Feed& feed) {
  if (!status_of(path_)) return false;
  file_.emplace(path_);
  identity_ = file_->identity();
  opened_ = true;
  progress_.begin(feed, *file_, path_);
  return true;
}

/// Takes the file up where it was left. The name may stand for another one by now; then that one's replacement is
/// noticed as if this had stayed open, as long as this one can be found.
bool FollowedFile::open_again() {
  const auto status = status_of(path_);
  if (status && identity_in(*status) == *identity_) {
    file_.emplace(path_);
  } else if (const auto elsewhere = renamed_sibling(path_, *identity_)) {
    file_.emplace(*elsewhere);
  } else if (status && status->st_size > 0) {
    file_.emplace(path_);  // The old file is gone, with what it may have had after the last look.
    if (past_.size() < kMostPast) past_.push_back({*identity_, beginning_});
    identity_ = file_->identity();
    in_doubt_ = true;
    return true;
  } else {
    return false;
  }
  if (!in_doubt_) file_->seek(offset());
  return true;
}

void FollowedFile::look_for_replacement(Feed& feed, std::string& block) {
  const auto status = status_of(path_);
  if (!status || identity_in(*status) == *identity_) return;
  // The writer may still hold the old file: it is done with once the new one has bytes.
  if (!in_doubt_) read_new(feed, std::numeric_limits<std::uint64_t>::max(), block);
  if (status->st_size == 0) return;
  File fresh(path_);
  if (past_.size() < kMostPast) past_.push_back({*identity_, beginning_});
  file_.emplace(std::move(fresh));
  identity_ = file_->identity();
  in_doubt_ = true;
}

void FollowedFile::look_for_cut() {
  if (in_doubt_ || offset() == 0) return;
  const std::uint64_t size = size_of(*file_);
  if (size == offset()) return;
  // Cut and grown again since the last look: what stands before the new bytes is not what was read.
  in_doubt_ = size < offset() || file_->read_at(offset() - end_.size(), end_.size()) != end_;
}

void FollowedFile::settle_doubt(Feed& feed) {
  const std::uint64_t size = size_of(*file_);
  const std::string now = file_->read_at(0, beginning_.size());
  const bool agrees = std::string_view(beginning_).starts_with(now);
  if (agrees && size < offset()) return;
  if (agrees && file_->begins_as(progress_.place())) {
    file_->seek(offset());
    in_doubt_ = false;
    return;
  }
  begin_again(feed);
}

void FollowedFile::begin_again(Feed& feed) {
  const std::uint64_t cut = pending();
  if (parser_ && !failed_) {
    progress_.return_to(feed);
    parser_->pause();
    parser_->restart();
  } else {
    parser_.reset();
  }
  feed.warn(origin_.path + ": the file was replaced or cut; reading it from its beginning" +
            (cut > 0 ? "; the line that had not ended is left out" : ""));
  file_->seek(0);
  progress_.begin(feed, *file_, path_);
  beginning_.clear();
  end_.clear();
  head_.clear();
  failed_ = false;
  in_doubt_ = false;
}

std::uint64_t FollowedFile::read_new(Feed& feed, std::uint64_t most_bytes, std::string& block) {
  std::uint64_t read = 0;
  while (read < most_bytes && !failed_ && !feed.stopped()) {
    const std::string_view bytes = file_->read(
        static_cast<std::size_t>(std::min<std::uint64_t>(kFollowBlock, most_bytes - read)), block);
    if (bytes.empty()) break;
    read += bytes.size();
    progress_.take(feed, bytes);
    if (beginning_.size() < kBeginning) {
      beginning_.append(bytes.substr(0, kBeginning - beginning_.size()));
    }
    end_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kEnd)));
    end_.erase(0, end_.size() - std::min(end_.size(), kEnd));
    take(feed, bytes);
  }
  return read;
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

void FollowedFile::pause(Feed& feed) {
  if (failed_ || !opened_) return;
  progress_.return_to(feed);
  if (!parser_ && !head_.empty()) {
    // Too little to tell the format by what it begins with, unless this is all of it.
    Format format = options_.format;
    if (format == Format::automatic) format = detect_format(head_, true, origin_.path);
    if (format == Format::automatic) return;
    if (info_ == nullptr) info_ = &feed.source(origin_.path);
    parser_ = make_parser(format, feed, origin_, options_, *info_);
    parser_->feed(std::exchange(head_, {}));
  }
  if (parser_) parser_->pause();
}

}  // namespace emdyn::collect::ingest
