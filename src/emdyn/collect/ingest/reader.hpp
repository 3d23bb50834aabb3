#pragma once
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::collect::ingest {

/// Reads files and folders once, from beginning to end, and pushes every point to `sink`; memory
/// does not grow with the files. Formats (CSV, JSON lines, TensorBoard event files, each also in
/// gzip) are told by content; "-" is standard input. In a folder, what cannot be read warns and the
/// rest is read; folders of event files share one run a folder.
/// @throws DataError naming file and line (or byte) of what cannot be read, for a file without a
/// number, and for a folder without a log. Stopping `task` ends the reading between two blocks: the
/// report says what was read by then, and the sink has it.
ReadReport read(std::span<const std::filesystem::path> paths, Sink& sink,
                const ReadOptions& options = {}, const Task& task = {});
ReadReport read(const std::filesystem::path& path, Sink& sink, const ReadOptions& options = {},
                const Task& task = {});

/// The same from memory; `name` stands for the path.
ReadReport read_bytes(std::string_view bytes, std::string_view name, Sink& sink,
                      const ReadOptions& options = {});

/// Gathers whole runs in memory. Positions and values as read, in order; a position that goes back
/// opens a segment. Wall times are kept for signals in which every point has one.
class Collector final : public Sink {
 public:
  void on_run(RunIndex run, std::string_view name, const Json& configuration) override;
  void on_signal(SignalIndex signal, RunIndex run, std::string_view name,
                 series::Axis axis) override;
  void on_point(SignalIndex signal, double position, double value, double seconds) override;
  void on_configuration(RunIndex run, const Json& configuration) override;
  /// Hands the runs over; the collector is empty afterwards.
  std::vector<series::Run> take();

 private:
  struct Place {
    RunIndex run;
    std::size_t signal;
  };
  std::vector<series::Run> runs_;
  std::vector<Place> places_;
};

/// Runs with their name, configuration, source and signals. @throws as read(), and Task::Stopped:
/// half a run would be taken for a whole one.
std::vector<series::Run> read_runs(const std::filesystem::path& path,
                                   const ReadOptions& options = {}, ReadReport* report = nullptr,
                                   const Task& task = {});

}  // namespace emdyn::collect::ingest
