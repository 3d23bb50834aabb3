#include "emdyn/emergence/information/effective_information.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::information {
namespace {

double entropy_of(const Eigen::Ref<const Eigen::VectorXd>& law) {
  double sum = 0.0;
  for (const double p : law) sum -= p > 0.0 ? p * std::log(p) : 0.0;
  return sum;
}

void require_square(std::string_view what, const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  if (matrix.rows() == 0 || matrix.rows() != matrix.cols()) {
    throw DataError(fmt::format("{}: a square matrix is needed, got [{}, {}]", what, matrix.rows(),
                                matrix.cols()));
  }
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      if (!(matrix(i, j) >= 0.0) || !std::isfinite(matrix(i, j))) {
        throw DataError(fmt::format("{}: entry ({}, {}) must be >= 0 and finite, got {}", what, i,
                                    j, matrix(i, j)));
      }
    }
  }
}

void require_chain(const Eigen::Ref<const Eigen::MatrixXd>& transitions) {
  require_square("effective_information", transitions);
  for (Eigen::Index i = 0; i < transitions.rows(); ++i) {
    const double sum = transitions.row(i).sum();
    if (!(std::fabs(sum - 1.0) <= 1e-9)) {
      throw DataError(
          fmt::format("effective_information: row {} adds up to {}, not 1; divide each "
                      "row by its sum",
                      i, sum));
    }
  }
}

/// Of the rows that are given; `states` is how many there are to go to.
EffectiveInformation of_rows(const Eigen::MatrixXd& rows, Eigen::Index states) {
  const double most = std::log(static_cast<double>(states));
  double noise = 0.0;
  for (Eigen::Index i = 0; i < rows.rows(); ++i) noise += entropy_of(rows.row(i).transpose());
  noise /= static_cast<double>(rows.rows());
  const double spread = entropy_of(rows.colwise().mean().transpose());
  EffectiveInformation result;
  // Rounding may leave −1e−17 where the truth is 0.
  result.effective_information = std::max(0.0, spread - noise);
  result.determinism = most - noise;
  result.degeneracy = most - spread;
  result.effectiveness = states > 1 ? result.effective_information / most : 0.0;
  return result;
}

}  // namespace

EffectiveInformation effective_information(const Eigen::Ref<const Eigen::MatrixXd>& transitions) {
  require_chain(transitions);
  return of_rows(transitions, transitions.rows());
}

Eigen::MatrixXd walk_on(const Eigen::Ref<const Eigen::MatrixXd>& weights) {
  require_square("walk_on", weights);
  const Eigen::VectorXd sums = weights.rowwise().sum();
  for (Eigen::Index i = 0; i < sums.size(); ++i) {
    if (!(sums(i) > 0.0)) {
      throw DataError(
          fmt::format("walk_on: node {} has no link out; leave it out or give it one", i));
    }
  }
  return sums.cwiseInverse().asDiagonal() * weights;
}

EffectiveInformation network_effective_information(
    const Eigen::Ref<const Eigen::MatrixXd>& weights) {
  require_square("network_effective_information", weights);
  Parts with_links;
  for (Eigen::Index i = 0; i < weights.rows(); ++i) {
    if (weights.row(i).sum() > 0.0) with_links.push_back(static_cast<std::size_t>(i));
  }
  if (with_links.empty()) throw DataError("network_effective_information: there is no link");
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(with_links.size()), weights.cols());
  for (std::size_t i = 0; i < with_links.size(); ++i) {
    const auto node = static_cast<Eigen::Index>(with_links[i]);
    rows.row(static_cast<Eigen::Index>(i)) = weights.row(node) / weights.row(node).sum();
  }
  return of_rows(rows, weights.rows());
}

Eigen::VectorXd stationary_law(const Eigen::Ref<const Eigen::MatrixXd>& transitions) {
  require_chain(transitions);
  const Eigen::Index n = transitions.rows();
  // The lazy chain has the same stationary laws and no period; squaring it doubles the time.
  Eigen::MatrixXd power = 0.5 * (transitions + Eigen::MatrixXd::Identity(n, n));
  constexpr int kDoublings = 40;
  for (int i = 0; i < kDoublings; ++i) {
    power = (power * power).eval();
    // Rounding would otherwise grow with every squaring.
    power = power.rowwise().sum().cwiseInverse().asDiagonal() * power;
  }
  return power.colwise().mean().transpose();
}

Eigen::MatrixXd macro_chain(const Eigen::Ref<const Eigen::MatrixXd>& transitions,
                            const std::vector<std::size_t>& labels, MacroWeights weights) {
  require_chain(transitions);
  const Eigen::Index n = transitions.rows();
  if (static_cast<Eigen::Index>(labels.size()) != n) {
    throw DataError(fmt::format("macro_chain: {} labels for {} states", labels.size(), n));
  }
  const std::size_t groups = *std::max_element(labels.begin(), labels.end()) + 1;
  if (groups > labels.size()) {
    throw DataError(fmt::format("macro_chain: label {} of {} states leaves a group empty",
                                groups - 1, labels.size()));
  }
  const Eigen::VectorXd stationary =
      weights == MacroWeights::stationary ? stationary_law(transitions) : Eigen::VectorXd::Ones(n);
  const auto size = static_cast<Eigen::Index>(groups);
  Eigen::MatrixXd macro = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd mass = Eigen::VectorXd::Zero(size);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto from = static_cast<Eigen::Index>(labels[static_cast<std::size_t>(i)]);
    // A state that is never visited still has a say where its whole group is never visited.
    const double weight = std::max(stationary(i), 1e-12);
    mass(from) += weight;
    for (Eigen::Index j = 0; j < n; ++j) {
      macro(from, static_cast<Eigen::Index>(labels[static_cast<std::size_t>(j)])) +=
          weight * transitions(i, j);
    }
  }
  for (Eigen::Index g = 0; g < size; ++g) {
    if (!(mass(g) > 0.0)) throw DataError(fmt::format("macro_chain: group {} is empty", g));
  }
  return mass.cwiseInverse().asDiagonal() * macro;
}

}  // namespace emdyn::emergence::information
