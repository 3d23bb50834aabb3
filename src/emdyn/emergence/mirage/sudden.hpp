#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/emergence/mirage/metric_series.hpp"
#include "emdyn/series/records.hpp"

/// Did a curve change suddenly or smoothly? Marginal likelihoods instead of fits, so that the
/// answer is as exact for five points as for five hundred.
namespace emdyn::emergence::mirage {

/// A change from 10 % to 90 % within this share of the observed range (of position, and of its
/// logarithm where positions span more than two octaves) is sudden …
inline constexpr double kSuddenWidth = 0.2;
/// … and one over more than this share is smooth. What lies between is neither, and mostly
/// undecided.
inline constexpr double kSmoothWidth = 0.5;
/// A logistic goes from 10 % to 90 % over 2·ln 9 of its scales.
inline constexpr double kLogisticWidth = 4.394449154672439;
/// Longer series are averaged in equal bins to this many points.
inline constexpr std::size_t kMostPoints = 48;

/// One scaling of positions to [0, 1].
struct Coordinate {
  bool log_axis = false;
  double origin = 0.0;  ///< First position, or its logarithm.
  double range = 1.0;
  double of(double position) const noexcept;
  double position(double coordinate) const noexcept;
};
/// The linear one, and the logarithmic one where all positions are > 0 (a first position of 0
/// counts as half the second) and span more than two octaves. @param positions ascending, two
/// different ones at least.
std::vector<Coordinate> coordinates_of(std::span<const double> positions);

/// Where the change of the other metric lies, one stretch a coordinate; half of the prior for the
/// place of a sudden change is spread over it, half over the whole range.
struct Window {
  double low = 0.0;  ///< Coordinates.
  double high = 1.0;
};

/// What the data say of sudden against smooth.
struct SuddenEvidence {
  double log_bayes_factor =
      0.0;                  ///< ln of sudden against smooth, both given that the metric moves.
  double log_signal = 0.0;  ///< ln of "it moves" against "constant but for noise".
  double share = 0.0;  ///< Size of the sudden part over the range of the series, signed (posterior
                       ///< mean given a sudden change, in units of the most probable link).
  series::Interval place{};    ///< Of the sudden change, 90 %, in units of position.
  double width = 0.0;          ///< Its 10–90 width as a share of the range, posterior mean.
  double kink = 0.0;           ///< Probability that it is a bend in the slope, not a step.
  double noise_phi = 0.0;      ///< Posterior mean autocorrelation of the noise.
  std::size_t points = 0;      ///< After binning.
  Link link = Link::identity;  ///< The most probable one.
};

/// Compares, by their exact marginal likelihoods under one noise model,
/// - smooth: constant + Gaussian process (linear + squared exponential of length 0.35, 0.6 or 1.2
/// of the range)
///   [+ a sigmoid at least kSmoothWidth wide], and
/// - sudden: the same + a step at most kSuddenWidth wide or a bend in the slope, anywhere.
/// Noise: Gaussian, AR(1) from sample to sample with φ in {0, .5, .85}, its deviation constant,
/// growing or shrinking e-fold over the range, or proportional to the given errors. The intercept
/// and the noise's scale are integrated out in closed form, everything else over a grid: links with
/// their Jacobian, coordinates, φ, kernel lengths, signal-to-noise, place, width. Every Bayes
/// factor is therefore finite and penalises freedom without an asymptotic argument. Sources:
/// Rasmussen & Williams, "Gaussian Processes for Machine Learning" (2006), ch. 2 and 5; Berger &
/// Pericchi, "Objective Bayesian Methods for Model Selection" (2001), for the shared improper
/// priors. O(points³) for each of up to 54 noise and kernel settings: some 0.1 s at 48 points.
/// Deterministic.
/// @param metric ascending; fewer than 4 points or all values equal give zero evidence.
/// @param windows one a coordinate of coordinates_of(metric.positions), or empty.
SuddenEvidence weigh_sudden(const CleanMetric& metric, std::span<const LinkChoice> links,
                            std::span<const Window> windows = {});

/// ln of ∫∫ N(y; a·1, σ²V) da dσ/σ up to a constant in y's length:
/// −½ ln|V| − ½ ln(1ᵀV⁻¹1) − (n−1)/2·ln(yᵀPy), the closed form that the grid sums. Exposed for
/// tests.
/// @param covariance [n, n] row-major, positive definite.
double log_marginal(std::span<const double> values, std::span<const double> covariance);

}  // namespace emdyn::emergence::mirage
