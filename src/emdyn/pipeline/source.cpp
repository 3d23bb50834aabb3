#include "emdyn/pipeline/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

constexpr std::size_t kNamedSources = 4;

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::vector<series::Run> stored_runs(const Source& source) {
  const std::string shown = terminal_safe(source.text);
  const bool looks_like_a_file = source.text.find_first_of("./") != std::string::npos;
  if (!std::filesystem::exists(source.store_path)) {
    throw DataError(
        fmt::format("{}: no such file, and there is no store at {} that could hold such a run",
                    shown, terminal_safe(source.store_path)));
  }
  auto store = collect::store::Store::open(source.store_path, collect::store::Mode::read);
  try {
    std::vector<series::Run> runs;
    runs.push_back(store.load(store.find(source.text)));
    return runs;
  } catch (const DataError& error) {
    if (!looks_like_a_file) throw;
    throw DataError(fmt::format("{}: no such file, and no run of {} has this name", shown,
                                terminal_safe(source.store_path)));
  }
}

/// "step", "row numbers (no step column is recognised)"; of several sources each once.
std::string positions_of(const collect::ingest::ReadReport& read) {
  std::vector<std::string> names;
  for (const auto& one : read.sources) {
    if (one.format == collect::ingest::Format::automatic) continue;  // Could not be read.
    std::string name = one.position_column.empty()
                           ? "row numbers"
                           : fmt::format("\"{}\"", terminal_safe(one.position_column));
    if (!one.position_note.empty()) name += fmt::format(" ({})", one.position_note);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamedSources); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kNamedSources ? text + ", …" : text;
}

std::string formats_of(const collect::ingest::ReadReport& read) {
  std::set<std::string_view> words;
  for (const auto& one : read.sources) {
    if (one.format != collect::ingest::Format::automatic) words.insert(word(one.format));
  }
  std::string text;
  for (const std::string_view each : words)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", each);
  return text;
}

std::string left_out(const collect::ingest::ReadReport& read) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + counted(count, what);
  };
  std::size_t columns = 0;
  for (const auto& one : read.sources) columns += one.ignored_columns.size();
  add(columns, "column");
  add(read.ignored_values, "value");
  add(read.skipped_rows, "malformed row");
  add(read.torn_rows, "half-written row");
  return text;
}

}  // namespace

bool is_path(std::string_view text) {
  std::error_code error;
  return text == "-" || std::filesystem::exists(std::filesystem::path(text), error);
}

std::vector<series::Run> load_runs(const Source& source, const Task& task, Reading* reading) {
  Reading here;
  here.stored = !is_path(source.text);
  std::vector<series::Run> runs =
      here.stored ? stored_runs(source)
                  : collect::ingest::read_runs(source.text, source.read, &here.read, task);
  here.runs = runs.size();
  for (series::Run& run : runs) {
    if (source.whole_history) here.history += series::make_whole(run);
    here.signals += run.signals.size();
    for (const series::Signal& signal : run.signals) here.points += signal.size();
  }
  if (reading != nullptr) *reading = std::move(here);
  return runs;
}

series::Run load_run(const Source& source, Reading* reading) {
  auto runs = load_runs(source, {}, reading);
  if (runs.size() == 1) return std::move(runs.front());
  throw ConfigError(
      fmt::format("{}: holds {} runs and one is needed; emdyn import it, then name a run (emdyn "
                  "runs lists them)",
                  terminal_safe(source.text), runs.size()));
}

std::string reading_line(const Reading& reading) {
  const std::string history = series::describe(reading.history);
  if (reading.stored) return history;
  const auto& sources = reading.read.sources;
  std::string text =
      fmt::format("read {} as {} by {}: {}{}, {}",
                  sources.size() == 1 ? sources.front().path : counted(sources.size(), "file"),
                  formats_of(reading.read), positions_of(reading.read),
                  reading.runs == 1 ? "" : counted(reading.runs, "run") + ", ",
                  counted(reading.signals, "signal"), counted(reading.points, "point"));
  if (const std::string out = left_out(reading.read); !out.empty()) text += "; left out: " + out;
  if (!history.empty()) text += "; " + history;
  return text;
}

Json sources_json(const collect::ingest::ReadReport& read) {
  Json sources = Json::array();
  for (const collect::ingest::SourceInfo& source : read.sources) {
    sources.push_back({{"path", source.path},
                       {"format", collect::ingest::word(source.format)},
                       {"gzip", source.gzip},
                       {"position_column", source.position_column},
                       {"position_note", source.position_note},
                       {"time_column", source.time_column},
                       {"run_columns", source.run_columns},
                       {"ignored_columns", source.ignored_columns},
                       {"rows", source.rows}});
  }
  return sources;
}

Json reading_json(const Reading& reading) {
  const auto& history = reading.history;
  const Json from = history.replaced > 0 ? Json(history.replaced_from) : Json(nullptr);
  return Json{{"stored", reading.stored},
              {"runs", reading.runs},
              {"signals", reading.signals},
              {"points", reading.points},
              {"sources", sources_json(reading.read)},
              {"history",
               {{"replaced", history.replaced},
                {"replaced_from", from},
                {"joined", history.joined},
                {"sorted", history.sorted},
                {"set_back", history.set_back}}},
              {"missing_cells", reading.read.missing_cells},
              {"ignored_values", reading.read.ignored_values},
              {"skipped_rows", reading.read.skipped_rows},
              {"torn_rows", reading.read.torn_rows},
              {"warnings", reading.read.warnings}};
}

}  // namespace emdyn::pipeline
