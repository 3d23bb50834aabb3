#include "emdyn/emergence/mirage/mirage_table.hpp"

#include <fmt/format.h>

#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::emergence::mirage {
namespace {

using scaling::TableSeries;

MetricSeries metric_series(const TableSeries& series, MetricKind kind) {
  const std::string name = series.task.empty() ? series.metric : series.task + "/" + series.metric;
  return {name, kind, series.positions, series.values, series.errors};
}

bool wanted_graded(const TableSeries& series, const TableMirageQuery& query) {
  if (series.positions.size() < query.min_points) return false;
  if (!query.graded.empty()) return series.metric == query.graded;
  return kind_of_metric(series.metric) == MetricKind::graded;
}

/// The continuous series that belongs to a graded one, and its kind.
struct Partner {
  const TableSeries* series = nullptr;
  MetricKind kind = MetricKind::other;
};
Partner partner_of(const TableSeries& graded, const std::vector<TableSeries>& all,
                   const TableMirageQuery& query) {
  Partner elsewhere;
  for (const TableSeries& other : all) {
    if (other.group != graded.group ||
        (!query.continuous.empty() && other.metric != query.continuous))
      continue;
    const auto kind = query.continuous_kind ? query.continuous_kind : kind_of_metric(other.metric);
    if (!kind || is_graded(*kind)) continue;
    if (other.task == graded.task) return {&other, *kind};
    if (!query.continuous.empty() && elsewhere.series == nullptr) elsewhere = {&other, *kind};
  }
  return elsewhere;
}

[[noreturn]] void nothing_graded(const std::vector<TableSeries>& all,
                                 const TableMirageQuery& query) {
  std::set<std::string> names;
  for (const TableSeries& series : all) names.insert(terminal_safe(series.metric));
  throw DataError(
      fmt::format("mirage: no graded metric{} with at least {} points (metrics: {}); name one",
                  query.graded.empty() ? "" : " \"" + terminal_safe(query.graded) + "\"",
                  query.min_points, fmt::join(names, ", ")));
}

}  // namespace

std::vector<TableJudgement> judge_table(const scaling::LongTable& table,
                                        const TableMirageQuery& query,
                                        const MirageOptions& options) {
  const std::vector<TableSeries> all = table.series(query.series);
  std::vector<std::size_t> graded;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (wanted_graded(all[i], query)) graded.push_back(i);
  }
  if (graded.empty()) nothing_graded(all, query);
  std::vector<TableJudgement> out(graded.size());
  parallel_for(graded.size(), [&](std::size_t g) {
    const TableSeries& series = all[graded[g]];
    const Partner partner = partner_of(series, all, query);
    const MetricSeries first = metric_series(series, MetricKind::graded);
    MetricSeries second;
    if (partner.series != nullptr) second = metric_series(*partner.series, partner.kind);
    out[g] = {
        series.task, series.group_name(),
        judge(first, partner.series != nullptr ? &second : nullptr, query.series.axis, options)};
  });
  return out;
}

void to_json(Json& json, const TableJudgement& row) {
  json = Json{{"task", row.task}, {"group", row.group}, {"judgement", row.judgement}};
}

}  // namespace emdyn::emergence::mirage
