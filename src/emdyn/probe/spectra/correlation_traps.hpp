#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/probe/spectra/marchenko_pastur.hpp"

namespace emdyn::probe {

struct CorrelationTrapsConfig {
  double level = 0.99;
  std::int64_t seed = 0;
};
inline constexpr std::array kCorrelationTrapsFields{
    Field<CorrelationTrapsConfig>{
        "level", &CorrelationTrapsConfig::level, 0.5, 0.9999,
        "probability that a shuffled matrix of ordinary entries has no outlier"},
    Field<CorrelationTrapsConfig>{"seed", &CorrelationTrapsConfig::seed, 0, 1e15, "of the shuffle"},
};

/// Outliers that stay when the entries of a layer are shuffled: they come from unusually large
/// single weights, not from structure, and go with overfitting.
struct CorrelationTraps {
  std::size_t count = 0;  ///< Eigenvalues of the shuffled matrix beyond the edge of its bulk.
  double excess = 0.0;    ///< Its greatest eigenvalue over the threshold: above 1 is a trap.
  double edge = 0.0;      ///< Of the shuffled bulk, in units of eigenvalues of WᵀW.
};

/// Shuffles all entries after taking out their mean (which alone would make an outlier that says
/// nothing of large entries) and fits Marchenko and Pastur's law to what is left.
/// @param entries row-major [rows, columns], taken over and shuffled in place.
/// @throws DataError for a wrong size, more than 2³² − 1 entries, fewer than 4 rows or columns, or
/// non-finite entries; ConfigError. Cost: that of spectrum().
/// Source: Martin and Mahoney, "Implicit self-regularization in deep neural networks", JMLR 22
/// (2021); Martin and Hinrichs, "SETOL: a semi-empirical theory of (deep) learning", 2025.
CorrelationTraps correlation_traps(std::vector<float> entries, std::size_t rows,
                                   std::size_t columns, const CorrelationTrapsConfig& config = {});

void to_json(Json& json, const CorrelationTraps& traps);

}  // namespace emdyn::probe
