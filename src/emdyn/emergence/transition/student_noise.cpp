#include "emdyn/emergence/transition/student_noise.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace emdyn::emergence {
namespace {

constexpr std::array kFreedoms{2.5, 4.0, 8.0, kGaussianFreedom};
constexpr int kRounds = 14;
constexpr double kLeastPhi = -0.5, kMostPhi = 0.995;

/// −2 log of the density's constant, per sample.
double constant_of(double freedom) {
  return -2.0 * (std::lgamma(0.5 * (freedom + 1.0)) - std::lgamma(0.5 * freedom) -
                 0.5 * std::log(freedom * std::numbers::pi));
}

double minus_two_log(const Eigen::ArrayXd& innovations, double scale, double freedom) {
  const auto n = static_cast<double>(innovations.size());
  const double tails =
      (1.0 + innovations.square() / (freedom * scale * scale)).log().sum() * (freedom + 1.0);
  return n * (2.0 * std::log(scale) + constant_of(freedom)) + tails;
}

/// Rows less φ times the row before; the first is scaled to the stationary spread.
template <class Rows>
Rows whitened(const Rows& rows, double phi) {
  Rows white = rows;
  const Eigen::Index n = rows.rows();
  white.bottomRows(n - 1) -= phi * rows.topRows(n - 1);
  white.row(0) *= std::sqrt(1.0 - phi * phi);
  return white;
}

/// The scale of t innovations given their weights' fixed point: two rounds are enough here, the
/// outer loop repeats it.
double scale_of(const Eigen::ArrayXd& innovations, double scale, double freedom, double least) {
  for (int round = 0; round < 2; ++round) {
    const Eigen::ArrayXd weights =
        (freedom + 1.0) / (freedom + innovations.square() / (scale * scale));
    scale = std::max(std::sqrt((weights * innovations.square()).mean()), least);
  }
  return scale;
}

}  // namespace

StudentFit fit_student(const Eigen::MatrixXd& design, std::span<const double> values, double phi) {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), n);
  const double spread = std::sqrt((y.array() - y.mean()).square().mean());
  const double least = std::max(1e-7 * spread, 1e-300);
  StudentFit fit;
  fit.phi = std::clamp(phi, kLeastPhi, kMostPhi);
  fit.freedom = 4.0;
  fit.scale = std::max(spread, least);
  Eigen::ArrayXd weights = Eigen::ArrayXd::Ones(n);
  Eigen::ArrayXd innovations = Eigen::ArrayXd::Zero(n);
  for (int round = 0; round < kRounds; ++round) {
    const Eigen::MatrixXd x = whitened(design, fit.phi);
    const Eigen::VectorXd target = whitened(Eigen::VectorXd(y), fit.phi);
    const Eigen::MatrixXd weighted = weights.matrix().asDiagonal() * x;
    Eigen::MatrixXd normal = x.transpose() * weighted;
    normal.diagonal().array() += 1e-12 * std::max(normal.diagonal().maxCoeff(), 1e-300);
    fit.coefficients = normal.ldlt().solve(weighted.transpose() * target);
    const Eigen::VectorXd rest = y - design * fit.coefficients;
    if (n > 2) {
      const auto before = rest.head(n - 1).array();
      const auto after = rest.tail(n - 1).array();
      const auto weight = weights.tail(n - 1);
      const double power = (weight * before.square()).sum();
      if (power > 0.0)
        fit.phi = std::clamp((weight * before * after).sum() / power, kLeastPhi, kMostPhi);
    }
    innovations = whitened(rest, fit.phi).array();
    fit.scale = scale_of(innovations, fit.scale, fit.freedom, least);
    if (round == 3 || round == 8) {
      double best = HUGE_VAL;
      for (const double freedom : kFreedoms) {
        const double scale = scale_of(innovations, fit.scale, freedom, least);
        const double cost = minus_two_log(innovations, scale, freedom);
        if (cost >= best) continue;
        best = cost;
        fit.freedom = freedom;
      }
      fit.scale = scale_of(innovations, fit.scale, fit.freedom, least);
    }
    weights = (fit.freedom + 1.0) / (fit.freedom + innovations.square() / (fit.scale * fit.scale));
  }
  const double of_phi = -std::log(1.0 - fit.phi * fit.phi);
  fit.minus_two_log_likelihood = minus_two_log(innovations, fit.scale, fit.freedom) + of_phi;
  const double normal_scale = std::max(std::sqrt(innovations.square().mean()), least);
  fit.gaussian_excess = minus_two_log(innovations, normal_scale, kGaussianFreedom) + of_phi -
                        fit.minus_two_log_likelihood;
  return fit;
}

}  // namespace emdyn::emergence
