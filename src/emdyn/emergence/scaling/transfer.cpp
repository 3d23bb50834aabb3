#include "emdyn/emergence/scaling/transfer.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/scaling/left_out.hpp"
#include "emdyn/emergence/scaling/scale_curve.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr double kPenalty = 1.0;  // In units of one standardised observation.

/// Growth as a ridge regression on standardised features.
class Growth {
 public:
  explicit Growth(std::span<const TransferPoint> points) {
    const auto n = static_cast<Eigen::Index>(points.size());
    Eigen::MatrixXd x(n, 2);
    Eigen::VectorXd y(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const TransferPoint& point = points[static_cast<std::size_t>(i)];
      x.row(i) = features(point).transpose();
      y[i] = point.later - point.now;
    }
    mean_ = x.colwise().mean().transpose();
    x.rowwise() -= mean_.transpose();
    deviation_ = (x.colwise().squaredNorm() / static_cast<double>(n)).cwiseSqrt().transpose();
    for (Eigen::Index c = 0; c < 2; ++c) {
      // A feature that does not vary says nothing.
      if (deviation_[c] > 1e-9)
        x.col(c) /= deviation_[c];
      else
        x.col(c).setZero();
    }
    level_ = y.mean();
    const Eigen::Matrix2d normal = x.transpose() * x + kPenalty * Eigen::Matrix2d::Identity();
    slope_ = normal.ldlt().solve(x.transpose() * (y.array() - level_).matrix());
  }
  double later(const TransferPoint& point) const {
    const Eigen::Vector2d centred = features(point) - mean_;
    double growth = level_;
    for (Eigen::Index c = 0; c < 2; ++c) {
      if (deviation_[c] > 1e-9) growth += slope_[c] * centred[c] / deviation_[c];
    }
    return point.now + growth;
  }

 private:
  static Eigen::Vector2d features(const TransferPoint& point) {
    return {point.log_size, point.now};
  }
  Eigen::Vector2d mean_, deviation_, slope_;
  double level_ = 0.0;
};

std::set<double> sizes_of(std::span<const TransferTask> tasks) {
  std::set<double> sizes;
  for (const TransferTask& task : tasks) {
    for (const TransferPoint& point : task.points) sizes.insert(point.log_size);
  }
  return sizes;
}

double by_curve(CurveKind kind, const TableSeries& prefix, double later) {
  return fit_curve(kind, prefix.positions, prefix.values)(later);
}

}  // namespace

TransferForecast forecast_later(std::span<const TransferPoint> others, const TransferPoint& target,
                                double level) {
  if (others.empty()) throw DataError("transfer: no other model to learn from");
  for (const TransferPoint& point : others) {
    if (!std::isfinite(point.log_size) || !std::isfinite(point.now) ||
        !std::isfinite(point.later)) {
      throw DataError(
          "transfer: a size or value of another model is not finite; leave the model out");
    }
  }
  const double estimate = Growth(others).later(target);
  std::set<std::string> groups;
  for (const TransferPoint& point : others) groups.insert(point.group);
  std::vector<double> predictions, residuals;
  for (const std::string& group : groups) {
    std::vector<TransferPoint> rest;
    for (const TransferPoint& point : others) {
      if (point.group != group) rest.push_back(point);
    }
    if (rest.empty()) continue;
    const Growth growth(rest);
    const double here = growth.later(target);
    for (const TransferPoint& point : others) {
      if (point.group != group) continue;
      predictions.push_back(here);
      residuals.push_back(std::abs(point.later - growth.later(point)));
    }
  }
  const ConformalInterval interval = jackknife_plus(predictions, residuals, level);
  return {interval.low, estimate, interval.high, level};
}

std::vector<TransferTask> transfer_tasks(const LongTable& table, std::string_view metric,
                                         double now, double later) {
  if (!table.column(ColumnPart::step))
    throw DataError("transfer: the table has no step column; name it with step=COLUMN");
  SeriesQuery query;
  query.axis = series::Axis::step;
  const auto model_column = table.column(ColumnPart::model);
  if (!model_column)
    throw DataError("transfer: no column names the model; name it with model=COLUMN");
  query.group_by = {table.columns()[*model_column]};
  std::map<std::string, TransferTask> tasks;
  for (TableSeries& series : table.series(query)) {
    if (series.metric != metric) continue;
    const auto at_now = std::ranges::find(series.positions, now),
               at_later = std::ranges::find(series.positions, later);
    const std::string model = series.group.front().second;
    const auto size = parameters_of_name(model);
    if (at_now == series.positions.end() || at_later == series.positions.end() || !size) continue;
    TransferTask& task = tasks[series.task];
    task.task = series.task;
    task.metric = series.metric;
    const auto i = static_cast<std::size_t>(at_now - series.positions.begin());
    const auto j = static_cast<std::size_t>(at_later - series.positions.begin());
    task.models.push_back(model);
    task.points.push_back(
        {std::to_string(*size), std::log(*size), series.values[i], series.values[j]});
    series.positions.resize(i + 1);
    series.values.resize(i + 1);
    task.prefixes.push_back(std::move(series));
  }
  std::vector<TransferTask> out;
  for (auto& [name, task] : tasks) out.push_back(std::move(task));
  return out;
}

TransferScore judge_transfer(std::span<const TransferTask> tasks, TransferScheme scheme,
                             double later, double level) {
  const std::set<double> sizes = sizes_of(tasks);
  const std::vector<double> ascending(sizes.begin(), sizes.end());
  if (ascending.size() < 2)
    throw DataError("transfer: at least two model sizes are needed to leave one out");
  const double large = ascending[ascending.size() - (ascending.size() + 3) / 4];
  struct Error {
    double transfer, persistence, log_linear, power_law, other_models, held, width;
  };
  std::vector<std::vector<Error>> errors(tasks.size());
  parallel_for(tasks.size(), [&](std::size_t k) {
    const TransferTask& task = tasks[k];
    for (std::size_t i = 0; i < task.points.size(); ++i) {
      const TransferPoint& target = task.points[i];
      if (scheme == TransferScheme::largest && target.log_size < large) continue;
      std::vector<TransferPoint> others;
      double mean = 0.0;
      for (const TransferPoint& point : task.points) {
        const bool left = scheme == TransferScheme::largest ? point.log_size >= large
                                                            : point.group == target.group;
        if (left) continue;
        others.push_back(point);
        mean += point.later;
      }
      if (others.empty()) continue;
      const TransferForecast forecast = forecast_later(others, target, level);
      const auto off = [&](double predicted) {
        return (predicted - target.later) * (predicted - target.later);
      };
      errors[k].push_back(
          {off(forecast.estimate), off(target.now),
           off(by_curve(CurveKind::log_linear, task.prefixes[i], later)),
           off(by_curve(CurveKind::power_law, task.prefixes[i], later)),
           off(mean / static_cast<double>(others.size())),
           forecast.low <= target.later && target.later <= forecast.high ? 1.0 : 0.0,
           forecast.high - forecast.low});
    }
  });
  TransferScore out;
  for (const auto& of_task : errors) {
    for (const Error& error : of_task) {
      out.transfer += error.transfer;
      out.persistence += error.persistence;
      out.log_linear += error.log_linear;
      out.power_law += error.power_law;
      out.other_models += error.other_models;
      out.coverage += error.held;
      out.width += error.width;
      ++out.count;
    }
  }
  const double n = static_cast<double>(out.count);
  for (double* sum :
       {&out.transfer, &out.persistence, &out.log_linear, &out.power_law, &out.other_models}) {
    *sum = std::sqrt(*sum / n);
  }
  out.coverage /= n;
  out.width /= n;
  return out;
}

void to_json(Json& json, const TransferForecast& f) {
  json = Json{{"low", number_or_null(f.low)},
              {"estimate", f.estimate},
              {"high", number_or_null(f.high)},
              {"level", f.level}};
}

void to_json(Json& json, const TransferScore& s) {
  json = Json{{"transfer", number_or_null(s.transfer)},
              {"persistence", number_or_null(s.persistence)},
              {"log_linear", number_or_null(s.log_linear)},
              {"power_law", number_or_null(s.power_law)},
              {"other_models", number_or_null(s.other_models)},
              {"coverage", number_or_null(s.coverage)},
              {"width", number_or_null(s.width)},
              {"count", s.count}};
}

}  // namespace emdyn::emergence::scaling
