#include "emdyn/math/distributions.hpp"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {

namespace bm = boost::math;
namespace policies = boost::math::policies;
// NaN and infinities instead of exceptions, and double instead of long double inside.
using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::underflow_error<policies::ignore_error>,
    policies::denorm_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>,
    policies::rounding_error<policies::ignore_error>,
    policies::indeterminate_result_error<policies::ignore_error>, policies::promote_double<false>>;
constexpr Quiet kQuiet{};

constexpr double kSqrt2 = std::numbers::sqrt2;
/// Below this a tail has lost digits to denormal numbers and its logarithm takes another road.
constexpr double kTiny = 1e-290;

bool is_probability(double p) { return p >= 0.0 && p <= 1.0; }
bool is_positive(double x) { return x > 0.0 && x < kInfinity; }

/// Continued fraction K of Γ(a, x) = e^(−x) x^a K, by the modified Lentz method; x > a + 1.
double upper_gamma_fraction(double a, double x) {
  double b = x + 1.0 - a;
  double c = 1e300;
  double d = 1.0 / b;
  double h = d;
  for (int i = 1; i < 10000; ++i) {
    const double an = -i * (i - a);
    b += 2.0;
    d = 1.0 / (an * d + b);
    c = b + an / c;
    const double factor = d * c;
    h *= factor;
    if (std::fabs(factor - 1.0) < 1e-16) break;
  }
  return h;
}

double log_gamma(double x) { return bm::lgamma(x, kQuiet); }

/// log Q(a, x), the regularised upper incomplete gamma function.
double log_gamma_q(double a, double x) {
  const double tail = bm::gamma_q(a, x, kQuiet);
  if (tail > kTiny || !(x > a + 1.0)) return std::log(tail);
  if (x == kInfinity) return -kInfinity;
  return a * std::log(x) - x - log_gamma(a) + std::log(upper_gamma_fraction(a, x));
}

/// log I_x(a, b) for x so small that I_x underflows: the hypergeometric series.
double log_small_ibeta(double a, double b, double x) {
  double term = 1.0;
  double sum = 1.0;
  for (int i = 1; i < 10000 && term > 1e-17 * sum; ++i) {
    term *= x * (a + b + i - 1.0) / (a + i);
    sum += term;
  }
  const double log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b);
  return a * std::log(x) + b * std::log1p(-x) - std::log(a) - log_beta + std::log(sum);
}

/// P(T > t) for t >= 0.
double student_upper(double t, double freedom) {
  const double square = t * t;
  if (square == kInfinity) return 0.0;
  // The smaller of the two arguments keeps the digits.
  if (square < freedom) {
    return 0.5 * bm::ibetac(0.5, 0.5 * freedom, square / (freedom + square), kQuiet);
  }
  return 0.5 * bm::ibeta(0.5 * freedom, 0.5, freedom / (freedom + square), kQuiet);
}

}  // namespace

double normal_pdf(double x) noexcept {
  return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / kSqrt2;
}

double normal_cdf(double x) noexcept { return 0.5 * std::erfc(-x / kSqrt2); }

double normal_sf(double x) noexcept { return 0.5 * std::erfc(x / kSqrt2); }

double normal_log_sf(double x) noexcept {
  if (x < 0.0) return std::log1p(-normal_sf(-x));
  if (!(x > 30.0)) return std::log(normal_sf(x));
  if (x == kInfinity) return -kInfinity;
  // Mills' ratio (1 − Φ)/φ = 1/(x + 1/(x + 2/(x + 3/(x + …)))).
  double ratio = x;
  for (int i = 40; i >= 1; --i) ratio = x + i / ratio;
  return -0.5 * x * x - 0.5 * std::log(2.0 * std::numbers::pi) - std::log(ratio);
}

double normal_quantile(double p) noexcept { return -normal_isf(p); }

double normal_isf(double q) noexcept {
  if (!is_probability(q)) return kNan;
  if (q == 0.0) return kInfinity;
  if (q == 1.0) return -kInfinity;
  return kSqrt2 * bm::erfc_inv(2.0 * q, kQuiet);
}

double two_sided_normal(double k) noexcept { return std::erfc(std::fabs(k) / kSqrt2); }

double log_two_sided_normal(double k) noexcept {
  return std::numbers::ln2 + normal_log_sf(std::fabs(k));
}

double student_t_pdf(double t, double freedom) noexcept {
  if (freedom == kInfinity) return normal_pdf(t);
  if (!is_positive(freedom)) return kNan;
  const double log_norm = log_gamma(0.5 * (freedom + 1.0)) - log_gamma(0.5 * freedom) -
                          0.5 * std::log(freedom * std::numbers::pi);
  return std::exp(log_norm - 0.5 * (freedom + 1.0) * std::log1p(t * (t / freedom)));
}

double student_t_sf(double t, double freedom) noexcept {
  if (freedom == kInfinity) return normal_sf(t);
  if (!is_positive(freedom) || std::isnan(t)) return kNan;
  return t >= 0.0 ? student_upper(t, freedom) : 1.0 - student_upper(-t, freedom);
}

double student_t_cdf(double t, double freedom) noexcept { return student_t_sf(-t, freedom); }

double student_t_log_sf(double t, double freedom) noexcept {
  if (freedom == kInfinity) return normal_log_sf(t);
  if (!is_positive(freedom) || std::isnan(t)) return kNan;
  if (t < 0.0) return std::log1p(-student_upper(-t, freedom));
  const double tail = student_upper(t, freedom);
  if (tail > kTiny || t == kInfinity) return std::log(tail);
  if (t > 1e150) {  // t² overflows; 1 − x is 1 and the series ends at its first term.
    const double log_x = std::log(freedom) - 2.0 * std::log(t);
    const double a = 0.5 * freedom;
    return a * log_x - std::log(freedom) - log_gamma(a) - log_gamma(0.5) + log_gamma(a + 0.5);
  }
  const double x = freedom / (freedom + t * t);
  return -std::numbers::ln2 + log_small_ibeta(0.5 * freedom, 0.5, x);
}

double student_t_isf(double q, double freedom) noexcept {
  if (freedom == kInfinity) return normal_isf(q);
  if (!is_probability(q) || !is_positive(freedom)) return kNan;
  if (q > 0.5) return -student_t_isf(1.0 - q, freedom);
  if (q == 0.0) return kInfinity;
  if (q == 0.5) return 0.0;
  double complement = 0.0;
  const double x = bm::ibeta_inv(0.5 * freedom, 0.5, 2.0 * q, &complement, kQuiet);
  return std::sqrt(freedom * (complement / x));
}

double student_t_quantile(double p, double freedom) noexcept { return -student_t_isf(p, freedom); }

double two_sided_student_t(double t, double freedom) noexcept {
  return 2.0 * student_t_sf(std::fabs(t), freedom);
}

double gamma_cdf(double x, double shape, double scale) noexcept {
  if (!is_positive(shape) || !is_positive(scale) || std::isnan(x)) return kNan;
  if (x <= 0.0) return 0.0;
  return x == kInfinity ? 1.0 : bm::gamma_p(shape, x / scale, kQuiet);
}

double gamma_sf(double x, double shape, double scale) noexcept {
  if (!is_positive(shape) || !is_positive(scale) || std::isnan(x)) return kNan;
  if (x <= 0.0) return 1.0;
  return x == kInfinity ? 0.0 : bm::gamma_q(shape, x / scale, kQuiet);
}

double gamma_log_sf(double x, double shape, double scale) noexcept {
  if (!is_positive(shape) || !is_positive(scale) || std::isnan(x)) return kNan;
  if (x <= 0.0) return 0.0;
  return x == kInfinity ? -kInfinity : log_gamma_q(shape, x / scale);
}

double gamma_quantile(double p, double shape, double scale) noexcept {
  if (!is_positive(shape) || !is_positive(scale) || !is_probability(p)) return kNan;
  return p == 1.0 ? kInfinity : scale * bm::gamma_p_inv(shape, p, kQuiet);
}

double gamma_isf(double q, double shape, double scale) noexcept {
  if (!is_positive(shape) || !is_positive(scale) || !is_probability(q)) return kNan;
  return q == 0.0 ? kInfinity : scale * bm::gamma_q_inv(shape, q, kQuiet);
}

double chi_squared_cdf(double x, double freedom) noexcept {
  return gamma_cdf(x, 0.5 * freedom, 2.0);
}
double chi_squared_sf(double x, double freedom) noexcept { return gamma_sf(x, 0.5 * freedom, 2.0); }
double chi_squared_log_sf(double x, double freedom) noexcept {
  return gamma_log_sf(x, 0.5 * freedom, 2.0);
}
double chi_squared_quantile(double p, double freedom) noexcept {
  return gamma_quantile(p, 0.5 * freedom, 2.0);
}
double chi_squared_isf(double q, double freedom) noexcept {
  return gamma_isf(q, 0.5 * freedom, 2.0);
}

double beta_cdf(double x, double a, double b) noexcept {
  if (!is_positive(a) || !is_positive(b) || std::isnan(x)) return kNan;
  if (x <= 0.0) return 0.0;
  return x >= 1.0 ? 1.0 : bm::ibeta(a, b, x, kQuiet);
}

double beta_sf(double x, double a, double b) noexcept {
  if (!is_positive(a) || !is_positive(b) || std::isnan(x)) return kNan;
  if (x <= 0.0) return 1.0;
  return x >= 1.0 ? 0.0 : bm::ibetac(a, b, x, kQuiet);
}

double beta_quantile(double p, double a, double b) noexcept {
  if (!is_positive(a) || !is_positive(b) || !is_probability(p)) return kNan;
  return bm::ibeta_inv(a, b, p, kQuiet);
}

double fisher_f_cdf(double x, double numerator, double denominator) noexcept {
  if (x <= 0.0) return is_positive(numerator) && is_positive(denominator) ? 0.0 : kNan;
  return beta_cdf(numerator * x / (numerator * x + denominator), 0.5 * numerator,
                  0.5 * denominator);
}

double fisher_f_sf(double x, double numerator, double denominator) noexcept {
  if (x <= 0.0) return is_positive(numerator) && is_positive(denominator) ? 1.0 : kNan;
  return beta_cdf(denominator / (numerator * x + denominator), 0.5 * denominator, 0.5 * numerator);
}

double poisson_cdf(double k, double mean) noexcept {
  if (!(mean >= 0.0) || std::isnan(k)) return kNan;
  if (k < 0.0) return 0.0;
  return mean == 0.0 ? 1.0 : gamma_sf(mean, std::floor(k) + 1.0, 1.0);
}

double poisson_sf(double k, double mean) noexcept {
  if (!(mean >= 0.0) || std::isnan(k)) return kNan;
  if (k < 0.0) return 1.0;
  return mean == 0.0 ? 0.0 : gamma_cdf(mean, std::floor(k) + 1.0, 1.0);
}

double binomial_cdf(double k, double trials, double p) noexcept {
  if (!(trials >= 0.0) || !is_probability(p) || std::isnan(k)) return kNan;
  if (k < 0.0) return 0.0;
  const double whole = std::floor(k);
  return whole >= trials ? 1.0 : beta_sf(p, whole + 1.0, trials - whole);
}

double binomial_sf(double k, double trials, double p) noexcept {
  if (!(trials >= 0.0) || !is_probability(p) || std::isnan(k)) return kNan;
  if (k < 0.0) return 1.0;
  const double whole = std::floor(k);
  return whole >= trials ? 0.0 : beta_cdf(p, whole + 1.0, trials - whole);
}

double kolmogorov_sf(double x) noexcept {
  if (std::isnan(x)) return kNan;
  if (x <= 0.0) return 1.0;
  if (x < 1.18) {
    // The theta transform of the series converges here, the other beyond.
    const double step = -std::numbers::pi * std::numbers::pi / (8.0 * x * x);
    double sum = 0.0;
    for (int j = 1; j <= 9; j += 2) sum += std::exp(step * j * j);
    return 1.0 - sum * std::sqrt(2.0 * std::numbers::pi) / x;
  }
  double sum = 0.0;
  for (int j = 1; j <= 6; ++j) {
    sum += (j % 2 == 1 ? 1.0 : -1.0) * std::exp(-2.0 * j * j * x * x);
  }
  return 2.0 * sum;
}

}  // namespace emdyn::math
