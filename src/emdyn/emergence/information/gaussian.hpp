#pragma once
#include <cstddef>

#include "emdyn/emergence/information/law.hpp"
#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// Sample covariance (over rows − 1), [signals, signals].
/// @throws DataError with fewer than two rows or a value that is not finite.
Eigen::MatrixXd covariance_of(const SignalsView& signals);

/// The normal scores Φ⁻¹(rank/(rows + 1)) of each column, equal values sharing their mean rank. The
/// Gaussian measures of the scores are lower bounds of the true ones, whatever the marginals.
/// Source: Ince, Giordano, Kayser, Rousselet, Gross & Schyns, "A Statistical Framework for
/// Neuroimaging Data Analysis Based on Mutual Information Estimated via a Gaussian Copula", Human
/// Brain Mapping 38 (2017).
Signals normal_scores(const SignalsView& signals);

/// ln det of a symmetric positive definite matrix; 0 of an empty one.
/// @throws DataError when it is not: a signal is a linear combination of the others.
double log_determinant(const Eigen::Ref<const Eigen::MatrixXd>& matrix);

/// Entropy of a Gaussian with this covariance.
double gaussian_entropy(const Eigen::Ref<const Eigen::MatrixXd>& covariance);

/// What gaussian_entropy() of a sample covariance is too high by, on average (it is negative), for
/// `dimensions` of `samples` Gaussian rows: ½[Σ_{i=1..d} ψ((N−i)/2) + d ln(2/(N−1))], exactly.
/// Source: Misra, Singh & Demchuk, "Estimation of the Entropy of a Multivariate Normal
/// Distribution", Journal of Multivariate Analysis 92 (2005). @pre samples > dimensions.
double gaussian_entropy_bias(std::size_t dimensions, std::size_t samples);

/// Entropies of groups of Gaussian variables. Keeps a copy of the covariance.
/// @param samples that the covariance was estimated from, to take the bias off; 0: it is exact.
/// @throws DataError when samples are given but not more than the variables.
EntropyOf gaussian_entropies(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                             std::size_t samples = 0);

/// I(X;Y|Z) of a Gaussian, the variables of x first, then y, then z.
/// @param samples as for gaussian_entropies().
double gaussian_information(const Eigen::Ref<const Eigen::MatrixXd>& covariance, std::size_t x,
                            std::size_t y, std::size_t z, std::size_t samples = 0);

/// Chance of at least this plug-in information (without correction of the bias) between
/// independent Gaussian X [x dimensions] and Y given Z: Wilks' Λ = exp(−2I) through Rao's F, exact
/// when X or Y has one or two dimensions. Rows must be independent: for signals with memory it is
/// valid only where Z holds their past.
/// Source: Rao, "An Asymptotic Expansion of the Distribution of Wilks' Criterion" (1951).
/// @return 1 where there are no degrees of freedom left.
double gaussian_information_p_value(double information, std::size_t x, std::size_t y, std::size_t z,
                                    std::size_t samples);

}  // namespace emdyn::emergence::information
