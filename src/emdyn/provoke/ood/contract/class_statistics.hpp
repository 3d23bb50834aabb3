#pragma once
#include <Eigen/Core>
#include <vector>

#include "emdyn/provoke/ood/contract/inputs.hpp"

namespace emdyn::provoke::ood {

/// Means of the classes that have samples, and of all samples.
struct ClassStatistics {
  std::vector<double> shares;  ///< [class with samples], adding up to 1.
  Eigen::MatrixXd means;       ///< [class with samples, feature]
  Eigen::VectorXd centre;      ///< [feature]
};

/// @pre labels below `classes`, one a row, at least one row.
ClassStatistics class_statistics(const TrainingSet& training, std::size_t classes);

/// Σ (x − m)(x − m)ᵀ / n about the mean of each row's class, as a full symmetric matrix.
/// The same bits for every number of threads. Cost: n·d²/2.
Eigen::MatrixXd within_covariance(const TrainingSet& training, std::size_t classes);

/// Σ (x − origin)(x − origin)ᵀ / n.
Eigen::MatrixXd second_moment(const Matrix& features, const Eigen::VectorXd& origin);

/// The weight of a multiple of the identity that minimises the expected squared error of
/// (1 − w)·S + w·tr(S)/d·I, estimated from the sample; `fourth` is Σ |x − m|⁴ over the rows.
/// Source: Ledoit, Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
/// Journal of Multivariate Analysis 88 (2004).
double ledoit_wolf_weight(const Eigen::MatrixXd& covariance, double fourth, std::size_t rows);

/// The within-class covariance, shrunk: `weight` in [0, 1], or the Ledoit-Wolf estimate when
/// negative. @throws DataError when the features do not vary within classes.
Eigen::MatrixXd shrunk_within_covariance(const TrainingSet& training, std::size_t classes,
                                         double weight);

/// Lower triangular L⁻¹ with covariance = L·Lᵀ. @throws DataError when it is singular.
Eigen::MatrixXd whitening(const Eigen::MatrixXd& covariance);

}  // namespace emdyn::provoke::ood
