#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/collect/ingest/followed_file.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::collect::ingest {

/// Follows a growing log, or all logs of a folder, by looking at it from time to time: CSV, JSON
/// lines and TensorBoard event files, through rotation (renamed and made anew), truncation, whole
/// rewriting, half-written last lines and records, and new files in the folder. No point is passed
/// on twice. No threads, no signals: the caller decides when to look.
class Tailer {
 public:
  /// `path` need not exist yet. `state`, from state() of an earlier watcher, goes on where that one
  /// ended: what it had read is parsed again but not passed on.
  /// Stopping `task` ends a look between two blocks of a file; state() is right all the same.
  /// @throws DataError when `state` is none.
  explicit Tailer(std::filesystem::path path, const ReadOptions& options = {},
                  const Json& state = Json(), const Task& task = {});
  Tailer(const Tailer&) = delete;
  Tailer& operator=(const Tailer&) = delete;
  ~Tailer();

  /// Passes on what is new, at most `most_bytes` of each file: call again at once while it returns
  /// points. Give the same sink each time; runs and signals are announced once.
  /// @return the number of new points.
  /// @throws DataError for a single file that cannot be read (in a folder it warns instead), once;
  /// the file is looked at again when it is replaced.
  std::uint64_t poll(Sink& sink, std::uint64_t most_bytes = std::uint64_t{64} << 20);
  /// Nothing will follow: passes on last lines that lack their newline.
  std::uint64_t finish(Sink& sink);

  /// How far each file was read, to go on later: {"files": [{"path", "offset", "sum"}]}.
  Json state() const;
  ReadReport report() const { return feed_.report(); }

 private:
  /// Passes everything on to the sink of the current call.
  class Relay;
  void discover();
  void follow(const std::filesystem::path& file);
  template <class Action>
  std::uint64_t visit(Sink& sink, Action action);

  std::filesystem::path path_;
  ReadOptions options_;
  Json state_;
  std::unique_ptr<Relay> relay_;
  Feed feed_;
  std::vector<std::unique_ptr<FollowedFile>> files_;
  std::vector<std::filesystem::path> aliases_;  ///< Rotated files of the folder, read before.
  bool is_folder_ = false;
};

}  // namespace emdyn::collect::ingest
