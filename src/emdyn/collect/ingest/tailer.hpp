#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "emdyn/collect/ingest/change_notice.hpp"
#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/collect/ingest/followed_file.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::collect::ingest {

/// Follows a growing log, or all logs of a folder, by looking at it from time to time: CSV, JSON
/// lines and TensorBoard event files, through rotation (renamed and made anew), truncation, whole
/// rewriting, half-written last lines and records, and new files in the folder. No point is passed
/// on twice, but where the sink says that an earlier reading had it (Sink::place_of). No threads, no signals: the
/// caller decides when to look.
///
/// A line counts when it ends. Up to kEachLook files are all looked at each time; of more, those that the kernel says
/// were written to (ChangeNotice), and every ten seconds all whose size or time of change is another. Few files are held open, however many there are.
class Tailer {
 public:
  static constexpr std::size_t kEachLook = 500;

  /// `path` need not exist yet. Stopping `task` ends a look between two blocks of a file.
  explicit Tailer(std::filesystem::path path, const ReadOptions& options = {},
                  const Task& task = {});
  Tailer(const Tailer&) = delete;
  Tailer& operator=(const Tailer&) = delete;
  ~Tailer();

  /// Passes on what is new, at most `most_bytes`: call again at once while it is behind().
  /// Give the same sink each time; runs and signals are announced once.
  /// @return the number of new points.
  /// @throws DataError for a single file that cannot be read (in a folder it warns instead), once;
  /// the file is looked at again when it is replaced.
  std::uint64_t poll(Sink& sink, std::uint64_t most_bytes = std::uint64_t{64} << 20);
  /// Files hold more than the last look read.
  bool behind() const noexcept { return !due_.empty(); }
  /// Returns after `most`, or earlier when there is something to look at.
  bool wait(std::chrono::milliseconds most) const noexcept { return notice_.wait(most); }
  /// The reading ends for now. What has no lines is passed on as it stands; each file whose last line has not ended
  /// is told of as a warning, and the line is read once it has.
  std::uint64_t finish(Sink& sink);

  std::size_t files() const noexcept { return files_.size(); }
  /// Files that could not be read, each time that happened.
  std::uint64_t errors() const noexcept { return errors_; }
  /// Bytes of lines that have begun and not ended, of all files.
  std::uint64_t pending_bytes() const noexcept;
  /// When the files that were read since the last call had been written to, the earliest of these times, in seconds
  /// since the epoch; nothing when none was read.
  std::optional<double> take_oldest_write() noexcept { return std::exchange(oldest_write_, {}); }
  ReadReport report() const { return feed_.report(); }

 private:
  /// Passes everything on to the sink of the current call.
  class Relay;
  void look_around();
  void discover();
  void follow(const std::filesystem::path& file);
  bool read_before(const std::filesystem::path& file) const;
  void mark(std::size_t file);
  /// What the kernel says of a file, by which it is known not to have changed.
  struct Seen {
    FileIdentity identity{};
    std::uint64_t size = 0;
    std::int64_t written_ns = 0;
    bool operator==(const Seen&) const = default;
  };
  static std::optional<Seen> seen_now(const std::filesystem::path& file);
  bool unchanged(std::size_t file) const;
  std::uint64_t visit(std::size_t file, std::uint64_t most_bytes);
  void note(std::size_t file);
  void keep_open(std::size_t file);

  std::filesystem::path path_;
  ReadOptions options_;
  std::unique_ptr<Relay> relay_;
  Feed feed_;
  ChangeNotice notice_;
  std::vector<std::unique_ptr<FollowedFile>> files_;
  std::unordered_map<std::string, std::size_t> by_path_;
  std::unordered_multimap<std::uint64_t, std::size_t>
      by_identity_;  ///< Also of files before a replacement.
  std::unordered_multimap<std::uint32_t, std::size_t> by_beginning_;
  std::vector<bool> has_beginning_;          ///< Is in by_beginning_.
  std::unordered_set<std::string> aliases_;  ///< Rotated files of the folder, read before.
  std::deque<std::size_t> due_;              ///< Files to look at.
  std::vector<bool> is_due_;
  std::vector<std::optional<Seen>> seen_;  ///< Before each file was last read.
  std::deque<std::size_t> open_;           ///< Files held open, the longest unread first.
  std::string block_;
  std::chrono::steady_clock::time_point last_full_look_{};
  bool is_folder_ = false;
  std::uint64_t errors_ = 0;
  std::optional<double> oldest_write_{};
};

}  // namespace emdyn::collect::ingest
