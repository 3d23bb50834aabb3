#pragma once
#include <cstddef>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// A vector autoregression x_t = Σ_k coefficients[k−1]·x_(t−k) + e_t of centred signals.
struct VectorAutoregression {
  std::vector<Eigen::MatrixXd> coefficients{};  ///< Each [signals, signals].
  Eigen::MatrixXd residual{};                   ///< Covariance of e_t.

  Eigen::Index signals() const noexcept { return residual.rows(); }
  /// Largest modulus of the companion matrix's eigenvalues; stationary below 1.
  double spectral_radius() const;
};

/// Least squares with an order in [1, longest] of least BIC, every order on the same rows.
/// @throws DataError for signals that cannot be used, or fewer than
/// longest + 2·(signals·longest) + 10 rows (says so).
VectorAutoregression fit_vector_autoregression(const SignalsView& signals, std::size_t longest);

/// The covariance of the one-step errors of Y_t = L x_t, best predicted from the whole past of Y
/// alone (which is no finite autoregression): the innovations form of the state space system, by a
/// discrete algebraic Riccati equation solved with the structure-preserving doubling algorithm
/// (Chu, Fan, Lin & Wang, International Journal of Control 77, 2004).
/// @param projection L [dimensions, signals] of full row rank.
/// @throws DataError when the system is not stationary or L does not fit or is not of full rank.
Eigen::MatrixXd innovations_of(const VectorAutoregression& system,
                               const Eigen::Ref<const Eigen::MatrixXd>& projection);

/// Transfer entropy in nats from all other signals to the signals of `target`, given the whole past
/// of both: half the Granger causality, exactly, for Gaussian e. Source: Barnett, Barrett & Seth,
/// "Granger Causality and Transfer Entropy Are Equivalent for Gaussian Variables", Physical Review
/// Letters 103 (2009).
double transfer_entropy_of(const VectorAutoregression& system, const Parts& target);

}  // namespace emdyn::emergence::information
