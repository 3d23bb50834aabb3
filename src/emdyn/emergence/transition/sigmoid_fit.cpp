#include "emdyn/emergence/transition/sigmoid_fit.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::emergence {
namespace {

constexpr int kMaxParameters = 6;
using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxParameters, 1>;
using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, kMaxParameters, kMaxParameters>;

/// Residual and gradient of the curve at one coordinate: intercept, amplitudes, locations, scale.
struct Row {
  double residual = 0.0;
  std::array<double, kMaxParameters> gradient{};
};

Row row_at(const Sigmoids& l, double u, double value) {
  Row row;
  const double scale = std::exp(l.log_scale);
  row.gradient[0] = 1.0;
  row.residual = value - l.intercept;
  for (std::size_t j = 0; j < l.count; ++j) {
    const double z = (u - l.location[j]) / scale;
    const double g = sigmoid_value(l.shape, z);
    const double slope = l.amplitude[j] * sigmoid_slope(l.shape, z);
    row.residual -= l.amplitude[j] * g;
    row.gradient[1 + j] = g;
    row.gradient[1 + l.count + j] = -slope / scale;
    row.gradient[1 + 2 * l.count] -= slope * z;
  }
  return row;
}

double sum_of_squares(std::span<const double> u, std::span<const double> values, double phi,
                      const Sigmoids& l) {
  double sum = 0.0;
  double before = 0.0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double residual = values[i] - l.value(u[i]);
    const double white = i == 0 ? std::sqrt(1.0 - phi * phi) * residual : residual - phi * before;
    sum += white * white;
    before = residual;
  }
  return sum;
}

void normal_equations(std::span<const double> u, std::span<const double> values, double phi,
                      const Sigmoids& l, Matrix& hessian, Vector& gradient) {
  const auto size = static_cast<Eigen::Index>(2 + 2 * l.count);
  hessian.setZero(size, size);
  gradient.setZero(size);
  Row before;
  Vector white(size);
  for (std::size_t i = 0; i < u.size(); ++i) {
    const Row row = row_at(l, u[i], values[i]);
    const double keep = i == 0 ? std::sqrt(1.0 - phi * phi) : 1.0;
    const double lose = i == 0 ? 0.0 : phi;
    for (Eigen::Index k = 0; k < size; ++k) {
      const auto index = static_cast<std::size_t>(k);
      white(k) = keep * row.gradient[index] - lose * before.gradient[index];
    }
    const double residual = keep * row.residual - lose * before.residual;
    hessian.noalias() += white * white.transpose();
    gradient.noalias() += residual * white;
    before = row;
  }
}

}  // namespace

double Sigmoids::value(double u) const noexcept {
  double sum = intercept;
  const double scale = std::exp(log_scale);
  for (std::size_t j = 0; j < count; ++j)
    sum += amplitude[j] * sigmoid_value(shape, (u - location[j]) / scale);
  return sum;
}

void limit_levels(const ValueRange& range, Sigmoids& sigmoids) noexcept {
  sigmoids.intercept = range.limit(sigmoids.intercept);
  double level = sigmoids.intercept;
  for (std::size_t j = 0; j < sigmoids.count; ++j) {
    const double next = range.limit(level + sigmoids.amplitude[j]);
    sigmoids.amplitude[j] = next - level;
    level = next;
  }
}

double refine_sigmoids(std::span<const double> u, std::span<const double> values, double phi,
                       double min_scale, double max_scale, const ValueRange& range,
                       Sigmoids& sigmoids) {
  const std::size_t count = sigmoids.count;
  limit_levels(range, sigmoids);
  sigmoids.log_scale = std::clamp(sigmoids.log_scale, std::log(min_scale), std::log(max_scale));
  double sum = sum_of_squares(u, values, phi, sigmoids);
  double damping = 1e-3;
  Matrix hessian;
  Vector gradient;
  for (int step = 0; step < 40; ++step) {
    normal_equations(u, values, phi, sigmoids, hessian, gradient);
    bool improved = false;
    double gain = 0.0;
    while (damping < 1e8 && !improved) {
      Matrix damped = hessian;
      for (Eigen::Index k = 0; k < damped.rows(); ++k) {
        damped(k, k) += damping * std::max(hessian(k, k), 1e-12);
      }
      const Vector move = damped.ldlt().solve(gradient);
      Sigmoids next = sigmoids;
      next.intercept += move(0);
      for (std::size_t j = 0; j < count; ++j) {
        next.amplitude[j] += move(static_cast<Eigen::Index>(1 + j));
        const double place = next.location[j] + move(static_cast<Eigen::Index>(1 + count + j));
        next.location[j] = std::clamp(place, -0.2, 1.2);
      }
      next.log_scale = std::clamp(next.log_scale + move(static_cast<Eigen::Index>(1 + 2 * count)),
                                  std::log(min_scale), std::log(max_scale));
      limit_levels(range, next);
      const double attempt = sum_of_squares(u, values, phi, next);
      improved = attempt < sum;
      if (improved) {
        gain = sum - attempt;
        sum = attempt;
        sigmoids = next;
        damping = std::max(damping * 0.2, 1e-9);
      } else {
        damping *= 8.0;
      }
    }
    if (!improved || gain < 1e-6 * sum) break;
  }
  return sum;
}

}  // namespace emdyn::emergence
