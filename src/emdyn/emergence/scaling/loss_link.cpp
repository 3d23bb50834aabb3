#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/scaling/capability.hpp"
#include "emdyn/emergence/scaling/methods.hpp"
#include "emdyn/emergence/scaling/monotone_link.hpp"
#include "emdyn/emergence/scaling/scale_curve.hpp"
#include "emdyn/emergence/scaling/size_law.hpp"

namespace emdyn::emergence::scaling::methods {
namespace {

// Weights of the links fall with the fourth power of their error; judged on the largest of the
// small models and on left-out families (docs/mirage_and_scale.md).
constexpr double kWeightPower = 4.0;
constexpr double kLeastError = 1e-4;
// Kriging of what the links leave: lengths in ln N and ln D, and noise over signal, by marginal likelihood of the models
// seen.
constexpr std::array kLengths{0.7, 1.5, 3.0};
constexpr std::array kNoises{0.02, 0.1, 0.5, 2.0};

/// A quantity of the models that falls as they grow, positive, with what its law says of the
/// targets.
struct FallingIndex {
  std::vector<double> seen{};    ///< NaN where unknown.
  std::vector<double> fitted{};  ///< The law's values of the models seen.
  std::vector<double> target{};
};

std::vector<double> column(const ScaleData& data, std::size_t metric) {
  const auto& values = data.values.col(static_cast<Eigen::Index>(metric));
  return {values.begin(), values.end()};
}

/// One law for each family that has models enough.
class FamilyLaws {
 public:
  FamilyLaws(const ScaleData& seen, std::span<const double> values) {
    std::map<std::string, std::vector<std::size_t>> families;
    for (std::size_t r = 0; r < seen.models.size(); ++r)
      families[seen.models[r].family].push_back(r);
    for (const auto& [family, rows] : families) {
      std::vector<ScaleModel> models;
      std::vector<double> own;
      for (const std::size_t r : rows) {
        if (!std::isfinite(values[r])) continue;
        models.push_back(seen.models[r]);
        own.push_back(values[r]);
      }
      if (own.size() >= kFamilyModels) laws_.emplace(family, fit_size_law(models, own));
    }
    if (laws_.empty()) laws_.emplace("", fit_size_law(seen.models, values));
  }
  /// The family's own law, else the mean of all.
  double operator()(const ScaleModel& model) const {
    const auto own = laws_.find(model.family);
    if (own != laws_.end()) return own->second(model);
    double sum = 0.0;
    for (const auto& [family, law] : laws_) sum += law(model);
    return sum / static_cast<double>(laws_.size());
  }

 private:
  std::map<std::string, SizeLaw> laws_;
};

FallingIndex index_of(const ScaleData& seen, std::vector<double> values,
                      std::span<const ScaleModel> targets) {
  const FamilyLaws laws(seen, values);
  FallingIndex out;
  for (const ScaleModel& model : seen.models) out.fitted.push_back(laws(model));
  for (const ScaleModel& model : targets) out.target.push_back(laws(model));
  out.seen = std::move(values);
  return out;
}

/// Distance to one standard deviation beyond the best model: positive and falling as a law needs
/// it.
std::vector<double> lack_of_capability(const ScaleData& seen) {
  const Eigen::VectorXd score = capability(seen, 1).scores.col(0);
  const double deviation = std::sqrt((score.array() - score.mean()).square().mean());
  std::vector<double> out;
  for (const double each : score)
    out.push_back(1.0 + (score.maxCoeff() - each) / std::max(deviation, 1e-12));
  return out;
}

/// Predictions of one metric for the models seen and the targets.
struct Linked {
  std::vector<double> seen, target;
};

enum class LinkForm { sigmoid, monotone };

struct Link {
  ScaleCurve curve{};
  std::optional<MonotoneLink> monotone{};
  double error = 0.0;
  double operator()(double index) const {
    return monotone ? (*monotone)(-index) : curve(std::exp(-index));
  }
};
Link fit_monotone(const FallingIndex& index, std::span<const double> values) {
  std::vector<double> x;
  for (const double each : index.seen) x.push_back(-each);
  Link link{{}, MonotoneLink(x, values), 0.0};
  double squares = 0.0, count = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(values[i])) continue;
    squares += std::pow(values[i] - (*link.monotone)(x[i]), 2);
    count += 1.0;
  }
  link.error = std::sqrt(squares / count);
  return link;
}
Link fit_sigmoid(const FallingIndex& index, std::span<const double> values, MetricScale scale) {
  std::vector<double> sizes;  // A size whose logarithm is −index.
  for (const double each : index.seen) sizes.push_back(std::exp(-each));
  const CurveBounds bounds = scale == MetricScale::share ? CurveBounds{0.0, 1.0} : CurveBounds{};
  Link link{fit_curve(CurveKind::logistic, sizes, values, bounds), {}, 0.0};
  // Shares rise with capability; a link that falls would follow noise.
  const auto& p = link.curve.parameters;
  const bool falls = scale == MetricScale::share && p.size() > 1 &&
                     (link.curve.kind == CurveKind::logistic ? p[1] < p[0] : p[1] < 0.0);
  if (falls) link.curve = fit_curve(CurveKind::constant, sizes, values);
  link.error = std::sqrt(link.curve.rest / static_cast<double>(link.curve.points));
  return link;
}

Linked link_metric(std::span<const FallingIndex> indices, std::span<const double> values,
                   MetricScale scale, LinkForm form) {
  Linked out{std::vector<double>(values.size(), 0.0),
             std::vector<double>(indices.front().target.size(), 0.0)};
  double total = 0.0;
  for (const FallingIndex& index : indices) {
    const Link link = form == LinkForm::monotone ? fit_monotone(index, values)
                                                 : fit_sigmoid(index, values, scale);
    const double weight = std::pow(link.error + kLeastError, -kWeightPower);
    total += weight;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double here = std::isfinite(index.seen[i]) ? index.seen[i] : index.fitted[i];
      out.seen[i] += weight * link(here);
    }
    for (std::size_t t = 0; t < out.target.size(); ++t)
      out.target[t] += weight * link(index.target[t]);
  }
  for (double& value : out.seen) value /= total;
  for (double& value : out.target) value /= total;
  return out;
}

/// Residuals of neighbours in (ln N, ln D), for targets within the sizes seen.
class Neighbours {
 public:
  Neighbours(const ScaleData& seen, std::span<const ScaleModel> targets) {
    for (const ScaleModel& model : seen.models) seen_.push_back(place(model));
    for (const ScaleModel& model : targets) targets_.push_back(place(model));
    low_ = high_ = seen_.front();
    for (const Place& each : seen_) {
      low_ = {std::min(low_.n, each.n), std::min(low_.d, each.d)};
      high_ = {std::max(high_.n, each.n), std::max(high_.d, each.d)};
    }
  }
  void add(std::span<const double> residuals, std::vector<double>& predictions) const {
    std::vector<std::size_t> rows;
    for (std::size_t r = 0; r < residuals.size(); ++r) {
      if (std::isfinite(residuals[r])) rows.push_back(r);
    }
    if (rows.empty()) return;
    Eigen::VectorXd y(static_cast<Eigen::Index>(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i)
      y[static_cast<Eigen::Index>(i)] = residuals[rows[i]];
    if (!(y.squaredNorm() > 0.0)) return;
    const Fit fit = best_fit(rows, y);
    for (std::size_t t = 0; t < predictions.size(); ++t) {
      if (!inside(targets_[t])) continue;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        predictions[t] += fit.solved[static_cast<Eigen::Index>(i)] *
                          near(targets_[t], seen_[rows[i]], fit.length);
      }
    }
  }

 private:
  struct Place {
    double n = 0.0, d = 0.0;
  };
  /// A size that is unknown counts as equal for all.
  static Place place(const ScaleModel& model) {
    const double n = std::log(model.parameters), d = std::log(model.tokens);
    return {std::isfinite(n) ? n : 0.0, std::isfinite(d) ? d : 0.0};
  }
  static double near(const Place& a, const Place& b, double length) {
    const double square = (a.n - b.n) * (a.n - b.n) + (a.d - b.d) * (a.d - b.d);
    return std::exp(-0.5 * square / (length * length));
  }
  struct Fit {
    Eigen::VectorXd solved{};
    double length = 1.0;
  };
  Fit best_fit(const std::vector<std::size_t>& rows, const Eigen::VectorXd& y) const {
    Fit best;
    double most = -std::numeric_limits<double>::infinity();
    const auto n = y.size();
    for (const double length : kLengths) {
      Eigen::MatrixXd k(n, n);
      for (Eigen::Index i = 0; i < n; ++i) {
        for (Eigen::Index j = 0; j < n; ++j) {
          k(i, j) = near(seen_[rows[static_cast<std::size_t>(i)]],
                         seen_[rows[static_cast<std::size_t>(j)]], length);
        }
      }
      for (const double noise : kNoises) {
        const Eigen::LLT<Eigen::MatrixXd> factor(
            Eigen::MatrixXd(k + noise * Eigen::MatrixXd::Identity(n, n)));
        Eigen::VectorXd solved = factor.solve(y);
        const double log_likelihood = -0.5 * static_cast<double>(n) * std::log(y.dot(solved)) -
                                      factor.matrixLLT().diagonal().array().log().sum();
        if (!(log_likelihood > most)) continue;
        most = log_likelihood;
        best = {std::move(solved), length};
      }
    }
    return best;
  }
  bool inside(const Place& p) const {
    constexpr double kEdge = 1e-9;
    return p.n >= low_.n - kEdge && p.n <= high_.n + kEdge && p.d >= low_.d - kEdge &&
           p.d <= high_.d + kEdge;
  }
  std::vector<Place> seen_, targets_;
  Place low_, high_;
};

/// Every metric through the indices; metrics that are an index themselves by their law.
Eigen::MatrixXd through(const ScaleData& seen, std::span<const ScaleModel> targets,
                        std::span<const FallingIndex> indices,
                        std::span<const std::size_t> own_metric, LinkForm form) {
  const Neighbours neighbours(seen, targets);
  Eigen::MatrixXd out = Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(targets.size()),
                                                  seen.values.cols(), kUnknown);
  parallel_for(seen.metrics.size(), [&](std::size_t m) {
    const std::vector<double> values = column(seen, m);
    if (std::ranges::none_of(values, [](double v) { return std::isfinite(v); })) return;
    const auto own = std::ranges::find(own_metric, m);
    Linked linked;
    if (own != own_metric.end()) {
      const FallingIndex& index = indices[static_cast<std::size_t>(own - own_metric.begin())];
      linked = {index.fitted, index.target};
    } else {
      linked = link_metric(indices, values, seen.metrics[m].scale, form);
    }
    std::vector<double> residuals;
    for (std::size_t r = 0; r < values.size(); ++r) residuals.push_back(values[r] - linked.seen[r]);
    neighbours.add(residuals, linked.target);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      const double value = linked.target[t];
      out(static_cast<Eigen::Index>(t), static_cast<Eigen::Index>(m)) =
          seen.metrics[m].scale == MetricScale::share ? std::clamp(value, 0.0, 1.0) : value;
    }
  });
  return out;
}

Eigen::MatrixXd through_capability(const ScaleData& seen, std::span<const ScaleModel> targets,
                                   LinkForm form) {
  const std::vector<FallingIndex> index{index_of(seen, lack_of_capability(seen), targets)};
  return through(seen, targets, index, {}, form);
}

Eigen::MatrixXd through_losses(const ScaleData& seen, std::span<const ScaleModel> targets,
                               LinkForm form) {
  const std::vector<std::size_t> losses = seen.metrics_of(MetricScale::loss);
  if (losses.empty()) return through_capability(seen, targets, form);
  std::vector<FallingIndex> indices(losses.size());
  parallel_for(losses.size(), [&](std::size_t i) {
    indices[i] = index_of(seen, column(seen, losses[i]), targets);
  });
  return through(seen, targets, indices, losses, form);
}

}  // namespace

Eigen::MatrixXd capability_sigmoid(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return through_capability(seen, targets, LinkForm::sigmoid);
}

Eigen::MatrixXd loss_link(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return through_losses(seen, targets, LinkForm::sigmoid);
}
Eigen::MatrixXd monotone_link(const ScaleData& seen, std::span<const ScaleModel> targets) {
  return through_losses(seen, targets, LinkForm::monotone);
}

}  // namespace emdyn::emergence::scaling::methods
