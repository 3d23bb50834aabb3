#include "emdyn/emergence/scaling/size_law.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr int kExponents = 20;
double exponent(int i) { return 0.05 * (i + 1); }

/// Non-negative least squares of three columns: the best of all subsets whose solution is feasible,
/// exact for so few.
Eigen::Vector3d solve_nonnegative(const Eigen::Matrix3d& gram, const Eigen::Vector3d& right) {
  Eigen::Vector3d best = Eigen::Vector3d::Zero();
  double most = 0.0;  // Of the explained sum of squares.
  for (unsigned subset = 1; subset < 8; ++subset) {
    std::array<int, 3> chosen{};
    int k = 0;
    for (int i = 0; i < 3; ++i) {
      if (subset & (1u << i)) chosen[static_cast<std::size_t>(k++)] = i;
    }
    Eigen::MatrixXd g(k, k);
    Eigen::VectorXd r(k);
    for (int i = 0; i < k; ++i) {
      r[i] = right[chosen[static_cast<std::size_t>(i)]];
      for (int j = 0; j < k; ++j)
        g(i, j) = gram(chosen[static_cast<std::size_t>(i)], chosen[static_cast<std::size_t>(j)]);
    }
    g.diagonal().array() *= 1.0 + 1e-12;
    const Eigen::VectorXd solution = g.ldlt().solve(r);
    const double explained = solution.dot(r);
    if (!solution.allFinite() || solution.minCoeff() < 0.0 || !(explained > most)) continue;
    most = explained;
    best.setZero();
    for (int i = 0; i < k; ++i) best[chosen[static_cast<std::size_t>(i)]] = solution[i];
  }
  return best;
}

/// ln of one size of every model, centred; all 0 where it is unknown or does not vary.
struct LogSizes {
  std::vector<double> z{};
  double unit = 1.0;
  bool varies = false;
};
LogSizes log_sizes(std::span<const ScaleModel> models, double ScaleModel::*size) {
  LogSizes out;
  double sum = 0.0;
  for (const ScaleModel& model : models) {
    if (!(model.*size > 0.0) || !std::isfinite(model.*size))
      return {std::vector<double>(models.size(), 0.0), 1.0, false};
    out.z.push_back(std::log(model.*size));
    sum += out.z.back();
  }
  const double mean = sum / static_cast<double>(models.size());
  for (double& z : out.z) {
    z -= mean;
    out.varies = out.varies || std::abs(z) > 1e-9;
  }
  out.unit = std::exp(mean);
  return out;
}

double term(double amount, double size, double unit, double exponent) noexcept {
  return amount > 0.0 ? amount * std::exp(-exponent * std::log(size / unit)) : 0.0;
}

}  // namespace

double SizeLaw::operator()(const ScaleModel& model) const noexcept {
  return floor + term(of_parameters, model.parameters, parameters_unit, alpha) +
         term(of_tokens, model.tokens, tokens_unit, beta);
}

SizeLaw fit_size_law(std::span<const ScaleModel> all, std::span<const double> values) {
  std::vector<ScaleModel> models;
  std::vector<double> y;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isfinite(values[i]) || !(values[i] > 0.0)) continue;
    models.push_back(all[i]);
    y.push_back(values[i]);
  }
  if (models.empty()) throw DataError("size law: no model has a positive finite value");
  const LogSizes n = log_sizes(models, &ScaleModel::parameters),
                 d = log_sizes(models, &ScaleModel::tokens);
  SizeLaw best;
  best.parameters_unit = n.unit;
  best.tokens_unit = d.unit;
  best.points = y.size();
  best.rest = std::numeric_limits<double>::infinity();
  const auto rows = static_cast<Eigen::Index>(y.size());
  Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(rows, 3);
  for (int a = 0; a < (n.varies ? kExponents : 1); ++a) {
    for (int b = 0; b < (d.varies ? kExponents : 1); ++b) {
      for (Eigen::Index i = 0; i < rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        columns(i, 0) = 1.0 / y[at];
        columns(i, 1) = n.varies ? std::exp(-exponent(a) * n.z[at]) / y[at] : 0.0;
        columns(i, 2) = d.varies ? std::exp(-exponent(b) * d.z[at]) / y[at] : 0.0;
      }
      const Eigen::Vector3d right = columns.colwise().sum().transpose();
      const Eigen::Vector3d levels = solve_nonnegative(columns.transpose() * columns, right);
      const double rest = (columns * levels - Eigen::VectorXd::Ones(rows)).squaredNorm();
      if (rest >= best.rest) continue;
      best.rest = rest;
      best.floor = levels[0];
      best.of_parameters = levels[1];
      best.of_tokens = levels[2];
      best.alpha = exponent(a);
      best.beta = exponent(b);
    }
  }
  return best;
}

void to_json(Json& json, const SizeLaw& law) {
  json = Json{{"floor", law.floor},
              {"of_parameters", law.of_parameters},
              {"of_tokens", law.of_tokens},
              {"alpha", law.alpha},
              {"beta", law.beta},
              {"parameters_unit", law.parameters_unit},
              {"tokens_unit", law.tokens_unit},
              {"points", law.points},
              {"rest", number_or_null(law.rest)}};
}

}  // namespace emdyn::emergence::scaling
