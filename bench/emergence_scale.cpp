#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/scaling/left_out.hpp"
#include "emdyn/emergence/scaling/transfer.hpp"
#include "emdyn/pipeline/table_runs.hpp"
#include "emergence_bench.hpp"

namespace emdyn::bench {
namespace {

using namespace emergence::scaling;
namespace fs = std::filesystem;

constexpr std::string_view kJudged = "loss_link";

LongTable table_of(const fs::path& path) {
  auto table = pipeline::read_long_table(path);
  if (!table) throw DataError(fmt::format("{}: no long table", terminal_safe(path.string())));
  return std::move(*table);
}

/// The method beside the better of persistence and the power law, and the share of intervals held.
void add_study_rows(std::vector<Row>& rows, std::string_view study, const ScaleData& data,
                    LeaveOut scheme) {
  const auto scores = judge_scaling(data, scheme);
  for (const ScalingScore& score : scores) {
    if (score.method != kJudged || score.scale == MetricScale::free) continue;
    double best = HUGE_VAL;
    std::string_view name;
    for (const ScalingScore& other : scores) {
      const bool bar = other.method == "persistence" || other.method == "power_law";
      if (!bar || other.scale != score.scale || !(other.rmse < best)) continue;
      best = other.rmse;
      name = other.method;
    }
    const std::string what =
        fmt::format("scale/{}/{}_out/{}", study, word(scheme), word(score.scale));
    Row row = at_most(what + "/rmse", score.rmse, best, "root mean square error");
    row.baseline = best;
    row.baseline_name = name;
    rows.push_back(std::move(row));
    rows.push_back(between(what + "/held", score.coverage, .80, .97, "share of intervals"));
  }
}

}  // namespace

std::vector<Row> scale_figure_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  if (options.data.empty()) return rows;
  const fs::path folder(options.data);
  const ScaleData study = scale_data(table_of(folder / "overtraining_scaling.csv.gz"), {});
  add_study_rows(rows, "overtraining", study, LeaveOut::largest);
  add_study_rows(rows, "overtraining", study, LeaveOut::family);
  const LongTable suite = table_of(folder / "pythia_v1_zero_shot.csv.gz");
  SeriesQuery query;
  query.axis = series::Axis::parameters;
  add_study_rows(rows, "pythia", scale_data(suite, query), LeaveOut::largest);
  constexpr double kLast = 143'000;
  for (const double now : {3000.0, 33'000.0}) {
    const auto tasks = transfer_tasks(suite, "acc", now, kLast);
    const TransferScore score = judge_transfer(tasks, TransferScheme::largest, kLast);
    const double best = std::min(score.persistence, score.power_law);
    const std::string what = fmt::format("scale/pythia/from_step_{:.0f}", now);
    Row row = at_most(what + "/rmse", score.transfer, best, "root mean square error");
    row.baseline = best;
    row.baseline_name = score.persistence < score.power_law ? "persistence" : "power_law";
    rows.push_back(std::move(row));
    rows.push_back(between(what + "/held", score.coverage, .80, .97, "share of intervals"));
  }
  return rows;
}

}  // namespace emdyn::bench
