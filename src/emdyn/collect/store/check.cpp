#include "emdyn/collect/store/check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "emdyn/collect/store/catalog.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/collect/store/schema.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr const char* kDamaged =
    "restore the file from a copy; or emdyn doctor --repair keeps what can be read";

bool readable(const std::filesystem::path& file) { return ::access(file.c_str(), R_OK) == 0; }

/// Of a run that could not be opened.
const char* mend_of(const std::filesystem::path& file) {
  return readable(file) ? kDamaged : "whether it is sound cannot be told";
}

bool same_or_both_nan(double a, double b) noexcept {
  return a == b || (std::isnan(a) && std::isnan(b));
}

bool agree(const ChunkStats& kept, const ChunkStats& found) noexcept {
  return kept.count == found.count && kept.nonfinite == found.nonfinite &&
         kept.backs == found.backs && kept.first == found.first && kept.last == found.last &&
         kept.low == found.low && kept.high == found.high && kept.min == found.min &&
         kept.max == found.max && same_or_both_nan(kept.last_value, found.last_value);
}

class RunChecker {
 public:
  RunChecker(const std::filesystem::path& file, RunCheck& run, std::vector<Problem>& problems)
      : name_("runs/" + run.id + ".db"), reader_(file), run_(run), problems_(problems) {}

  void check() {
    const std::string verdict = reader_.database().text("PRAGMA integrity_check(1)");
    if (verdict != "ok") add("SQLite: " + verdict, kDamaged);
    for (const SignalRow& signal : reader_.signals()) {
      ++run_.signals;
      check_signal(signal);
    }
    const std::int64_t strays = reader_.database().integer(
        "SELECT COUNT(*) FROM chunk_bytes WHERE id NOT IN (SELECT id FROM chunks)");
    if (strays > 0) add(fmt::format("{} chunks are not listed", strays), kDamaged);
    check_records<series::Event>(RecordKind::event);
    check_records<series::Transition>(RecordKind::transition);
    check_records<series::Forecast>(RecordKind::forecast);
    check_records<series::Attribution>(RecordKind::attribution);
  }

 private:
  void add(std::string what, const char* mend) {
    problems_.push_back({name_, terminal_safe(what), mend});
  }

  void check_signal(const SignalRow& signal) {
    std::int64_t expected = chunk_key(signal.id, 0);
    std::optional<double> before;
    Points points;
    for (const ChunkRow& chunk : reader_.chunks(signal)) {
      const std::string what = fmt::format("signal \"{}\" from point {}", signal.name,
                                           chunk.id - chunk_key(signal.id, 0));
      if (chunk.id != expected) add(what + ": points before it are missing", kDamaged);
      expected = chunk.id + static_cast<std::int64_t>(chunk.stats.count);
      points.clear();
      try {
        reader_.points(signal, chunk, chunk.has_seconds, points);
      } catch (const StoreError& error) {
        add(error.what(), kDamaged);
        before = chunk.stats.last;
        continue;
      }
      run_.points += points.size();
      if (!agree(chunk.stats, chunk_stats(points.positions, points.values, before))) {
        add(what + ": its statistics do not agree with its points", kDamaged);
      }
      before = points.positions.back();
    }
  }

  template <class Record>
  void check_records(RecordKind kind) {
    try {
      reader_.records(kind, [&](const Json& json) {
        (void)json.get<Record>();
        ++run_.records;
      });
    } catch (const Error& error) {
      add(error.what(), kDamaged);
    }
  }

  std::string name_;
  RunReader reader_;
  RunCheck& run_;
  std::vector<Problem>& problems_;
};

}  // namespace

void to_json(Json& json, const CheckReport& report) {
  json = Json{{"sound", report.sound()},
              {"leftovers", report.leftovers},
              {"runs", Json::array()},
              {"problems", Json::array()}};
  for (const RunCheck& run : report.runs) {
    json["runs"].push_back(Json{{"id", run.id},
                                {"signals", run.signals},
                                {"points", run.points},
                                {"records", run.records},
                                {"being_written", run.being_written},
                                {"sound", run.sound}});
  }
  for (const Problem& problem : report.problems) {
    json["problems"].push_back(
        Json{{"file", problem.file}, {"what", problem.what}, {"mend", problem.mend}});
  }
}

CheckReport check(const std::filesystem::path& folder) {
  CheckReport report;
  for (const std::string& id : run_ids(folder)) {
    RunCheck run{id, 0, 0, 0, RunLock::held(folder, id), false};
    const std::size_t before = report.problems.size();
    try {
      RunChecker(run_path(folder, id), run, report.problems).check();
    } catch (const Error& error) {
      if (!std::filesystem::exists(run_path(folder, id))) continue;  // Removed meanwhile.
      report.problems.push_back(
          {"runs/" + id + ".db", error.what(), mend_of(run_path(folder, id))});
    }
    run.sound = report.problems.size() == before;
    report.runs.push_back(run);
  }
  report.leftovers = count_leftovers(folder);
  const std::string catalog = catalog_problem(folder);
  if (!catalog.empty()) {
    report.problems.push_back({"catalog.db", terminal_safe(catalog),
                               "emdyn doctor --repair makes it anew; no run is affected"});
  }
  return report;
}

void to_json(Json& json, const Repair& repair) {
  json = Json{{"runs_listed", repair.runs_listed},
              {"leftovers", repair.leftovers},
              {"salvaged", repair.salvaged},
              {"lost", Json::array()}};
  for (const Problem& problem : repair.lost) {
    json["lost"].push_back(
        Json{{"file", problem.file}, {"what", problem.what}, {"mend", problem.mend}});
  }
}

Repair repair(const std::filesystem::path& folder) {
  Repair done;
  done.leftovers = collect_leftovers(folder);
  for (const std::string& id : run_ids(folder)) {
    RunCheck run{id, 0, 0, 0, RunLock::held(folder, id), false};
    std::vector<Problem> problems;
    try {
      RunChecker(run_path(folder, id), run, problems).check();
    } catch (const Error& error) {
      if (!readable(run_path(folder, id))) {
        // Nobody knows whether it is damaged.
        done.lost.push_back({"runs/" + id + ".db", error.what(), mend_of(run_path(folder, id))});
        continue;
      }
      problems.push_back({"runs/" + id + ".db", error.what(), kDamaged});
    }
    if (problems.empty() || run.being_written) continue;
    try {
      done.salvaged.push_back(salvage_run(folder, id));
    } catch (const Error& error) {
      done.lost.push_back({"runs/" + id + ".db", error.what(), "restore it from a copy"});
    }
  }
  done.runs_listed = rebuild_catalog(folder);
  return done;
}

std::size_t rebuild_catalog(const std::filesystem::path& folder) {
  const std::vector<std::string> ids = run_ids(folder);
  const std::string file = catalog_path(folder).string();
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(file + suffix, ignored);
  }
  Catalog catalog(folder, Access::write);
  if (!catalog.usable()) {
    throw StoreError(fmt::format("{}: cannot be written: check the store's permissions and space",
                                 terminal_safe(file)));
  }
  std::size_t listed = 0;
  catalog.at_once([&] {
    for (const std::string& id : ids) {
      try {
        catalog.refresh(id);
        ++listed;
      } catch (const Error&) {
        // `check` names the runs that cannot be read.
      }
    }
  });
  return listed;
}

}  // namespace emdyn::collect::store
