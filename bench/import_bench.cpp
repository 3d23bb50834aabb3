#include "import_bench.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/import.hpp"
#include "scratch_folder.hpp"

namespace emdyn::bench {
namespace {

/// Samples on which a detector that was asked for is timed.
constexpr std::size_t kTimedCells = 200'000;

void write_table(const std::filesystem::path& file, std::size_t cells, std::size_t signals) {
  std::ofstream out(file, std::ios::binary);
  Philox random(20260201);
  std::string text = "step";
  for (std::size_t s = 0; s < signals; ++s) text += fmt::format(",signal_{}", s);
  text += '\n';
  for (std::size_t row = 0; row < cells / signals; ++row) {
    text += std::to_string(row);
    for (std::size_t s = 0; s < signals; ++s)
      text += fmt::format(",{:.6f}", 1.0 + 0.1 * random.normal());
    text += '\n';
    if (text.size() < 1 << 20) continue;
    out << text;
    text.clear();
  }
  out << text;
  if (!out.flush()) throw StoreError(file.string() + ": cannot be written: give another folder");
}

double import_seconds(const std::filesystem::path& table, const std::filesystem::path& folder,
                      const pipeline::ImportOptions& options, const Task& task) {
  std::filesystem::remove_all(folder);
  auto store = collect::store::Store::open(folder, collect::store::Mode::write);
  const double seconds = pipeline::import_files(store, {table}, options, task.with({})).seconds;
  task.check();
  return seconds;
}

/// What the reader says it took, the best of two; nothing where it is not installed.
std::optional<double> python_seconds(const std::string& python, const char* library,
                                     const std::filesystem::path& table) {
  const std::string command = fmt::format(
      "{} -c 'import time, {} as library; clock = time.perf_counter\ndef once():\n start = clock(); "
      "library.read_csv(\"{}\"); return clock() - start\nprint(min(once(), once()))' 2>/dev/null",
      python, library, table.string());
  struct Close {
    void operator()(std::FILE* pipe) const { ::pclose(pipe); }
  };
  const std::unique_ptr<std::FILE, Close> pipe(::popen(command.c_str(), "r"));
  std::array<char, 64> line{};
  if (!pipe || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) return std::nullopt;
  std::string_view said(line.data());
  while (!said.empty() && said.back() <= ' ') said.remove_suffix(1);
  return parse_double(said);
}

}  // namespace

std::vector<Row> bench_import(const ImportBenchOptions& options, const Task& task) {
  if (options.cells < 1000 || options.signals < 1 || options.cells < options.signals)
    throw ConfigError("cells must be at least 1000 and no fewer than signals");
  const ScratchFolder folder(options.folder);
  const auto table = folder.path() / "table.csv";
  const auto store = folder.path() / "store";
  write_table(table, options.cells, options.signals);

  std::vector<Row> rows;
  pipeline::ImportOptions stored;
  stored.recorder.detect = false;
  const double reading = std::min(import_seconds(table, store, stored, task),
                                  import_seconds(table, store, stored, task));
  pipeline::ImportOptions watched;
  watched.most_samples = pipeline::kMostSamplesByDefault;
  rows.push_back({"stored and watched, by default", import_seconds(table, store, watched, task),
                  "s", reading, "stored only"});
  for (const char* library : {"pandas", "polars"}) {
    const auto seconds = python_seconds(options.python, library, table);
    rows.push_back({"stored only", reading, "s", seconds,
                    seconds ? fmt::format("{}.read_csv", library)
                            : fmt::format("{} is not installed", library)});
  }

  const auto part = folder.path() / "part.csv";
  const std::size_t cells = std::min(options.cells, kTimedCells);
  write_table(part, cells, options.signals);
  const double part_reading = import_seconds(part, store, stored, task);
  for (const std::string_view detector : {detect::kDefaultDetector, detect::kWatch}) {
    pipeline::ImportOptions asked;
    asked.recorder.detection.detector = detector;
    const double seconds = import_seconds(part, store, asked, task);
    rows.push_back({fmt::format("watched by {}", detector),
                    1e6 * (seconds - part_reading) / static_cast<double>(cells), "us/sample",
                    1e6 * part_reading / static_cast<double>(cells), "reading and storing"});
  }
  return rows;
}

}  // namespace emdyn::bench
