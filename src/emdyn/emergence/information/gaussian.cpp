#include "emdyn/emergence/information/gaussian.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::information {
namespace {

/// A pivot below this share of its variance is rounding: the variable is determined by the others.
constexpr double kLeastPivot = 1e-13;

Eigen::MatrixXd part(const Eigen::MatrixXd& covariance, const Parts& group) {
  const auto size = static_cast<Eigen::Index>(group.size());
  Eigen::MatrixXd chosen(size, size);
  for (Eigen::Index i = 0; i < size; ++i) {
    for (Eigen::Index j = 0; j < size; ++j) {
      chosen(i, j) = covariance(static_cast<Eigen::Index>(group[static_cast<std::size_t>(i)]),
                                static_cast<Eigen::Index>(group[static_cast<std::size_t>(j)]));
    }
  }
  return chosen;
}

void require_more_samples(std::size_t samples, std::size_t dimensions) {
  if (samples > dimensions) return;
  throw DataError(fmt::format("gaussian: {} rows for {} variables; at least {} are needed", samples,
                              dimensions, dimensions + 1));
}

}  // namespace

Eigen::MatrixXd covariance_of(const SignalsView& signals) {
  if (signals.rows() < 2) {
    throw DataError(
        fmt::format("covariance: {} rows were given; at least 2 are needed", signals.rows()));
  }
  if (!signals.allFinite()) {
    throw DataError("covariance: a value is not finite; cut the signals to a stretch without gaps");
  }
  const Eigen::MatrixXd centred = signals.rowwise() - signals.colwise().mean();
  return centred.transpose() * centred / static_cast<double>(signals.rows() - 1);
}

Signals normal_scores(const SignalsView& signals) {
  Signals scores(signals.rows(), signals.cols());
  const auto rows = static_cast<std::size_t>(signals.rows());
  std::vector<std::size_t> order(rows);
  for (Eigen::Index column = 0; column < signals.cols(); ++column) {
    const auto value = [&](std::size_t i) { return signals(static_cast<Eigen::Index>(i), column); };
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return value(a) != value(b) ? value(a) < value(b) : a < b;
    });
    for (std::size_t first = 0; first < rows;) {
      std::size_t last = first + 1;
      while (last < rows && value(order[last]) == value(order[first])) ++last;
      const double rank = 0.5 * static_cast<double>(first + 1 + last);
      const double score = math::normal_quantile(rank / static_cast<double>(rows + 1));
      for (std::size_t i = first; i < last; ++i) {
        scores(static_cast<Eigen::Index>(order[i]), column) = score;
      }
      first = last;
    }
  }
  return scores;
}

double log_determinant(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
  double sum = 0.0;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    const double pivot = factor.matrixLLT()(i, i);
    if (factor.info() != Eigen::Success || !(pivot * pivot > kLeastPivot * matrix(i, i))) {
      throw DataError(
          "gaussian: the covariance is singular; leave out signals that are combinations of "
          "others");
    }
    sum += 2.0 * std::log(pivot);
  }
  return sum;
}

double gaussian_entropy(const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  const auto d = static_cast<double>(covariance.rows());
  return 0.5 *
         (d * std::log(2.0 * std::numbers::pi * std::numbers::e) + log_determinant(covariance));
}

double gaussian_entropy_bias(std::size_t dimensions, std::size_t samples) {
  const auto n = static_cast<double>(samples);
  double sum = static_cast<double>(dimensions) * std::log(2.0 / (n - 1.0));
  for (std::size_t i = 1; i <= dimensions; ++i) {
    sum += boost::math::digamma(0.5 * (n - static_cast<double>(i)));
  }
  return 0.5 * sum;
}

EntropyOf gaussian_entropies(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                             std::size_t samples) {
  if (samples > 0) require_more_samples(samples, static_cast<std::size_t>(covariance.rows()));
  return [matrix = Eigen::MatrixXd(covariance), samples](const Parts& group) {
    require_group("gaussian", group, static_cast<std::size_t>(matrix.rows()), 0);
    if (group.empty()) return 0.0;
    const double bias = samples > 0 ? gaussian_entropy_bias(group.size(), samples) : 0.0;
    return gaussian_entropy(part(matrix, group)) - bias;
  };
}

double gaussian_information(const Eigen::Ref<const Eigen::MatrixXd>& covariance, std::size_t x,
                            std::size_t y, std::size_t z, std::size_t samples) {
  if (samples > 0) require_more_samples(samples, x + y + z);
  // z first: one factor of (z, x, y) then holds (z, x) and z as its leading parts.
  Parts order;
  for (std::size_t i = 0; i < z; ++i) order.push_back(x + y + i);
  for (std::size_t i = 0; i < x + y; ++i) order.push_back(i);
  const Eigen::MatrixXd matrix = part(covariance, order);
  Parts zy;
  for (std::size_t i = 0; i < z; ++i) zy.push_back(i);
  for (std::size_t i = 0; i < y; ++i) zy.push_back(z + x + i);
  const auto leading = [&](std::size_t size) {
    const auto n = static_cast<Eigen::Index>(size);
    return log_determinant(matrix.topLeftCorner(n, n));
  };
  const double plug_in =
      0.5 * (leading(z + x) + log_determinant(part(matrix, zy)) - leading(z + x + y) - leading(z));
  if (samples == 0) return plug_in;
  const auto bias = [&](std::size_t d) { return gaussian_entropy_bias(d, samples); };
  return plug_in - (bias(z + x) + bias(z + y) - bias(z + x + y) - bias(z));
}

double gaussian_information_p_value(double information, std::size_t x, std::size_t y, std::size_t z,
                                    std::size_t samples) {
  const auto p = static_cast<double>(x);
  const auto q = static_cast<double>(y);
  const double rows = static_cast<double>(samples) - 1.0 - static_cast<double>(z);
  const double pooled = rows - 0.5 * (p + q + 1.0);
  const double under = p * p + q * q - 5.0;
  const double root = under > 0.0 ? std::sqrt((p * p * q * q - 4.0) / under) : 1.0;
  const double upper = p * q;
  const double lower = pooled * root - 0.5 * (upper - 2.0);
  if (!(lower > 0.0)) return 1.0;
  // Λ^(1/s) = exp(−2I/s); F = (1 − Λ^(1/s))/Λ^(1/s) · lower/upper.
  const double ratio = std::expm1(2.0 * std::max(information, 0.0) / root);
  return math::fisher_f_sf(ratio * lower / upper, upper, lower);
}

}  // namespace emdyn::emergence::information
