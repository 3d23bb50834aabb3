#include "emdyn/emergence/information/linear_system.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/information/gaussian.hpp"

namespace emdyn::emergence::information {
namespace {

Eigen::MatrixXd companion(const VectorAutoregression& system) {
  const Eigen::Index n = system.signals();
  const auto order = static_cast<Eigen::Index>(system.coefficients.size());
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n * order, n * order);
  for (Eigen::Index k = 0; k < order; ++k) {
    matrix.block(0, n * k, n, n) = system.coefficients[static_cast<std::size_t>(k)];
  }
  if (order > 1) {
    matrix.bottomLeftCorner(n * (order - 1), n * (order - 1)).diagonal().setOnes();
  }
  return matrix;
}

void require_system(const VectorAutoregression& system) {
  const Eigen::Index n = system.signals();
  bool fits = n > 0 && system.residual.cols() == n && !system.coefficients.empty();
  for (const Eigen::MatrixXd& block : system.coefficients) {
    fits = fits && block.rows() == n && block.cols() == n && block.allFinite();
  }
  if (!fits) throw DataError("vector autoregression: its matrices do not fit together");
  // A unit root may be computed a little below 1.
  if (!(system.spectral_radius() < 1.0 - 1e-10)) {
    throw DataError("vector autoregression: the system is not stationary; difference the signals");
  }
}

struct Fit {
  Eigen::MatrixXd weights{};  ///< [signals·order, signals]
  Eigen::MatrixXd residual{};
};

/// Of the rows from `start` on, so that orders can be compared.
Fit least_squares(const Signals& centred, std::size_t order, std::size_t start) {
  const Eigen::Index n = centred.cols();
  const Eigen::Index rows = centred.rows() - static_cast<Eigen::Index>(start);
  Signals past(rows, n * static_cast<Eigen::Index>(order));
  for (std::size_t k = 1; k <= order; ++k) {
    past.middleCols(n * static_cast<Eigen::Index>(k - 1), n) =
        centred.middleRows(static_cast<Eigen::Index>(start - k), rows);
  }
  const Signals present = centred.bottomRows(rows);
  Fit fit;
  fit.weights = past.colPivHouseholderQr().solve(present);
  const Signals error = present - past * fit.weights;
  fit.residual = error.transpose() * error / static_cast<double>(rows);
  return fit;
}

/// P = A P Aᵀ − A P Cᵀ (C P Cᵀ + R)⁻¹ C P Aᵀ + Q by doubling.
Eigen::MatrixXd riccati(const Eigen::MatrixXd& a, const Eigen::MatrixXd& c,
                        const Eigen::MatrixXd& q, const Eigen::MatrixXd& r) {
  const Eigen::Index n = a.rows();
  const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(n, n);
  Eigen::MatrixXd f = a.transpose();
  Eigen::MatrixXd g = c.transpose() * r.ldlt().solve(c);
  Eigen::MatrixXd h = q;
  constexpr int kMostDoublings = 60;
  for (int i = 0; i < kMostDoublings; ++i) {
    const Eigen::PartialPivLU<Eigen::MatrixXd> w(one + g * h);
    const Eigen::MatrixXd wf = w.solve(f);
    const Eigen::MatrixXd step = f.transpose() * h * wf;
    g += f * w.solve(g) * f.transpose();
    h += step;
    h = 0.5 * (h + h.transpose()).eval();
    f = (f * wf).eval();
    if (step.norm() <= 1e-14 * std::max(h.norm(), 1e-300)) return h;
  }
  return h;
}

}  // namespace

double VectorAutoregression::spectral_radius() const {
  return companion(*this).eigenvalues().cwiseAbs().maxCoeff();
}

VectorAutoregression fit_vector_autoregression(const SignalsView& signals, std::size_t longest) {
  if (longest == 0) throw ConfigError("vector autoregression: the longest order must be >= 1");
  const auto n = static_cast<std::size_t>(signals.cols());
  require_usable("vector autoregression", signals, longest + 2 * n * longest + 10);
  const Signals centred = signals.rowwise() - signals.colwise().mean();
  const auto rows = static_cast<double>(signals.rows()) - static_cast<double>(longest);
  std::size_t best = 1;
  double least = HUGE_VAL;
  for (std::size_t order = 1; order <= longest; ++order) {
    const double fit = rows * log_determinant(least_squares(centred, order, longest).residual);
    const double bic = fit + std::log(rows) * static_cast<double>(n * n * order);
    if (bic >= least) continue;
    least = bic;
    best = order;
  }
  const Fit fit = least_squares(centred, best, best);
  VectorAutoregression system;
  system.residual = fit.residual;
  const auto size = static_cast<Eigen::Index>(n);
  for (std::size_t k = 0; k < best; ++k) {
    system.coefficients.push_back(
        fit.weights.middleRows(size * static_cast<Eigen::Index>(k), size).transpose());
  }
  return system;
}

Eigen::MatrixXd innovations_of(const VectorAutoregression& system,
                               const Eigen::Ref<const Eigen::MatrixXd>& projection) {
  require_system(system);
  const Eigen::Index n = system.signals();
  if (projection.cols() != n || projection.rows() == 0 || projection.rows() > n) {
    throw DataError(fmt::format("innovations: a projection [1 to {}, {}] is needed, got [{}, {}]",
                                n, n, projection.rows(), projection.cols()));
  }
  // State (x_(t−1), …, x_(t−p)); x_t = C state + e_t; the state takes e_t in its first block.
  const Eigen::MatrixXd a = companion(system);
  const Eigen::MatrixXd c = projection * a.topRows(n);
  Eigen::MatrixXd gain = Eigen::MatrixXd::Zero(a.rows(), n);
  gain.topRows(n).setIdentity();
  const Eigen::MatrixXd r = projection * system.residual * projection.transpose();
  log_determinant(r);  // Refuses a projection without full rank.
  const Eigen::MatrixXd s = gain * system.residual * projection.transpose();
  const Eigen::MatrixXd q = gain * system.residual * gain.transpose();
  // Noise of state and observation is correlated: what the observation tells of it is taken out.
  const Eigen::MatrixXd known = r.ldlt().solve(s.transpose()).transpose();
  const Eigen::MatrixXd p = riccati(a - known * c, c, q - known * s.transpose(), r);
  return c * p * c.transpose() + r;
}

double transfer_entropy_of(const VectorAutoregression& system, const Parts& target) {
  const auto n = static_cast<std::size_t>(system.signals());
  require_group("transfer_entropy", target, n, 1);
  Eigen::MatrixXd projection =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(target.size()), system.signals());
  for (std::size_t i = 0; i < target.size(); ++i) {
    projection(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(target[i])) = 1.0;
  }
  const Eigen::MatrixXd full = projection * system.residual * projection.transpose();
  return 0.5 * (log_determinant(innovations_of(system, projection)) - log_determinant(full));
}

}  // namespace emdyn::emergence::information
