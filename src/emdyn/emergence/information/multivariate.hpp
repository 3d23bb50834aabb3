#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/emergence/information/ksg.hpp"
#include "emdyn/emergence/information/law.hpp"

namespace emdyn::emergence::information {

/// How n parts depend on each other as a whole, in nats.
struct Togetherness {
  double total_correlation = 0.0;       ///< Σ H(X_j) − H(X), TC.
  double dual_total_correlation = 0.0;  ///< H(X) − Σ H(X_j|X_−j), DTC.
  /// Ω = TC − DTC: above 0 the parts hold copies (redundancy), below 0 they hold what only the
  /// whole shows (synergy).
  double o_information = 0.0;
  double s_information = 0.0;  ///< TC + DTC: how much dependence there is of either kind.
};

/// From the entropies of groups. Cost: 2n + 1 entropies.
/// Sources: Watanabe (1960), Han (1978); Rosas, Mediano, Gastpar & Jensen, "Quantifying High-Order
/// Interdependencies via Multivariate Extensions of the Mutual Information", Physical Review E 100
/// (2019).
/// @throws DataError for fewer than two parts (Ω of two is 0) or a part named twice.
Togetherness togetherness(const EntropyOf& entropy, const Parts& parts);

/// The same from nearest neighbours: Ω = (2 − n)TC(X) + Σ_j TC(X_−j), every term a KSG total
/// correlation with equally many neighbours.
/// @param signals [moments, parts]; prepared here. @throws DataError for fewer than three parts.
Togetherness ksg_togetherness(const SignalsView& signals, const KsgOptions& options = {});

/// What parts add to the O-information of the whole.
struct Gradients {
  Parts parts{};
  /// Ω(X) − Ω(X_−i): above 0 the part brings redundancy, below 0 synergy.
  std::vector<double> single{};
  /// [parts, parts]: Ω(X) − Ω(X_−i) − Ω(X_−j) + Ω(X_−ij), what the pair brings beyond its parts; 0
  /// on the diagonal.
  Eigen::MatrixXd pair{};
};

/// Source: Scagliarini, Nuzzi, Antonacci, Faes, Rosas, Marinazzo & Stramaglia, "Gradients of
/// O-information: Low-order Descriptors of High-order Dependencies", Physical Review Research 5
/// (2023). Ω of fewer than three parts is 0. @throws DataError for fewer than three parts.
Gradients gradients(const EntropyOf& entropy, const Parts& parts);

/// Of Gaussian variables, one Cholesky factor for all conditional entropies: O(n³).
/// @param bias_samples as in gaussian_entropies(). @throws DataError when singular.
Togetherness gaussian_togetherness(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                   std::size_t bias_samples = 0);

/// What the bias of Gaussian entropies adds to Ω of `parts` variables from `samples` rows.
double gaussian_o_information_bias(std::size_t parts, std::size_t samples);

/// Ω of many groups of one size; bit j of a mask is variable j. (A list of indices for each would
/// cost more than the measure.)
struct ScoredGroups {
  std::vector<std::uint32_t> masks{};
  std::vector<double> o_information{};
  /// The members of group i.
  Parts group(std::size_t i) const;
};

/// Ω of every group of `size` among the variables, in ascending order of the masks, from one
/// pass over all principal minors by Schur complements: O(2^n) work in all for n variables, a few
/// dozen nanoseconds a group, where one determinant a group would cost microseconds.
/// Source of the pass: Griffin & Tsatsomeros, "Principal Minors, Part I: A Method for Computing All
/// the Principal Minors of a Matrix", Linear Algebra and its Applications 419 (2006).
/// @throws DataError for more than 24 variables (search instead), a size outside [2, variables],
/// or a singular covariance.
ScoredGroups o_information_of_all(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                  std::size_t size);

}  // namespace emdyn::emergence::information
