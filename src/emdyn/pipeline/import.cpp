#include "emdyn/pipeline/import.hpp"

#include <chrono>
#include <optional>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/pipeline/run_sink.hpp"

namespace emdyn::pipeline {
namespace {

void add(collect::ingest::ReadReport& sum, const collect::ingest::ReadReport& part) {
  sum.runs += part.runs;
  sum.signals += part.signals;
  sum.points += part.points;
  sum.nonfinite += part.nonfinite;
  sum.missing_cells += part.missing_cells;
  sum.ignored_values += part.ignored_values;
  sum.skipped_rows += part.skipped_rows;
  sum.bytes += part.bytes;
  sum.sources.insert(sum.sources.end(), part.sources.begin(), part.sources.end());
  sum.warnings.insert(sum.warnings.end(), part.warnings.begin(), part.warnings.end());
}

}  // namespace

Json import_json(const ImportResult& result) {
  Json sources = Json::array();
  for (const collect::ingest::SourceInfo& source : result.read.sources) {
    sources.push_back({{"path", source.path},
                       {"format", collect::ingest::word(source.format)},
                       {"gzip", source.gzip},
                       {"position_column", source.position_column},
                       {"run_columns", source.run_columns},
                       {"ignored_columns", source.ignored_columns}});
  }
  return Json{{"runs", result.run_ids.size()},
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
              {"sources", std::move(sources)},
              {"warnings", result.read.warnings}};
}

ImportResult import_files(collect::store::Store& store,
                          const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options, const Task& task) {
  const auto start = std::chrono::steady_clock::now();
  ImportResult result;
  for (const auto& path : paths) {
    RunSink::Options sink_options;
    sink_options.recorder = options.recorder;
    sink_options.creation = collect::store::Creation::whole;
    sink_options.source = path.string();
    sink_options.on_warning = options.on_warning;
    sink_options.task = task.with([&](const TaskProgress& part) {
      task.tell({"import", result.read.points + part.done, 0, part.unit});
    });
    std::optional<RunSink> sink(std::in_place, store, std::move(sink_options));
    try {
      add(result.read, collect::ingest::read(path, *sink, options.read, task));
      result.interrupted = task.stopped();
      sink->finish(result.interrupted ? series::RunStatus::interrupted
                                      : series::RunStatus::finished);
    } catch (const DataError&) {
      const auto begun = sink->run_ids();
      sink.reset();  // Lets go of the runs.
      for (const std::string& id : begun) store.remove(id);
      for (const std::string& id : result.run_ids) store.remove(id);  // All files or none.
      throw;
    }
    const auto ids = sink->run_ids();
    result.run_ids.insert(result.run_ids.end(), ids.begin(), ids.end());
    result.events += sink->events();
    if (result.interrupted) break;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace emdyn::pipeline
