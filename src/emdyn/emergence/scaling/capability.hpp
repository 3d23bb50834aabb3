#pragma once
#include <Eigen/Core>
#include <cstddef>

#include "emdyn/emergence/scaling/scale_data.hpp"

namespace emdyn::emergence::scaling {

/// Principal components of models by metrics.
struct Capability {
  Eigen::MatrixXd scores{};     ///< [models, components], unit of the standardised metrics.
  Eigen::MatrixXd loadings{};   ///< [metrics, components], orthonormal; the first is signed so that
                                ///< more is better.
  Eigen::VectorXd explained{};  ///< Share of the variance of each component.
  std::size_t missing = 0;      ///< Cells imputed.
  int rounds = 0;               ///< Of imputation.
};

/// Components of the matrix after every metric is put on an open scale (shares by logit within
/// [0.005, 0.995], losses by −log) and standardised. Missing cells are filled by the components
/// themselves until they settle (regularised iterative singular values), so models that miss
/// benchmarks keep their place. Sources: Ruan, Maddison & Hashimoto, "Observational Scaling Laws
/// and the Predictability of Language Model Performance" (2024); Josse & Husson, "missMDA", Journal
/// of Statistical Software 70 (2016) for the imputation.
/// @param components at most min(models, metrics). Metrics without two different values have
/// loading 0.
/// @throws DataError for an empty matrix, ConfigError for components out of range.
Capability capability(const ScaleData& data, int components = 1);

/// A value on the open scale of its metric.
double open_value(double value, MetricScale scale) noexcept;

}  // namespace emdyn::emergence::scaling
