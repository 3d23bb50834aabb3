#include "emdyn/collect/ingest/tailer.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "emdyn/collect/ingest/contract/crc32c.hpp"
#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/log_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFullLook{10};
/// Of one file before the next has its turn.
constexpr std::uint64_t kTurnBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMostOpen = 128;
/// Warnings of lines that have not ended, by name.
constexpr std::size_t kMostPendingNamed = 3;

std::uint64_t identity_key(const FileIdentity& identity) {
  return identity.inode ^ (identity.device << 48U);
}

/// A share of what the process may have open: the store needs descriptors too.
std::size_t most_open() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 16;
  return std::clamp<std::size_t>(limit.rlim_cur / 8, 4, kMostOpen);
}

std::uint32_t beginning_key(std::string_view beginning) {
  return crc32c(beginning.substr(0, FollowedFile::kLeastCopied), 0);
}

}  // namespace

class Tailer::Relay final : public Sink {
 public:
  void aim(Sink* target) noexcept { target_ = target; }
  void on_run(RunIndex run, std::string_view name, const Json& configuration) override {
    target_->on_run(run, name, configuration);
  }
  void on_signal(SignalIndex signal, RunIndex run, std::string_view name,
                 series::Axis axis) override {
    target_->on_signal(signal, run, name, axis);
  }
  void on_point(SignalIndex signal, double position, double value, double seconds) override {
    target_->on_point(signal, position, value, seconds);
  }
  void on_row(RunIndex run, double position) override { target_->on_row(run, position); }
  void on_configuration(RunIndex run, const Json& configuration) override {
    target_->on_configuration(run, configuration);
  }
  std::optional<FilePlace> place_of(const fs::path& file, const FileIdentity& identity) override {
    return target_->place_of(file, identity);
  }
  void on_file(FileIndex file, const fs::path& path, const FileIdentity& identity,
               bool known) override {
    target_->on_file(file, path, identity, known);
  }
  void on_block(FileIndex file, const FilePlace& end) override { target_->on_block(file, end); }
  void on_warning(std::string_view text) override { target_->on_warning(text); }

 private:
  Sink* target_ = nullptr;
};

Tailer::Tailer(fs::path path, const ReadOptions& options, const Task& task)
    : path_(std::move(path)),
      options_(options),
      relay_(std::make_unique<Relay>()),
      feed_(*relay_, options.limits, task),
      notice_(path_) {
  options_.growing = !options.finite;
}

Tailer::~Tailer() = default;

void Tailer::follow(const fs::path& file) {
  const std::string run = options_.run_name.empty()
                              ? run_name_of(file, is_folder_ ? path_ : fs::path())
                              : options_.run_name;
  const std::size_t index = files_.size();
  files_.push_back(
      std::make_unique<FollowedFile>(file, Origin{terminal_safe(file.string()), run}, options_));
  by_path_.emplace(file.string(), index);
  has_beginning_.push_back(false);
  is_due_.push_back(false);
  seen_.emplace_back();
  if (const auto& identity = files_[index]->identity()) {
    by_identity_.emplace(identity_key(*identity), index);
  }
  mark(index);
}

/// Whether a file of the folder is one that is or was followed under another name, or a copy of it.
bool Tailer::read_before(const fs::path& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0) return false;
  const FileIdentity identity{static_cast<std::uint64_t>(status.st_dev),
                              static_cast<std::uint64_t>(status.st_ino)};
  const auto [first, last] = by_identity_.equal_range(identity_key(identity));
  if (first == last && by_beginning_.empty()) return false;
  const File candidate(path);
  const std::string beginning = candidate.read_at(0, FollowedFile::kBeginning);
  if (std::any_of(first, last, [&](const auto& entry) {
        return files_[entry.second]->had(identity, beginning);
      })) {
    return true;
  }
  if (beginning.size() < FollowedFile::kLeastCopied) return false;
  const auto [like, end] = by_beginning_.equal_range(beginning_key(beginning));
  return std::any_of(like, end, [&](const auto& entry) {
    return files_[entry.second]->was_copied_to(candidate, beginning);
  });
}

void Tailer::discover() {
  std::error_code ignored;
  is_folder_ = is_folder_ || (files_.empty() && fs::is_directory(path_, ignored));
  if (!is_folder_) {
    if (files_.empty()) follow(path_);
    return;
  }
  if (!fs::is_directory(path_, ignored)) return;
  for (const fs::path& file : log_files(path_, options_.limits)) {
    if (by_path_.contains(file.string()) || aliases_.contains(file.string())) continue;
    if (read_before(file)) {
      aliases_.insert(file.string());
    } else {
      follow(file);
    }
  }
}

void Tailer::mark(std::size_t file) {
  if (is_due_[file]) return;
  is_due_[file] = true;
  due_.push_back(file);
}

void Tailer::look_around() {
  const ChangeNotice::Changes changes = notice_.take();
  const auto now = Clock::now();
  if (!notice_.works() || changes.everything || files_.size() <= kEachLook ||
      now - last_full_look_ >= kFullLook) {
    discover();
    const bool all = !notice_.works() || files_.size() <= kEachLook;
    for (std::size_t file = 0; file < files_.size(); ++file) {
      if (all || !unchanged(file)) mark(file);
    }
    last_full_look_ = now;
    return;
  }
  if (changes.listing) discover();
  for (const fs::path& path : changes.files) {
    if (const auto known = by_path_.find(path.string()); known != by_path_.end()) {
      mark(known->second);
    }
  }
}

/// What later tells a renamed or copied file from a new one.
void Tailer::note(std::size_t file) {
  const FollowedFile& followed = *files_[file];
  if (!has_beginning_[file] && followed.beginning().size() >= FollowedFile::kLeastCopied) {
    by_beginning_.emplace(beginning_key(followed.beginning()), file);
    has_beginning_[file] = true;
  }
  if (!followed.identity()) return;
  const std::uint64_t key = identity_key(*followed.identity());
  const auto [first, last] = by_identity_.equal_range(key);
  if (std::none_of(first, last, [&](const auto& entry) { return entry.second == file; })) {
    by_identity_.emplace(key, file);
    has_beginning_[file] = false;  // Another file now: it begins otherwise.
  }
}

void Tailer::keep_open(std::size_t file) {
  if (!files_[file]->is_open()) return;
  static const std::size_t most = most_open();
  std::erase(open_, file);
  open_.push_back(file);
  if (open_.size() <= most) return;
  files_[open_.front()]->let_go();
  open_.pop_front();
}

std::uint64_t Tailer::pending_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& file : files_) bytes += file->pending();
  return bytes;
}

std::optional<Tailer::Seen> Tailer::seen_now(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return Seen{
      {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)},
      static_cast<std::uint64_t>(status.st_size),
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

bool Tailer::unchanged(std::size_t file) const {
  return seen_[file] && seen_now(files_[file]->path()) == seen_[file];
}

std::uint64_t Tailer::visit(std::size_t file, std::uint64_t most_bytes) {
  std::uint64_t bytes = 0;
  seen_[file] = seen_now(files_[file]->path());  // Before: what is written meanwhile is a change.
  try {
    bytes = files_[file]->poll(feed_, most_bytes, block_);
  } catch (const DataError& error) {
    ++errors_;
    if (!is_folder_) throw;
    feed_.warn(error.what());
  }
  if (bytes > 0 && seen_[file]) {
    const double written = 1e-9 * static_cast<double>(seen_[file]->written_ns);
    oldest_write_ = std::min(oldest_write_.value_or(written), written);
  }
  note(file);
  keep_open(file);
  return bytes;
}

std::uint64_t Tailer::poll(Sink& sink, std::uint64_t most_bytes) {
  relay_->aim(&sink);
  const std::uint64_t before = feed_.points();
  look_around();
  while (!due_.empty() && most_bytes > 0 && !feed_.stopped()) {
    const std::size_t file = due_.front();
    due_.pop_front();
    is_due_[file] = false;
    const std::uint64_t turn = std::min(most_bytes, kTurnBytes);
    const std::uint64_t bytes = visit(file, turn);
    most_bytes -= bytes;
    if (bytes == turn) mark(file);
  }
  feed_.tell_warnings();
  return feed_.points() - before;
}

std::uint64_t Tailer::finish(Sink& sink) {
  relay_->aim(&sink);
  const std::uint64_t before = feed_.points();
  std::size_t pending = 0;
  for (const auto& file : files_) {
    try {
      file->pause(feed_);
    } catch (const DataError& error) {
      feed_.warn(error.what());
    }
    if (file->pending() == 0 || pending++ >= kMostPendingNamed) continue;
    feed_.warn(
        fmt::format("{}: its last line has not ended ({} bytes); it is pending and read once it "
                    "has, when this is watched again",
                    file->shown(), file->pending()));
  }
  if (pending > kMostPendingNamed) {
    feed_.warn(fmt::format("so have the last lines of {} more files", pending - kMostPendingNamed));
  }
  feed_.tell_warnings();
  return feed_.points() - before;
}

}  // namespace emdyn::collect::ingest
