#pragma once
#include <optional>
#include <span>

namespace emdyn::math {

/// The generalised Pareto distribution of excesses y >= 0 over a high threshold:
/// P(Y > y) = (1 + shape·y/scale)^(−1/shape), e^(−y/scale) in the limit of shape 0. A negative
/// shape bounds the support at −scale/shape. All functions are noexcept and accurate through
/// shape = 0.
/// Source: Pickands, "Statistical Inference Using Extreme Order Statistics", Ann. Stat. 3 (1975).
struct GeneralisedPareto {
  double shape = 0.0;  ///< γ, any finite number.
  double scale = 1.0;  ///< σ > 0, in the unit of the excesses.

  double cdf(double y) const noexcept;
  double sf(double y) const noexcept;
  double log_sf(double y) const noexcept;
  double pdf(double y) const noexcept;
  /// −infinity outside the support.
  double log_pdf(double y) const noexcept;
  /// The y with cdf(y) = p. @param p in [0, 1], else NaN.
  double quantile(double p) const noexcept;
  /// The y with sf(y) = q; exact for q far below 1e-16.
  double isf(double q) const noexcept;
  /// Upper end of the support, infinity for shape >= 0.
  double support_end() const noexcept;

  bool operator==(const GeneralisedPareto&) const = default;
};

/// Method of moments: shape = ½(1 − m²/v), scale = ½m(1 + m²/v); v is divided by n. Holds for
/// shapes below ½ only. Nothing below two positive excesses, when one is negative or not finite,
/// or when all are equal.
/// Source: Hosking & Wallis, "Parameter and Quantile Estimation for the GPD", Technometrics (1987).
std::optional<GeneralisedPareto> fit_pareto_moments(std::span<const double> excesses) noexcept;

/// Maximum likelihood by Grimshaw's one-dimensional search: the stationary points of the likelihood
/// profiled over x = shape/scale are roots of u(x)v(x) = 1, each bracketed on a grid over the whole
/// allowed range and bisected; the likeliest root with shape > −1 and the exponential compete. With
/// few or odd excesses there may be no root: the exponential (shape 0) is then the answer. O(n) a
/// step, about a hundred steps, no allocation. Nothing as above.
/// Source: Grimshaw, "Computing Maximum Likelihood Estimates for the Generalized Pareto
/// Distribution", Technometrics 35 (1993).
std::optional<GeneralisedPareto> fit_pareto_ml(std::span<const double> excesses) noexcept;

/// Sum of log_pdf.
double pareto_log_likelihood(const GeneralisedPareto& pareto,
                             std::span<const double> excesses) noexcept;

/// Peaks over threshold: the level above `threshold` that a sample exceeds with probability
/// `probability`, when `peaks` of `samples` exceeded the threshold and their excesses follow
/// `pareto`. Never below the threshold.
double pot_quantile(const GeneralisedPareto& pareto, double threshold, double peaks, double samples,
                    double probability) noexcept;

}  // namespace emdyn::math
