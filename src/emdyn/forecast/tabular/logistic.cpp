#include "emdyn/forecast/tabular/logistic.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kHopelessLogOdds = 40.0;  // Beyond it the data are separable: P rounds to 0 or 1.

struct Problem {
  Eigen::MatrixXd design;  // [rows, 1 + columns], the first column ones
  Eigen::VectorXd labels;
  Eigen::VectorXd weights;
  double penalty;

  double objective(const Eigen::VectorXd& theta) const {
    const Eigen::VectorXd eta = design * theta;
    double sum = 0.0;
    for (Eigen::Index i = 0; i < eta.size(); ++i) {
      // log(1 + e^eta) without overflow
      const double softplus = std::max(eta[i], 0.0) + std::log1p(std::exp(-std::abs(eta[i])));
      sum += weights[i] * (labels[i] * eta[i] - softplus);
    }
    return sum - 0.5 * penalty * theta.tail(theta.size() - 1).squaredNorm();
  }
};

void check_input(const FeatureTable& features, std::span<const double> labels,
                 std::span<const double> weights, const LogisticOptions& options) {
  if (!(options.penalty >= 0.0)) {
    throw ConfigError(fmt::format("logistic.penalty must be >= 0, got {}", options.penalty));
  }
  const std::size_t rows = features.rows();
  if (labels.size() != rows || (!weights.empty() && weights.size() != rows)) {
    throw DataError(fmt::format("logistic: {} rows, {} labels, {} weights; they must match", rows,
                                labels.size(), weights.size()));
  }
  double positive = 0.0;
  double negative = 0.0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (labels[i] != 0.0 && labels[i] != 1.0) {
      throw DataError(fmt::format("logistic: label {} of row {} is neither 0 nor 1", labels[i], i));
    }
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (!(weight >= 0.0)) throw DataError(fmt::format("logistic: weight {} of row {}", weight, i));
    (labels[i] == 1.0 ? positive : negative) += weight;
  }
  if (!(positive > 0.0 && negative > 0.0)) {
    throw DataError("logistic: needs rows of both classes; add runs with the other outcome");
  }
}

Problem make_problem(const FeatureTable& features, std::span<const double> labels,
                     std::span<const double> weights, const Standardiser& standardiser,
                     double penalty) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < features.rows(); ++i) {
    if (weights.empty() || weights[i] > 0.0) used.push_back(i);
  }
  const auto rows = static_cast<Eigen::Index>(used.size());
  const auto columns = static_cast<Eigen::Index>(features.columns);
  Problem problem{Eigen::MatrixXd(rows, columns + 1), Eigen::VectorXd(rows), Eigen::VectorXd(rows),
                  penalty};
  for (Eigen::Index i = 0; i < rows; ++i) {
    const std::size_t source = used[static_cast<std::size_t>(i)];
    const auto row = features.row(source);
    problem.design(i, 0) = 1.0;
    for (std::size_t j = 0; j < features.columns; ++j) {
      problem.design(i, static_cast<Eigen::Index>(j) + 1) = standardiser(j, row[j]);
    }
    problem.labels[i] = labels[source];
    problem.weights[i] = weights.empty() ? 1.0 : weights[source];
  }
  return problem;
}

Eigen::VectorXd start_of(const Problem& problem, const Logistic* start) {
  Eigen::VectorXd theta = Eigen::VectorXd::Zero(problem.design.cols());
  if (start != nullptr && static_cast<Eigen::Index>(start->beta.size()) + 1 == theta.size()) {
    theta[0] = start->intercept;
    for (Eigen::Index j = 1; j < theta.size(); ++j) {
      theta[j] = start->beta[static_cast<std::size_t>(j - 1)];
    }
    return theta;
  }
  const double share = problem.weights.dot(problem.labels) / problem.weights.sum();
  theta[0] = std::log(share / (1.0 - share));
  return theta;
}

Eigen::VectorXd newton_step(const Problem& problem, const Eigen::VectorXd& theta) {
  const Eigen::VectorXd eta = problem.design * theta;
  Eigen::VectorXd residual(eta.size());
  Eigen::VectorXd root(eta.size());
  for (Eigen::Index i = 0; i < eta.size(); ++i) {
    const double p = sigmoid(eta[i]);
    residual[i] = problem.weights[i] * (problem.labels[i] - p);
    root[i] = std::sqrt(problem.weights[i] * p * (1.0 - p));
  }
  Eigen::VectorXd gradient = problem.design.transpose() * residual;
  const Eigen::MatrixXd scaled = root.asDiagonal() * problem.design;
  Eigen::MatrixXd hessian = Eigen::MatrixXd::Zero(theta.size(), theta.size());
  hessian.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose());
  for (Eigen::Index j = 1; j < theta.size(); ++j) {
    gradient[j] -= problem.penalty * theta[j];
    hessian(j, j) += problem.penalty;
  }
  const Eigen::LDLT<Eigen::MatrixXd> factor(hessian.selfadjointView<Eigen::Lower>());
  const double smallest = factor.vectorD().cwiseAbs().minCoeff();
  const double largest = factor.vectorD().cwiseAbs().maxCoeff();
  if (!(smallest > 1e-13 * largest)) {
    throw DataError("logistic: features are collinear or the classes separable; set a penalty > 0");
  }
  return factor.solve(gradient);
}

}  // namespace

double sigmoid(double log_odds) noexcept {
  if (log_odds >= 0.0) return 1.0 / (1.0 + std::exp(-log_odds));
  const double e = std::exp(log_odds);
  return e / (1.0 + e);
}

Standardiser Standardiser::of(const FeatureTable& table, std::span<const double> weights) {
  Standardiser result{std::vector<double>(table.columns, 0.0),
                      std::vector<double>(table.columns, 1.0)};
  for (std::size_t j = 0; j < table.columns; ++j) {
    double total = 0.0;
    double mean = 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < table.rows(); ++i) {
      const double x = table.row(i)[j];
      const double weight = weights.empty() ? 1.0 : weights[i];
      if (!std::isfinite(x) || !(weight > 0.0)) continue;
      total += weight;  // West's update: exact for a constant, stable for a large mean
      const double delta = x - mean;
      mean += weight * delta / total;
      squares += weight * delta * (x - mean);
    }
    result.mean[j] = mean;
    const double deviation = total > 0.0 ? std::sqrt(squares / total) : 0.0;
    if (deviation > 1e-12 * (1.0 + std::abs(mean))) result.scale[j] = deviation;
  }
  return result;
}

double Standardiser::operator()(std::size_t j, double x) const noexcept {
  return std::isfinite(x) ? (x - mean[j]) / scale[j] : 0.0;
}

double Logistic::log_odds(std::span<const double> features) const noexcept {
  double sum = intercept;
  for (std::size_t j = 0; j < beta.size(); ++j) sum += beta[j] * standardiser(j, features[j]);
  return sum;
}

double Logistic::probability(std::span<const double> features) const noexcept {
  return sigmoid(log_odds(features));
}

std::vector<double> Logistic::odds_ratios() const {
  std::vector<double> ratios(beta.size());
  for (std::size_t j = 0; j < beta.size(); ++j) ratios[j] = std::exp(beta[j]);
  return ratios;
}

Logistic fit_logistic(const FeatureTable& features, std::span<const double> labels,
                      std::span<const double> weights, const LogisticOptions& options,
                      const Logistic* start) {
  return fit_logistic(features, labels, weights, Standardiser::of(features, weights), options,
                      start);
}

Logistic fit_logistic(const FeatureTable& features, std::span<const double> labels,
                      std::span<const double> weights, const Standardiser& standardiser,
                      const LogisticOptions& options, const Logistic* start) {
  check_input(features, labels, weights, options);
  const Problem problem = make_problem(features, labels, weights, standardiser, options.penalty);
  Eigen::VectorXd theta = start_of(problem, start);
  double value = problem.objective(theta);
  int iteration = 0;
  for (; iteration < options.max_iterations; ++iteration) {
    Eigen::VectorXd step = newton_step(problem, theta);
    const double largest = step.cwiseAbs().maxCoeff();
    double next = problem.objective(theta + step);
    for (int halving = 0; halving < 40 && !(next >= value - 1e-12 * std::abs(value)); ++halving) {
      step *= 0.5;
      next = problem.objective(theta + step);
    }
    theta += step;
    value = next;
    if (options.penalty == 0.0 &&
        theta.tail(theta.size() - 1).cwiseAbs().maxCoeff() > kHopelessLogOdds) {
      throw DataError("logistic: the classes are separable; set a penalty > 0");
    }
    if (largest < options.tolerance * (1.0 + theta.cwiseAbs().maxCoeff())) break;
  }
  Logistic model{standardiser, theta[0], std::vector<double>(features.columns), options.penalty,
                 iteration + 1};
  for (std::size_t j = 0; j < features.columns; ++j) {
    model.beta[j] = theta[static_cast<Eigen::Index>(j) + 1];
  }
  return model;
}

Logistic with_prior(Logistic model, double from, double to) {
  if (!(from > 0.0 && from < 1.0 && to > 0.0 && to < 1.0)) {
    throw ConfigError(fmt::format("prior must be in (0, 1), got {} and {}", from, to));
  }
  model.intercept += std::log(to / (1.0 - to)) - std::log(from / (1.0 - from));
  return model;
}

}  // namespace emdyn::forecast
