#include "emdyn/emergence/scaling/left_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::emergence::scaling {
namespace {

LeftOut cut(std::span<const ScaleModel> models, std::string name, auto&& is_left) {
  LeftOut out{std::move(name), {}, {}};
  for (std::size_t i = 0; i < models.size(); ++i)
    (is_left(models[i]) ? out.left : out.seen).push_back(i);
  return out;
}

/// Leave-one-group-out fits: predictions of the targets and residuals of the models left out, once
/// for each model.
struct Jackknife {
  std::vector<Eigen::MatrixXd> targets;  ///< Of each group's fit.
  Eigen::MatrixXd residuals;             ///< [model, metric], absolute.
  std::vector<std::size_t> group;        ///< Of each model.
};

Jackknife run_jackknife(const ScaleMethod& method, const ScaleData& seen,
                        std::span<const ScaleModel> targets, LeaveOut scheme) {
  const std::vector<LeftOut> groups = leave_out(seen.models, scheme);
  Jackknife out{std::vector<Eigen::MatrixXd>(groups.size()),
                Eigen::MatrixXd::Constant(seen.values.rows(), seen.values.cols(), kUnknown),
                std::vector<std::size_t>(seen.models.size(), 0)};
  std::vector<Eigen::MatrixXd> own(groups.size());
  parallel_for(groups.size(), [&](std::size_t g) {
    const ScaleData rest = seen.rows(groups[g].seen);
    std::vector<ScaleModel> asked;
    for (const std::size_t i : groups[g].left) asked.push_back(seen.models[i]);
    asked.insert(asked.end(), targets.begin(), targets.end());
    const Eigen::MatrixXd all = method.predict(rest, asked);
    own[g] = all.topRows(static_cast<Eigen::Index>(groups[g].left.size()));
    out.targets[g] = all.bottomRows(static_cast<Eigen::Index>(targets.size()));
  });
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t i = 0; i < groups[g].left.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(groups[g].left[i]);
      out.group[groups[g].left[i]] = g;
      out.residuals.row(row) =
          (seen.values.row(row) - own[g].row(static_cast<Eigen::Index>(i))).cwiseAbs();
    }
  }
  return out;
}

void fill_intervals(const Jackknife& jackknife, std::span<const std::size_t> members,
                    const ScaleData& seen, ScaleForecast& out) {
  for (std::size_t k = 0; k < members.size(); ++k) {
    for (Eigen::Index m = 0; m < seen.values.cols(); ++m) {
      std::vector<double> predictions, residuals;
      for (std::size_t i = 0; i < seen.models.size(); ++i) {
        predictions.push_back(
            jackknife.targets[jackknife.group[i]](static_cast<Eigen::Index>(k), m));
        residuals.push_back(jackknife.residuals(static_cast<Eigen::Index>(i), m));
      }
      const ConformalInterval interval = jackknife_plus(predictions, residuals, out.level);
      const bool share = seen.metrics[static_cast<std::size_t>(m)].scale == MetricScale::share;
      const auto row = static_cast<Eigen::Index>(members[k]);
      out.low(row, m) = share ? std::max(interval.low, 0.0) : interval.low;
      out.high(row, m) = share ? std::min(interval.high, 1.0) : interval.high;
    }
  }
}

/// Rank of the quantile that a conformal interval of this level takes among `count` scores.
std::size_t conformal_rank(double level, std::size_t count) {
  const double n = static_cast<double>(count);
  return static_cast<std::size_t>(std::min(std::ceil(level * (n + 1.0)), n));
}

std::vector<double> ascending_sizes(std::span<const ScaleModel> models) {
  std::set<double> sizes;
  for (const ScaleModel& model : models) {
    if (std::isfinite(model.parameters)) sizes.insert(model.parameters);
  }
  return {sizes.begin(), sizes.end()};
}

/// Errors of predicting the larger of the models seen from the smaller ones, over the root of how far ahead they lie.
struct AheadScores {
  std::vector<std::vector<double>> of_metric;
  double largest = 0.0;
};
AheadScores score_ahead(const ScaleMethod& method, const ScaleData& seen) {
  const std::vector<double> sizes = ascending_sizes(seen.models);
  AheadScores out{std::vector<std::vector<double>>(seen.metrics.size()), sizes.back()};
  std::vector<LeftOut> cuts;
  for (std::size_t known = 2; known < sizes.size(); ++known) {
    const double most = sizes[known - 1];
    cuts.push_back(
        cut(seen.models, "", [&](const ScaleModel& m) { return !(m.parameters <= most); }));
  }
  std::vector<Eigen::MatrixXd> predictions(cuts.size());
  parallel_for(cuts.size(), [&](std::size_t c) {
    predictions[c] = method.predict(seen.rows(cuts[c].seen), seen.rows(cuts[c].left).models);
  });
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    const double most = sizes[c + 1];
    for (std::size_t i = 0; i < cuts[c].left.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(cuts[c].left[i]);
      const double ahead = std::sqrt(std::log(seen.models[cuts[c].left[i]].parameters / most));
      for (std::size_t m = 0; m < seen.metrics.size(); ++m) {
        const auto column = static_cast<Eigen::Index>(m);
        const double error = std::abs(seen.values(row, column) -
                                      predictions[c](static_cast<Eigen::Index>(i), column));
        if (std::isfinite(error / ahead)) out.of_metric[m].push_back(error / ahead);
      }
    }
  }
  for (auto& scores : out.of_metric) std::ranges::sort(scores);
  return out;
}

void fill_ahead(const AheadScores& scores, std::span<const ScaleModel> targets,
                std::span<const std::size_t> members, const ScaleData& seen, ScaleForecast& out) {
  for (const std::size_t t : members) {
    const double ahead = std::sqrt(std::log(targets[t].parameters / scores.largest));
    for (std::size_t m = 0; m < seen.metrics.size(); ++m) {
      const std::vector<double>& known = scores.of_metric[m];
      if (known.empty()) continue;
      const double half = ahead * known[conformal_rank(out.level, known.size()) - 1];
      const auto row = static_cast<Eigen::Index>(t), column = static_cast<Eigen::Index>(m);
      const bool share = seen.metrics[m].scale == MetricScale::share;
      out.low(row, column) = share ? std::max(out.estimate(row, column) - half, 0.0)
                                   : out.estimate(row, column) - half;
      out.high(row, column) = share ? std::min(out.estimate(row, column) + half, 1.0)
                                    : out.estimate(row, column) + half;
    }
  }
}

}  // namespace

std::string_view word(LeaveOut scheme) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"family", "size", "largest"};
  return kWords[static_cast<std::size_t>(scheme)];
}

std::vector<LeftOut> leave_out(std::span<const ScaleModel> models, LeaveOut scheme) {
  std::vector<LeftOut> out;
  if (scheme == LeaveOut::family) {
    std::set<std::string> families;
    for (const ScaleModel& model : models) families.insert(model.family);
    for (const std::string& family : families) {
      out.push_back(
          cut(models, family, [&](const ScaleModel& model) { return model.family == family; }));
    }
  } else {
    const std::vector<double> ascending = ascending_sizes(models);
    if (scheme == LeaveOut::size) {
      for (const double size : ascending) {
        out.push_back(cut(models, shortest(size),
                          [&](const ScaleModel& model) { return model.parameters == size; }));
      }
    } else if (ascending.size() > 1) {
      const double least = ascending[ascending.size() - (ascending.size() + 3) / 4];
      out.push_back(cut(models, fmt::format(">= {}", shortest(least)),
                        [&](const ScaleModel& model) { return model.parameters >= least; }));
    }
  }
  if (out.empty() ||
      std::ranges::any_of(out, [](const LeftOut& each) { return each.seen.empty(); })) {
    throw DataError(
        fmt::format("scaling: leaving out {} leaves nothing to fit; at least two groups are needed",
                    word(scheme)));
  }
  return out;
}

ConformalInterval jackknife_plus(std::span<const double> predictions,
                                 std::span<const double> residuals, double level) {
  std::vector<double> lows, highs;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    if (!std::isfinite(predictions[i]) || !std::isfinite(residuals[i])) continue;
    lows.push_back(predictions[i] - residuals[i]);
    highs.push_back(predictions[i] + residuals[i]);
  }
  if (lows.empty()) return {kUnknown, kUnknown};
  std::ranges::sort(lows);
  std::ranges::sort(highs);
  const std::size_t rank = conformal_rank(level, lows.size());
  return {lows[lows.size() - rank], highs[rank - 1]};
}

ScaleForecast forecast_scale(const ScaleMethod& method, const ScaleData& seen,
                             std::span<const ScaleModel> targets, double level) {
  if (!(level > 0.0 && level < 1.0))
    throw ConfigError(fmt::format("scaling.level must be in (0, 1), got {}", level));
  ScaleForecast out{method.predict(seen, targets), {}, {}, level};
  out.low = out.high =
      Eigen::MatrixXd::Constant(out.estimate.rows(), out.estimate.cols(), kUnknown);
  std::set<std::string> families;
  for (const ScaleModel& model : seen.models) families.insert(model.family);
  const std::vector<double> sizes = ascending_sizes(seen.models);
  std::vector<std::size_t> known, strange, ahead;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    // Two sizes must stay to be fitted when a third is predicted.
    const bool larger = sizes.size() > 2 && targets[t].parameters > sizes.back() * (1.0 + 1e-9);
    const bool familiar = families.contains(targets[t].family) || families.size() < 2;
    (larger ? ahead : familiar ? known : strange).push_back(t);
  }
  if (!ahead.empty()) fill_ahead(score_ahead(method, seen), targets, ahead, seen, out);
  for (const auto& [members, scheme] :
       {std::pair{known, LeaveOut::size}, std::pair{strange, LeaveOut::family}}) {
    if (members.empty()) continue;
    std::vector<ScaleModel> asked;
    for (const std::size_t t : members) asked.push_back(targets[t]);
    fill_intervals(run_jackknife(method, seen, asked, scheme), members, seen, out);
  }
  return out;
}

std::vector<ScalingScore> judge_scaling(const ScaleData& data, LeaveOut scheme, double level) {
  struct Sum {
    double squares = 0, held = 0, width = 0;
    std::size_t count = 0, intervals = 0;
  };
  std::vector<ScalingScore> out;
  const std::vector<LeftOut> groups = leave_out(data.models, scheme);
  for (const ScaleMethod& method : scale_methods()) {
    std::array<Sum, 3> sums{};
    for (const LeftOut& group : groups) {
      const ScaleData seen = data.rows(group.seen), left = data.rows(group.left);
      const ScaleForecast forecast =
          method.intervals ? forecast_scale(method, seen, left.models, level)
                           : ScaleForecast{method.predict(seen, left.models), {}, {}, level};
      for (Eigen::Index i = 0; i < left.values.rows(); ++i) {
        for (Eigen::Index m = 0; m < left.values.cols(); ++m) {
          const double truth = left.values(i, m), estimate = forecast.estimate(i, m);
          if (!std::isfinite(truth) || !std::isfinite(estimate)) continue;
          Sum& sum =
              sums[static_cast<std::size_t>(data.metrics[static_cast<std::size_t>(m)].scale)];
          sum.squares += (truth - estimate) * (truth - estimate);
          ++sum.count;
          if (!method.intervals || !std::isfinite(forecast.low(i, m))) continue;
          sum.held += forecast.low(i, m) <= truth && truth <= forecast.high(i, m) ? 1.0 : 0.0;
          sum.width += forecast.high(i, m) - forecast.low(i, m);
          ++sum.intervals;
        }
      }
    }
    for (std::size_t s = 0; s < sums.size(); ++s) {
      if (sums[s].count == 0) continue;
      const double intervals = static_cast<double>(sums[s].intervals);
      out.push_back({method.name, scheme, static_cast<MetricScale>(s),
                     std::sqrt(sums[s].squares / static_cast<double>(sums[s].count)),
                     sums[s].intervals > 0 ? sums[s].held / intervals : kUnknown,
                     sums[s].intervals > 0 ? sums[s].width / intervals : kUnknown, sums[s].count});
    }
  }
  return out;
}

void to_json(Json& json, const ScalingScore& score) {
  json = Json{{"method", score.method},
              {"scheme", word(score.scheme)},
              {"scale", word(score.scale)},
              {"rmse", number_or_null(score.rmse)},
              {"coverage", number_or_null(score.coverage)},
              {"width", number_or_null(score.width)},
              {"count", score.count}};
}

}  // namespace emdyn::emergence::scaling
