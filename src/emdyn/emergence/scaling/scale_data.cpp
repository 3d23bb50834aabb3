#include "emdyn/emergence/scaling/scale_data.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::emergence::scaling {
namespace {

struct Cell {
  double sum = 0.0;
  double count = 0.0;
};

std::string metric_name(const LongTable& table, std::size_t row) {
  const auto task = table.column(ColumnPart::task), metric = table.column(ColumnPart::metric);
  std::string name = task ? std::string(table.text(row, *task)) : "";
  if (metric) name += (name.empty() ? "" : "/") + std::string(table.text(row, *metric));
  return name.empty() ? "value" : name;
}

bool says(std::string_view name, std::string_view part) {
  return to_lower(name).find(part) != std::string::npos;
}

/// Decides scales from names and values; perplexities become their logarithms.
void settle_scale(ScaleData& data, std::size_t m) {
  ScaleMetric& metric = data.metrics[m];
  auto column = data.values.col(static_cast<Eigen::Index>(m));
  bool within = true, positive = true;
  for (const double value : column) {
    if (!std::isfinite(value)) continue;
    within = within && value >= 0.0 && value <= 1.0;
    positive = positive && value > 0.0;
  }
  if (positive && (says(metric.name, "ppl") || says(metric.name, "perplexity"))) {
    for (double& value : column) value = std::log(value);
    data.notes.push_back(
        fmt::format("{}: logarithm of the perplexity", terminal_safe(metric.name)));
    metric.scale = MetricScale::loss;
  } else if (positive && (says(metric.name, "loss") || says(metric.name, "nll"))) {
    metric.scale = MetricScale::loss;
  } else {
    metric.scale = within ? MetricScale::share : MetricScale::free;
  }
}

/// The rows that stand for each model's state at the point asked for.
std::vector<bool> rows_at(const LongTable& table, const SeriesQuery& query) {
  std::vector<bool> taken(table.rows(), true);
  if (!table.column(ColumnPart::step)) return taken;
  std::map<std::string, double> last;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const double at = table.quantity(r, ColumnPart::step);
    double& most = last.try_emplace(table.model(r), at).first->second;
    if (at > most) most = at;
  }
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const double at = table.quantity(r, ColumnPart::step);
    taken[r] = at == (query.at ? *query.at : last.at(table.model(r)));
  }
  return taken;
}

}  // namespace

std::string_view word(MetricScale scale) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"share", "loss", "free"};
  return kWords[static_cast<std::size_t>(scale)];
}

std::vector<std::size_t> ScaleData::metrics_of(MetricScale scale) const {
  std::vector<std::size_t> out;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (metrics[m].scale == scale) out.push_back(m);
  }
  return out;
}

ScaleData ScaleData::rows(std::span<const std::size_t> chosen) const {
  ScaleData out{
      {}, metrics, Eigen::MatrixXd(static_cast<Eigen::Index>(chosen.size()), values.cols()), notes};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    out.models.push_back(models[chosen[i]]);
    out.values.row(static_cast<Eigen::Index>(i)) = values.row(static_cast<Eigen::Index>(chosen[i]));
  }
  return out;
}

ScaleData scale_data(const LongTable& table, const SeriesQuery& query) {
  if (!table.column(ColumnPart::model)) {
    throw DataError("long table: no column names the model; name it with model=COLUMN");
  }
  ScaleData data;
  std::map<std::string, std::size_t> model_at, metric_at;
  std::map<std::pair<std::size_t, std::size_t>, Cell> cells;
  const std::vector<bool> taken = rows_at(table, query);
  const std::size_t value_column = *table.column(ColumnPart::value);
  for (std::size_t r = 0; r < table.rows(); ++r) {
    if (!taken[r]) continue;
    const double value = table.number(r, value_column);
    if (!std::isfinite(value)) continue;
    const auto [model, new_model] = model_at.try_emplace(table.model(r), data.models.size());
    if (new_model) {
      data.models.push_back({table.model(r), table.family(r),
                             table.quantity(r, ColumnPart::parameters),
                             table.quantity(r, ColumnPart::tokens, query.tokens_per_step),
                             table.quantity(r, ColumnPart::flops, query.tokens_per_step)});
    }
    const auto [metric, new_metric] =
        metric_at.try_emplace(metric_name(table, r), data.metrics.size());
    if (new_metric) data.metrics.push_back({metric->first, MetricScale::share});
    Cell& cell = cells[{model->second, metric->second}];
    cell.sum += value;
    cell.count += 1.0;
  }
  if (data.models.size() < 2) {
    throw DataError(
        fmt::format("scaling needs at least two models, the table has {} with finite values",
                    data.models.size()));
  }
  data.values = Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(data.models.size()),
                                          static_cast<Eigen::Index>(data.metrics.size()), kUnknown);
  for (const auto& [at, cell] : cells) {
    data.values(static_cast<Eigen::Index>(at.first), static_cast<Eigen::Index>(at.second)) =
        cell.sum / cell.count;
  }
  for (std::size_t m = 0; m < data.metrics.size(); ++m) settle_scale(data, m);
  return data;
}

double log_size(const ScaleModel& model, series::Axis axis) {
  switch (axis) {
    case series::Axis::parameters:
      return std::log(model.parameters);
    case series::Axis::tokens:
      return std::log(model.tokens);
    case series::Axis::flops:
      return std::log(std::isfinite(model.flops) ? model.flops : model.parameters);
    default:
      throw DataError(fmt::format("scaling has no axis {}; axes are parameters, tokens and flops",
                                  series::word(axis)));
  }
}

}  // namespace emdyn::emergence::scaling
