#include "emdyn/pipeline/import.hpp"

#include <algorithm>
#include <chrono>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/pipeline/run_sink.hpp"
#include "emdyn/pipeline/source.hpp"

namespace emdyn::pipeline {
namespace {

/// More new runs are put into the catalogue when they are listed first.
constexpr std::size_t kIndexedAtOnce = 256;

void add(collect::ingest::ReadReport& sum, const collect::ingest::ReadReport& part) {
  sum.runs += part.runs;
  sum.signals += part.signals;
  sum.points += part.points;
  sum.nonfinite += part.nonfinite;
  sum.missing_cells += part.missing_cells;
  sum.ignored_values += part.ignored_values;
  sum.skipped_rows += part.skipped_rows;
  sum.torn_rows += part.torn_rows;
  sum.bytes += part.bytes;
  sum.sources.insert(sum.sources.end(), part.sources.begin(), part.sources.end());
  sum.warnings.insert(sum.warnings.end(), part.warnings.begin(), part.warnings.end());
}

}  // namespace

Json import_json(const ImportResult& result, const ImportOptions& options) {
  const std::string& asked = options.recorder.detection.detector;
  const Json detector =
      options.recorder.detect ? Json(result.cheaper ? detect::kWatch : asked) : Json(nullptr);
  return Json{{"runs", result.run_ids.size()},
              {"known_runs", result.known_runs},
              {"signals", result.read.signals},
              {"points", result.read.points},
              {"nonfinite", result.read.nonfinite},
              {"events", result.events},
              {"seconds", result.seconds},
              {"missing_cells", result.read.missing_cells},
              {"ignored_values", result.read.ignored_values},
              {"skipped_rows", result.read.skipped_rows},
              {"interrupted", result.interrupted},
              {"run_ids", result.run_ids},
              {"torn_rows", result.read.torn_rows},
              {"sources", sources_json(result.read)},
              {"warnings", result.read.warnings},
              {"detector", detector}};
}

ImportResult import_files(collect::store::Store& store,
                          const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options, const Task& task) {
  const auto start = std::chrono::steady_clock::now();
  ImportResult result;
  StoredRuns stored(store, !options.again);
  const auto group = store.new_group();
  std::optional<std::uint64_t> samples_left = options.most_samples;
  for (const auto& path : paths) {
    if (const auto known = stored.complete(path); !known.empty()) {
      for (const StoredRun* run : known) result.run_ids.push_back(run->id);
      result.known_runs += known.size();
      continue;
    }
    RunSink::Options sink_options;
    sink_options.recorder = options.recorder;
    sink_options.source = path.string();
    sink_options.group = group;
    sink_options.on_warning = options.on_warning;
    sink_options.most_judged = samples_left;
    sink_options.beyond = options.recorder.detection;
    sink_options.beyond.detector = detect::kWatch;
    // The search for seasons is a third of its cost, and trainings have none.
    if (!sink_options.beyond.longest_period) sink_options.beyond.longest_period = 0;
    sink_options.task = task.with([&](const TaskProgress& part) {
      task.tell({"import", result.read.points + part.done, 0, part.unit});
    });
    RunSink sink(store, stored, std::move(sink_options));
    collect::ingest::ReadReport report = collect::ingest::read(path, sink, options.read, task);
    result.interrupted = task.stopped();
    report.points = sink.points();
    sink.finish(result.interrupted ? series::RunStatus::interrupted : series::RunStatus::finished);
    add(result.read, report);
    if (sink.went_beyond()) {
      result.cheaper = true;
    } else if (samples_left) {
      *samples_left -= std::min(*samples_left, report.points);
    }
    const auto ids = sink.run_ids();
    result.run_ids.insert(result.run_ids.end(), ids.begin(), ids.end());
    result.known_runs += sink.known_runs();
    result.events += sink.events();
    if (result.interrupted) break;
  }
  group->publish();
  if (result.run_ids.size() <= kIndexedAtOnce) store.index(result.run_ids);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace emdyn::pipeline
