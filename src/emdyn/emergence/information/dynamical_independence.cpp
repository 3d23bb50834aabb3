#include "emdyn/emergence/information/dynamical_independence.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/gaussian.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::uint64_t kStartStream = 0x494e4400000000ULL;

/// The system in coordinates in which e has unit covariance.
struct Whitened {
  VectorAutoregression system{};
  Eigen::MatrixXd back{};  ///< W with x' = W x.
  /// Responses of x'_t to e'_(t−k), k = 1 … : the moving-average form, cut where it has died.
  std::vector<Eigen::MatrixXd> responses{};
};

Whitened whitened(const VectorAutoregression& system) {
  const Eigen::LLT<Eigen::MatrixXd> factor(system.residual);
  if (factor.info() != Eigen::Success) {
    throw DataError(
        "dynamical_independence: the residual covariance is singular; leave out signals that are "
        "combinations of others");
  }
  const Eigen::Index n = system.signals();
  const Eigen::MatrixXd lower = factor.matrixL();
  Whitened result;
  result.back = factor.matrixL().solve(Eigen::MatrixXd::Identity(n, n));
  result.system.residual = Eigen::MatrixXd::Identity(n, n);
  for (const Eigen::MatrixXd& block : system.coefficients) {
    result.system.coefficients.push_back(result.back * block * lower);
  }
  constexpr std::size_t kMostResponses = 64;
  std::vector<Eigen::MatrixXd> moving{Eigen::MatrixXd::Identity(n, n)};
  for (std::size_t k = 1; k <= kMostResponses; ++k) {
    Eigen::MatrixXd response = Eigen::MatrixXd::Zero(n, n);
    for (std::size_t j = 1; j <= std::min(k, result.system.coefficients.size()); ++j) {
      response += result.system.coefficients[j - 1] * moving[k - j];
    }
    moving.push_back(response);
    if (response.norm() < 1e-6 * static_cast<double>(n)) break;
  }
  result.responses.assign(moving.begin() + 1, moving.end());
  return result;
}

/// Σ_k |L B_k (1 − LᵀL)|² for orthonormal rows L: what reaches Y from outside Y.
double leakage(const Whitened& system, const Eigen::MatrixXd& projection) {
  double sum = 0.0;
  for (const Eigen::MatrixXd& response : system.responses) {
    const Eigen::MatrixXd reached = projection * response;
    sum += reached.squaredNorm() - (reached * projection.transpose()).squaredNorm();
  }
  return sum;
}

/// Its gradient, taken to the tangent space of the Grassmannian.
Eigen::MatrixXd leakage_gradient(const Whitened& system, const Eigen::MatrixXd& l) {
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(l.rows(), l.cols());
  for (const Eigen::MatrixXd& b : system.responses) {
    const Eigen::MatrixXd lb = l * b;
    const Eigen::MatrixXd inside = lb * l.transpose();
    gradient += 2.0 * (lb * b.transpose() - inside * l * b.transpose() - inside.transpose() * lb);
  }
  return gradient - gradient * l.transpose() * l;
}

Eigen::MatrixXd orthonormal_rows(const Eigen::MatrixXd& matrix) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> factor(matrix.transpose());
  const Eigen::MatrixXd q =
      factor.householderQ() * Eigen::MatrixXd::Identity(matrix.cols(), matrix.rows());
  return q.transpose();
}

Eigen::MatrixXd descended(const Whitened& system, Eigen::MatrixXd projection, std::int64_t steps) {
  double value = leakage(system, projection);
  double length = 0.1;
  for (std::int64_t step = 0; step < steps; ++step) {
    const Eigen::MatrixXd gradient = leakage_gradient(system, projection);
    const double slope = gradient.squaredNorm();
    if (slope < 1e-24 || value < 1e-20) break;
    // Armijo with a step that may grow again.
    length *= 2.0;
    bool moved = false;
    for (int halving = 0; halving < 40 && !moved; ++halving, length *= 0.5) {
      const Eigen::MatrixXd next = orthonormal_rows(projection - length * gradient);
      const double there = leakage(system, next);
      if (there > value - 1e-4 * length * slope) continue;
      projection = next;
      value = there;
      moved = true;
      length *= 2.0;  // The loop is about to halve what worked.
    }
    if (!moved) break;
  }
  return projection;
}

}  // namespace

double dynamical_dependence(const VectorAutoregression& system,
                            const Eigen::Ref<const Eigen::MatrixXd>& projection) {
  const Eigen::MatrixXd own = innovations_of(system, projection);
  const Eigen::MatrixXd full = projection * system.residual * projection.transpose();
  return std::max(0.0, 0.5 * (log_determinant(own) - log_determinant(full)));
}

MacroVariable least_dependent(const VectorAutoregression& system, std::size_t dimensions,
                              const IndependenceOptions& options) {
  checked(IndependenceOptions::kName, kIndependenceFields, options);
  const auto n = static_cast<std::size_t>(system.signals());
  if (dimensions == 0 || dimensions >= n) {
    throw DataError(fmt::format(
        "dynamical_independence: a macro variable of {} signals has 1 to {} dimensions, got {}", n,
        n - 1, dimensions));
  }
  const Whitened white = whitened(system);
  std::vector<MacroVariable> found(static_cast<std::size_t>(options.starts));
  parallel_for(found.size(), [&](std::size_t start) {
    Philox random(static_cast<std::uint64_t>(options.seed), kStartStream + start);
    Eigen::MatrixXd projection(static_cast<Eigen::Index>(dimensions), system.signals());
    for (Eigen::Index i = 0; i < projection.rows(); ++i) {
      for (Eigen::Index j = 0; j < projection.cols(); ++j) projection(i, j) = random.normal();
    }
    projection = descended(white, orthonormal_rows(projection), options.steps);
    found[start] = {projection, dynamical_dependence(white.system, projection)};
  });
  std::size_t best = 0;
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i].dependence < found[best].dependence) best = i;
  }
  MacroVariable result = found[best];
  result.projection = (result.projection * white.back).eval();
  result.projection.rowwise().normalize();
  return result;
}

std::vector<MacroVariable> dependence_along_scale(const VectorAutoregression& system,
                                                  const IndependenceOptions& options) {
  std::vector<MacroVariable> scales;
  for (std::size_t m = 1; m < static_cast<std::size_t>(system.signals()); ++m) {
    scales.push_back(least_dependent(system, m, options));
  }
  return scales;
}

}  // namespace emdyn::emergence::information
