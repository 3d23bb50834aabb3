#pragma once
#include <array>
#include <cstddef>

#include "emdyn/core/field.hpp"
#include "emdyn/probe/contract/estimate.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"

/// The law of the eigenvalues of WᵀW/N for W [N, M], N >= M, with independent entries of variance
/// σ², at ratio q = M/N in (0, 1]: they fill [σ²(1 − √q)², σ²(1 + √q)²].
/// Source: Marchenko and Pastur, "Distribution of eigenvalues for some sets of random matrices",
/// 1967.
namespace emdyn::probe {

struct MarchenkoPasturLaw {
  double ratio = 1.0;     ///< q, in (0, 1].
  double variance = 1.0;  ///< σ² of an entry, > 0.

  double lower_edge() const noexcept;
  double upper_edge() const noexcept;
  /// 0 outside the edges; at q = 1 it grows without bound towards 0.
  double density(double x) const noexcept;
  double cdf(double x) const noexcept;
  /// @param p in [0, 1].
  double quantile(double p) const noexcept;
};

/// The level below which the greatest eigenvalue of WᵀW stays with probability `level`, for N x M
/// independent entries of variance 1: Tracy and Widom's first law, centred and scaled by Johnstone,
/// "On the distribution of the largest eigenvalue in principal components analysis", 2001; its
/// quantile by the shifted gamma distribution of Chiani, 2014. Beyond `level` .9999 the
/// approximation is a few per cent short.
double largest_eigenvalue_quantile(std::size_t larger, std::size_t smaller, double level);

struct MarchenkoPasturConfig {
  double level = 0.99;
};
inline constexpr std::array kMarchenkoPasturFields{
    Field<MarchenkoPasturConfig>{
        "level", &MarchenkoPasturConfig::level, 0.5, 0.9999,
        "probability that the greatest eigenvalue of pure noise stays below the threshold"},
};

/// A spectrum taken apart into a bulk of noise and spikes beyond its edge.
struct MarchenkoPasturFit {
  double ratio = 1.0;        ///< M/N, N the larger side.
  Estimate variance{};       ///< σ² of an entry of the noise.
  double lower_edge = 0.0;   ///< Of the bulk, in units of eigenvalues of WᵀW.
  double upper_edge = 0.0;   ///< In the same units.
  double threshold = 0.0;    ///< What an eigenvalue exceeds to be a spike: the edge and its play.
  std::size_t spikes = 0;    ///< Eigenvalues above the threshold.
  double spike_share = 0.0;  ///< Their share of the sum of eigenvalues.
  double distance = 0.0;     ///< Kolmogorov-Smirnov distance of the rest from the law. Rigid
                             ///< spectra of noise are within about 1/M; large: no such bulk.
};

/// σ² is the median of the bulk over the law's median, found again after the spikes are taken out
/// until their number stays; up to half of the eigenvalues may be spikes. Its standard error comes
/// from the rigidity of random spectra (the variance of an eigenvalue's rank grows like ln(M)/π²:
/// Gustavsson 2005, O'Rourke 2010). When the median is 0 (rank below half) the noise is 0 and every
/// positive eigenvalue is a spike.
/// Sources: Gavish and Donoho, "The optimal hard threshold for singular values is 4/√3", 2014;
/// Martin and Mahoney, JMLR 22 (2021).
/// @throws DataError for fewer than 4 eigenvalues or non-finite ones; ConfigError. Cost: M log M.
MarchenkoPasturFit marchenko_pastur(const Spectrum& spectrum,
                                    const MarchenkoPasturConfig& config = {});

void to_json(Json& json, const MarchenkoPasturFit& fit);

}  // namespace emdyn::probe
