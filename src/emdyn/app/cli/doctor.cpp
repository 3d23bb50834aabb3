#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "emdyn/app/cli/plugin.hpp"
#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/cli/version.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/copy.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

int examine_machine(bool json, Console& console) {
  const PluginState plugin = plugin_state();
  const unsigned cores = std::thread::hardware_concurrency();
  if (json) {
    console.json(
        Json{{"version", version_json()},
             {"cores", cores},
             {"torch_plugin",
              {{"path", plugin.path}, {"loads", plugin.loads}, {"reason", plugin.reason}}}});
  } else {
    console.line(version_text());
    console.line(fmt::format("cores: {}", cores));
    console.line(
        plugin.loads
            ? fmt::format("torch plugin: {}", terminal_safe(plugin.path))
            : fmt::format("torch plugin: not available ({}); the verbs lab and demo need it",
                          terminal_safe(plugin.reason)));
    console.line("to examine a store: emdyn doctor STORE");
  }
  return kFine;
}

void show_repair(const collect::store::Repair& done, Console& console) {
  console.line(fmt::format("catalogue rebuilt: {}; {} of killed programs removed",
                           counted(done.runs_listed, "run"), counted(done.leftovers, "leftover")));
  for (const collect::store::Salvage& run : done.salvaged) {
    console.line(fmt::format(
        "run {}: {} and {} saved, {} of at most 1,024 points lost{}; the damaged file is kept as {}",
        run.id, counted(run.points, "point"), counted(run.records, "record"),
        counted(run.lost_chunks, "chunk"),
        run.lost_records || run.lost_info ? ", some records or settings too" : "", run.kept_at));
  }
  for (const collect::store::Problem& lost : done.lost) {
    console.line(fmt::format("{} {}: {}; {}", console.red("not saved"), terminal_safe(lost.file),
                             terminal_safe(lost.what), terminal_safe(lost.mend)));
  }
}

int examine_store(const std::string& path, bool repair, bool json, Console& console) {
  if (!std::filesystem::exists(path)) {
    throw StoreError(fmt::format("{}: no such folder", terminal_safe(path)));
  }
  std::optional<collect::store::Repair> repaired;
  if (repair) repaired = collect::store::repair(path);
  const collect::store::CheckReport report = collect::store::check(path);
  if (json) {
    Json document = report;
    document["catalog_rebuilt"] = repaired ? Json(repaired->runs_listed) : Json(nullptr);
    document["repair"] = repaired ? Json(*repaired) : Json(nullptr);
    console.json(document);
    return report.sound() ? kFine : kSaidNo;
  }
  std::uint64_t points = 0;
  for (const auto& run : report.runs) points += run.points;
  if (repaired) show_repair(*repaired, console);
  console.line(
      fmt::format("{}, {} read", counted(report.runs.size(), "run"), counted(points, "point")));
  if (report.leftovers > 0) {
    console.line(
        fmt::format("{} of killed programs, harmless; --repair, or the next who writes, cleans up",
                    counted(report.leftovers, "leftover")));
  }
  for (const collect::store::Problem& problem : report.problems) {
    console.line(fmt::format("{} {}: {}; {}", console.red("problem"), terminal_safe(problem.file),
                             terminal_safe(problem.what), terminal_safe(problem.mend)));
  }
  console.line(report.sound() ? console.green("sound")
                              : counted(report.problems.size(), "problem"));
  return report.sound() ? kFine : kSaidNo;
}

int copy_a_store(const std::string& path, const std::string& to, bool json, Console& console) {
  collect::store::StoreCopy done;
  {
    app::terminal::TaskLine line(console);
    done = collect::store::copy_store(path, to, line.task());
  }
  if (json) {
    console.json(Json{{"copy", done}});
  } else {
    console.line(fmt::format("{} ({:.1f} MB) copied to {}; emdyn doctor {} examines them",
                             counted(done.runs, "run"), static_cast<double>(done.bytes) / 1e6,
                             terminal_safe(to), terminal_safe(to)));
    for (const collect::store::Problem& lost : done.lost) {
      console.line(fmt::format("{} {}: {}; {}", console.red("not copied"), terminal_safe(lost.file),
                               terminal_safe(lost.what), terminal_safe(lost.mend)));
    }
  }
  return done.lost.empty() ? kFine : kSaidNo;
}

}  // namespace

int run_doctor(Arguments arguments, Console& console) {
  CLI::App app(
      "Examine this installation, or every byte of a store. Exit code 1 when a store is not sound.",
      "doctor");
  std::string path;
  bool rebuild = false;
  bool json = false;
  app.add_option("STORE,--store", path, "folder of runs to examine");
  app.add_flag(
      "--repair", rebuild,
      "first remove what killed programs left, save what can be read of damaged runs and make the "
      "catalogue anew");
  std::string copy;
  app.add_option(
         "--copy", copy,
         "copy the STORE into this folder, also while it is written: each run as of one moment")
      ->excludes("--repair");
  app.add_flag("--json", json, "print JSON");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (path.empty() && rebuild) throw ConfigError("doctor: --repair needs a STORE");
  if (path.empty() && !copy.empty()) throw ConfigError("doctor: --copy needs a STORE");
  if (!copy.empty()) return copy_a_store(path, copy, json, console);
  return path.empty() ? examine_machine(json, console)
                      : examine_store(path, rebuild, json, console);
}

}  // namespace emdyn::app::cli
