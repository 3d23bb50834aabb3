#pragma once

/// Distribution functions with tails that stay accurate where 1 − cdf would be 0. `sf` is the upper
/// tail P(X > x), `isf` its inverse, `log_sf` its logarithm where the tail itself underflows.
/// Parameters or probabilities outside their range, and NaN, give NaN; nothing here throws or
/// allocates. Source of the non-normal ones: Boost.Math in double precision.
namespace emdyn::math {

double normal_pdf(double x) noexcept;
double normal_cdf(double x) noexcept;
/// ½·erfc(x/√2).
double normal_sf(double x) noexcept;
/// Accurate for any x, by the continued fraction of Mills' ratio beyond x = 30.
double normal_log_sf(double x) noexcept;
/// @param p in [0, 1]; 0 and 1 give ∓infinity.
double normal_quantile(double p) noexcept;
/// The x with normal_sf(x) = q; exact in the tail where normal_quantile(1 − q) is not.
double normal_isf(double q) noexcept;
/// P(|X| > k) = 2[1 − Φ(k)] = erfc(k/√2). @param k >= 0 (its absolute value is taken).
double two_sided_normal(double k) noexcept;
double log_two_sided_normal(double k) noexcept;

/// Student's t with `freedom` > 0 degrees of freedom (infinity: the normal).
double student_t_pdf(double t, double freedom) noexcept;
double student_t_cdf(double t, double freedom) noexcept;
double student_t_sf(double t, double freedom) noexcept;
double student_t_log_sf(double t, double freedom) noexcept;
double student_t_quantile(double p, double freedom) noexcept;
double student_t_isf(double q, double freedom) noexcept;
/// P(|T| > t).
double two_sided_student_t(double t, double freedom) noexcept;

/// Chi-squared with `freedom` > 0; x < 0 lies below the support.
double chi_squared_cdf(double x, double freedom) noexcept;
double chi_squared_sf(double x, double freedom) noexcept;
double chi_squared_log_sf(double x, double freedom) noexcept;
double chi_squared_quantile(double p, double freedom) noexcept;
double chi_squared_isf(double q, double freedom) noexcept;

/// Gamma with `shape` > 0 and `scale` > 0 (mean shape·scale).
double gamma_cdf(double x, double shape, double scale) noexcept;
double gamma_sf(double x, double shape, double scale) noexcept;
double gamma_log_sf(double x, double shape, double scale) noexcept;
double gamma_quantile(double p, double shape, double scale) noexcept;
double gamma_isf(double q, double shape, double scale) noexcept;

/// Beta on [0, 1] with a, b > 0.
double beta_cdf(double x, double a, double b) noexcept;
double beta_sf(double x, double a, double b) noexcept;
double beta_quantile(double p, double a, double b) noexcept;

/// Fisher's F with `numerator`, `denominator` > 0 degrees of freedom.
double fisher_f_cdf(double x, double numerator, double denominator) noexcept;
double fisher_f_sf(double x, double numerator, double denominator) noexcept;

/// P(N <= k) and P(N > k) of a Poisson count with mean `mean` >= 0.
double poisson_cdf(double k, double mean) noexcept;
double poisson_sf(double k, double mean) noexcept;

/// P(N <= k) and P(N > k) of `trials` trials with success probability `p`.
double binomial_cdf(double k, double trials, double p) noexcept;
double binomial_sf(double k, double trials, double p) noexcept;

/// Upper tail of Kolmogorov's distribution, the limit of √n·D: 2Σ(−1)^(j−1)e^(−2j²x²).
double kolmogorov_sf(double x) noexcept;

}  // namespace emdyn::math
