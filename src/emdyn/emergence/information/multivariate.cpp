#include "emdyn/emergence/information/multivariate.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/information/gaussian.hpp"

namespace emdyn::emergence::information {
namespace {

double o_information(const EntropyOf& entropy, const Parts& parts) {
  return parts.size() < 3 ? 0.0 : togetherness(entropy, parts).o_information;
}

Togetherness from_sums(double total, double dual) {
  return {total, dual, total - dual, total + dual};
}

}  // namespace

Togetherness togetherness(const EntropyOf& entropy, const Parts& parts) {
  require_group("togetherness", parts, std::numeric_limits<std::uint32_t>::max(), 2);
  const double whole = entropy(parts);
  double singles = 0.0;
  double rests = 0.0;
  for (std::size_t j = 0; j < parts.size(); ++j) {
    singles += entropy({parts[j]});
    rests += entropy(without(parts, j));
  }
  // Σ H(X_j|X_−j) = n·H(X) − Σ H(X_−j).
  const auto n = static_cast<double>(parts.size());
  return from_sums(singles - whole, whole - (n * whole - rests));
}

Togetherness ksg_togetherness(const SignalsView& signals, const KsgOptions& options) {
  const auto n = static_cast<std::size_t>(signals.cols());
  if (n < 3) {
    throw DataError(fmt::format("togetherness: {} parts were given; at least 3 are needed", n));
  }
  require_usable("togetherness", signals, options.neighbours + 2);
  const Signals prepared = prepared_for_neighbours(signals, options.seed);
  std::vector<Signals> parts;
  for (Eigen::Index j = 0; j < prepared.cols(); ++j) parts.emplace_back(prepared.col(j));
  const double total = ksg_total_correlation(parts, options);
  double rests = 0.0;
  for (std::size_t j = 0; j < n; ++j) {
    std::vector<Signals> rest = parts;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(j));
    rests += ksg_total_correlation(rest, options);
  }
  const double omega = (2.0 - static_cast<double>(n)) * total + rests;
  return from_sums(total, total - omega);
}

Gradients gradients(const EntropyOf& entropy, const Parts& parts) {
  require_group("gradients", parts, std::numeric_limits<std::uint32_t>::max(), 3);
  const std::size_t n = parts.size();
  const double whole = o_information(entropy, parts);
  std::vector<double> rest(n);
  Gradients result;
  result.parts = parts;
  for (std::size_t i = 0; i < n; ++i) {
    rest[i] = o_information(entropy, without(parts, i));
    result.single.push_back(whole - rest[i]);
  }
  const auto size = static_cast<Eigen::Index>(n);
  result.pair = Eigen::MatrixXd::Zero(size, size);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double both = o_information(entropy, without(without(parts, i), j));
      const auto row = static_cast<Eigen::Index>(i);
      const auto column = static_cast<Eigen::Index>(j);
      result.pair(row, column) = result.pair(column, row) = whole - rest[i] - rest[j] + both;
    }
  }
  return result;
}

Togetherness gaussian_togetherness(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                   std::size_t bias_samples) {
  const auto n = static_cast<std::size_t>(covariance.rows());
  require_group("togetherness", all_of(n), n, 2);
  // On correlations single entropies are 0, and 1/(R⁻¹)_jj is the variance of X_j given the rest.
  const Eigen::VectorXd scale = covariance.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) throw DataError("togetherness: a variance is not above 0");
  const Eigen::MatrixXd correlation = scale.asDiagonal() * covariance * scale.asDiagonal();
  const double determinant = log_determinant(correlation);
  const Eigen::LLT<Eigen::MatrixXd> factor(correlation);
  const Eigen::MatrixXd inverse =
      factor.matrixL().solve(Eigen::MatrixXd::Identity(correlation.rows(), correlation.cols()));
  double conditionals = 0.0;
  for (Eigen::Index j = 0; j < inverse.cols(); ++j) {
    conditionals -= std::log(inverse.col(j).squaredNorm());
  }
  double total = -0.5 * determinant;
  double dual = 0.5 * (determinant - conditionals);
  if (bias_samples > 0) {
    if (bias_samples <= n) {
      throw DataError(fmt::format("togetherness: {} rows for {} parts; at least {} are needed",
                                  bias_samples, n, n + 1));
    }
    const auto count = static_cast<double>(n);
    const double whole = gaussian_entropy_bias(n, bias_samples);
    total -= count * gaussian_entropy_bias(1, bias_samples) - whole;
    dual -= whole - count * (whole - gaussian_entropy_bias(n - 1, bias_samples));
  }
  return from_sums(total, dual);
}

double gaussian_o_information_bias(std::size_t parts, std::size_t samples) {
  const auto n = static_cast<double>(parts);
  return (n - 2.0) * gaussian_entropy_bias(parts, samples) +
         n * (gaussian_entropy_bias(1, samples) - gaussian_entropy_bias(parts - 1, samples));
}

}  // namespace emdyn::emergence::information
