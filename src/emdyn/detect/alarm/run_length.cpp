#include "emdyn/detect/alarm/run_length.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kNodes = 80;
constexpr double kNever = 1e15;  // A run length beyond what the equations resolve.

/// Gauss-Legendre nodes and weights on [-1, 1], by Newton's method on the Legendre recurrence.
struct Quadrature {
  std::array<double, kNodes> at{};
  std::array<double, kNodes> weight{};
};

Quadrature make_quadrature() {
  Quadrature rule;
  const double n = static_cast<double>(kNodes);
  for (std::size_t i = 0; i < kNodes; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 0.0;
    for (int round = 0; round < 100; ++round) {
      double before = 1.0;
      double value = x;
      for (std::size_t k = 2; k <= kNodes; ++k) {
        const double order = static_cast<double>(k);
        const double next = ((2.0 * order - 1.0) * x * value - (order - 1.0) * before) / order;
        before = value;
        value = next;
      }
      slope = n * (x * value - before) / (x * x - 1.0);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    rule.at[i] = x;
    rule.weight[i] = 2.0 / ((1.0 - x * x) * slope * slope);
  }
  return rule;
}

const Quadrature& quadrature() {
  static const Quadrature rule = make_quadrature();
  return rule;
}

/// Solves A x = b by elimination with row exchange; A is row-major and consumed.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(a[row * n + column]) > std::abs(a[pivot * n + column])) pivot = row;
    }
    if (pivot != column) {
      std::swap_ranges(a.begin() + static_cast<std::ptrdiff_t>(pivot * n),
                       a.begin() + static_cast<std::ptrdiff_t>((pivot + 1) * n),
                       a.begin() + static_cast<std::ptrdiff_t>(column * n));
      std::swap(b[pivot], b[column]);
    }
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = a[row * n + column] / a[column * n + column];
      if (factor == 0.0) continue;
      for (std::size_t k = column; k < n; ++k) a[row * n + k] -= factor * a[column * n + k];
      b[row] -= factor * b[column];
    }
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t k = row + 1; k < n; ++k) b[row] -= a[row * n + k] * b[k];
    b[row] /= a[row * n + row];
  }
  return b;
}

/// A solution that is negative or huge lies beyond the arithmetic: the run is as good as endless.
double plausible(double run_length) {
  return run_length >= 1.0 && run_length < kNever ? run_length : kNever;
}

/// Run lengths of the EWMA with steady limits +-reach, from every node.
std::vector<double> ewma_from_nodes(double lambda, double reach, double shift, double scale) {
  const Quadrature& rule = quadrature();
  const double width = lambda * scale;
  std::vector<double> a(kNodes * kNodes);
  for (std::size_t i = 0; i < kNodes; ++i) {
    const double centre = (1.0 - lambda) * reach * rule.at[i] + lambda * shift;
    for (std::size_t j = 0; j < kNodes; ++j) {
      const double density = math::normal_pdf((reach * rule.at[j] - centre) / width) / width;
      a[i * kNodes + j] = (i == j ? 1.0 : 0.0) - reach * rule.weight[j] * density;
    }
  }
  return solve(std::move(a), std::vector<double>(kNodes, 1.0));
}

double steady_reach(double lambda, double limit) {
  return limit * std::sqrt(lambda / (2.0 - lambda));
}

/// The argument where an increasing function of it reaches `wanted`.
template <class Function>
double where(double low, double high, double wanted, Function function) {
  for (int i = 0; i < 60 && high - low > 1e-9 * high; ++i) {
    const double between = 0.5 * (low + high);
    (function(between) < wanted ? low : high) = between;
  }
  return 0.5 * (low + high);
}

/// How an e-detector's evidence e and its state g, the logarithm of what the next factor
/// multiplies, belong together.
struct ShiryaevRobertsState {
  static double state(double evidence) { return std::log1p(evidence); }
  static double evidence(double state) { return std::expm1(state); }
};
struct CusumState {
  static double state(double evidence) { return std::log(std::max(evidence, 1.0)); }
  static double evidence(double state) { return std::exp(state); }
};

/// From evidence 0, with `cells` cells between state 0 and the alarm and one state for 0 itself.
template <class Form>
double e_run_length(std::size_t cells, double alpha, double bet, double mean,
                    const SampleCdf& law) {
  const double width = Form::state(1.0 / alpha) / static_cast<double>(cells);
  const std::size_t n = cells + 1;
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double state = i == 0 ? 0.0 : (static_cast<double>(i) - 0.5) * width;
    double before = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      const double factor = Form::evidence(static_cast<double>(j) * width) * std::exp(-state);
      const double below = law(mean + (factor - 1.0) / bet);
      a[i * n + j] = (i == j ? 1.0 : 0.0) - (below - before);
      before = below;
    }
  }
  return solve(std::move(a), std::vector<double>(n, 1.0)).front();
}

/// The error of the chain falls with the square of the cells' width.
template <class Form>
double extrapolated_run_length(double alpha, double bet, double mean, const SampleCdf& law) {
  const double coarse = e_run_length<Form>(100, alpha, bet, mean, law);
  const double fine = e_run_length<Form>(200, alpha, bet, mean, law);
  return plausible(fine + (fine - coarse) / 3.0);
}

template <class Form>
double e_alpha(double arl0, double bet, double mean, const SampleCdf& law) {
  field_detail::check_range("e-detector arl0_samples", arl0, 2.0, 1e9);
  field_detail::check_range("e-detector bet", bet, 0.001, 1.0);
  field_detail::check_range("e-detector mean", mean, 0.001, 0.999);
  const auto run_length = [&](double log_threshold) {
    return extrapolated_run_length<Form>(std::exp(-log_threshold), bet, mean, law);
  };
  const double least = std::log(2.0);
  if (run_length(least) >= arl0) return 0.5;
  return std::exp(-where(least, std::log(arl0) + least, arl0, run_length));
}

}  // namespace

double one_sided_cusum_run_length(double slack, double threshold, double shift, double scale) {
  const Quadrature& rule = quadrature();
  const double half = 0.5 * threshold;
  const std::size_t n = kNodes + 1;  // The last unknown: a sum of 0.
  const auto sum_at = [&](std::size_t i) { return i < kNodes ? half * (1.0 + rule.at[i]) : 0.0; };
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double centre = sum_at(i) + shift - slack;
    for (std::size_t j = 0; j < kNodes; ++j) {
      const double density = math::normal_pdf((sum_at(j) - centre) / scale) / scale;
      a[i * n + j] = -half * rule.weight[j] * density;
    }
    a[i * n + kNodes] = -math::normal_cdf(-centre / scale);
    a[i * n + i] += 1.0;
  }
  return plausible(solve(std::move(a), std::vector<double>(n, 1.0)).back());
}

double cusum_run_length(double slack, double threshold, double shift, double scale) {
  const double rise = one_sided_cusum_run_length(slack, threshold, shift, scale);
  const double fall =
      shift == 0.0 ? rise : one_sided_cusum_run_length(slack, threshold, -shift, scale);
  return 1.0 / (1.0 / rise + 1.0 / fall);
}

double ewma_steady_limits_run_length(double lambda, double limit, double shift, double scale) {
  const Quadrature& rule = quadrature();
  const double reach = steady_reach(lambda, limit);
  const auto from = ewma_from_nodes(lambda, reach, shift, scale);
  const double width = lambda * scale;
  double sum = 1.0;
  for (std::size_t j = 0; j < kNodes; ++j) {
    const double density = math::normal_pdf((reach * rule.at[j] - lambda * shift) / width) / width;
    sum += reach * rule.weight[j] * density * from[j];
  }
  return plausible(sum);
}

double ewma_run_length(double lambda, double limit, double shift, double scale) {
  const Quadrature& rule = quadrature();
  const double steady = steady_reach(lambda, limit);
  const double width = lambda * scale;
  double remaining = (1.0 - lambda) * (1.0 - lambda);  // (1 - lambda)^(2 age)
  double reach = steady * std::sqrt(1.0 - remaining);
  std::array<double, kNodes> density{};
  for (std::size_t j = 0; j < kNodes; ++j) {
    density[j] = math::normal_pdf((reach * rule.at[j] - lambda * shift) / width) / width;
  }
  double run_length = 1.0;  // Sum of the chances that the run is longer than 0, 1, ... samples.
  const auto survival = [&] {
    double sum = 0.0;
    for (std::size_t j = 0; j < kNodes; ++j) sum += reach * rule.weight[j] * density[j];
    return sum;
  };
  while (remaining > 1e-9) {
    run_length += survival();
    remaining *= (1.0 - lambda) * (1.0 - lambda);
    const double next_reach = steady * std::sqrt(1.0 - remaining);
    std::array<double, kNodes> next{};
    for (std::size_t j = 0; j < kNodes; ++j) {
      const double at = next_reach * rule.at[j] - lambda * shift;
      for (std::size_t i = 0; i < kNodes; ++i) {
        const double from = (1.0 - lambda) * reach * rule.at[i];
        next[j] +=
            reach * rule.weight[i] * density[i] * math::normal_pdf((at - from) / width) / width;
      }
    }
    density = next;
    reach = next_reach;
  }
  const auto from = ewma_from_nodes(lambda, steady, shift, scale);
  for (std::size_t j = 0; j < kNodes; ++j)
    run_length += reach * rule.weight[j] * density[j] * from[j];
  return plausible(run_length);
}

double cusum_threshold(double arl0_samples, double slack) {
  field_detail::check_range("cusum arl0_samples", arl0_samples, 2.0, 1e9);
  field_detail::check_range("cusum slack_sigmas", slack, 0.05, 5.0);
  const double high = 3.0 + 1.5 * std::log(arl0_samples) / slack;
  return where(1e-6, high, arl0_samples, [&](double h) { return cusum_run_length(slack, h); });
}

double ewma_limit(double arl0_samples, double lambda) {
  field_detail::check_range("ewma arl0_samples", arl0_samples, 2.0, 1e9);
  field_detail::check_range("ewma lambda", lambda, 0.01, 1.0);
  return where(0.1, 8.0, arl0_samples,
               [&](double limit) { return ewma_run_length(lambda, limit); });
}

double k_sigma_limit(double arl0_samples) {
  field_detail::check_range("k_sigma arl0_samples", arl0_samples, 2.0, 1e300);
  return math::normal_isf(0.5 / arl0_samples);
}

double e_sr_run_length(double alpha, double bet, double mean, const SampleCdf& law) {
  return extrapolated_run_length<ShiryaevRobertsState>(alpha, bet, mean, law);
}

double e_cusum_run_length(double alpha, double bet, double mean, const SampleCdf& law) {
  return extrapolated_run_length<CusumState>(alpha, bet, mean, law);
}

double e_sr_alpha(double arl0_samples, double bet, double mean, const SampleCdf& law) {
  return e_alpha<ShiryaevRobertsState>(arl0_samples, bet, mean, law);
}

double e_cusum_alpha(double arl0_samples, double bet, double mean, const SampleCdf& law) {
  return e_alpha<CusumState>(arl0_samples, bet, mean, law);
}

}  // namespace emdyn::detect
