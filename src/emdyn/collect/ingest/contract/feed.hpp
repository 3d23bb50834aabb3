#pragma once
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::collect::ingest {

/// Wall time of a point whose file does not say.
inline constexpr double kNoTime = std::numeric_limits<double>::quiet_NaN();

/// Between parsers and a sink: numbers runs and signals by name, counts, and keeps warnings until
/// they are told, one line with a count for those of one kind. One feed may serve many files: equal
/// names mean the same run.
class Feed {
 public:
  Feed(Sink& sink, const Limits& limits, const Task& task = {})
      : sink_(sink), limits_(limits), task_(task) {}

  /// Asked by whoever reads, block by block: what was read stays whole and can be gone on from.
  bool stopped() const noexcept { return task_.stopped(); }

  /// The run of this name, announced on first use. @throws DataError beyond limits.names.
  RunIndex run(std::string_view name, const Json& configuration = Json::object());
  /// The run's signal of this name, announced on first use. @throws DataError beyond limits.names.
  SignalIndex signal(RunIndex run, std::string_view name, series::Axis axis);
  void point(SignalIndex signal, double position, double value, double seconds = kNoTime);
  /// The row whose points were passed on ends here.
  void row(RunIndex run, double position) { sink_.on_row(run, position); }
  void configuration(RunIndex run, const Json& configuration);
  /// A line for people, told by tell_warnings(): of one kind the first, with how many more there
  /// are. The kind of a warning without one is its text.
  void warn(std::string text) { warn_of(text, text); }
  void warn_of(std::string_view kind, std::string text);
  /// Passes on what was not told yet. Whoever reads calls it where nothing can fail any more for
  /// now: a refusal is one line.
  void tell_warnings();
  /// Drops what was not told: the file it is about could not be read.
  void drop_warnings() {
    std::erase_if(warnings_, [](const Warning& warning) { return !warning.told; });
  }
  /// A malformed row: throws DataError(text), or counts it when rows may be skipped.
  void bad_row(bool skip, std::string text);
  void missing() noexcept { ++report_.missing_cells; }
  void ignored() noexcept { ++report_.ignored_values; }
  void torn() noexcept { report_.torn_rows += muted_ ? 0 : 1; }
  void read(std::size_t bytes) noexcept { report_.bytes += bytes; }
  /// The entry a parser fills for its file. The reference stays valid for the life of the feed.
  SourceInfo& source(std::string path);

  /// The latest position of a run, or nothing when it has no point yet.
  std::optional<double> last_position(RunIndex run) const noexcept;
  /// While muted, points are not counted and nothing warns: what is read was read before, and is passed on for the sink
  /// to get back to where it was.
  void mute(bool muted) noexcept { muted_ = muted; }
  FileIndex new_file() noexcept { return files_++; }
  Sink& sink() noexcept { return sink_; }
  std::uint64_t points() const noexcept { return report_.points; }
  const Limits& limits() const noexcept { return limits_; }
  ReadReport report() const;

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Names = std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>>;
  struct RunState {
    std::string name;
    Names signals;
    double last = -std::numeric_limits<double>::infinity();
    bool warned = false;
  };
  struct SignalState {
    RunIndex run = 0;
    double last = -std::numeric_limits<double>::infinity();
  };

  Sink& sink_;
  Limits limits_;
  Task task_;
  Names run_names_;
  std::vector<RunState> runs_;
  std::vector<SignalState> signals_;
  struct Warning {
    std::string kind;
    std::string text;
    std::size_t count = 0;
    bool told = false;
  };

  std::vector<Warning> warnings_;
  std::deque<SourceInfo> sources_;
  ReadReport report_;
  FileIndex files_ = 0;
  bool muted_ = false;
};

}  // namespace emdyn::collect::ingest
