#include "emdyn/pipeline/source.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {

bool is_path(std::string_view text) {
  std::error_code error;
  return text == "-" || std::filesystem::exists(std::filesystem::path(text), error);
}

std::vector<series::Run> load_runs(const Source& source, const Task& task) {
  if (is_path(source.text))
    return collect::ingest::read_runs(source.text, source.read, nullptr, task);
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

series::Run load_run(const Source& source) {
  auto runs = load_runs(source);
  if (runs.size() == 1) return std::move(runs.front());
  throw ConfigError(
      fmt::format("{}: holds {} runs and one is needed; emdyn import it, then name a run (emdyn "
                  "runs lists them)",
                  terminal_safe(source.text), runs.size()));
}

}  // namespace emdyn::pipeline
