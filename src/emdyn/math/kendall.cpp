#include "emdyn/math/kendall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {

/// Sums over groups of tied values that τ-b and its variance need.
struct Ties {
  double pairs = 0.0;   ///< Σ t(t−1)/2
  double triple = 0.0;  ///< Σ t(t−1)(t−2)
  double weight = 0.0;  ///< Σ t(t−1)(2t+5)

  void add(std::size_t group) {
    const auto t = static_cast<double>(group);
    pairs += 0.5 * t * (t - 1.0);
    triple += t * (t - 1.0) * (t - 2.0);
    weight += t * (t - 1.0) * (2.0 * t + 5.0);
  }
};

template <class Same>
Ties count_ties(std::size_t count, Same&& same) {
  Ties ties;
  std::size_t start = 0;
  for (std::size_t i = 1; i <= count; ++i) {
    if (i < count && same(i - 1, i)) continue;
    ties.add(i - start);
    start = i;
  }
  return ties;
}

/// Sorts `values` and returns how many pairs were out of order (ties are not).
double sort_counting_swaps(std::vector<double>& values) {
  std::vector<double> other(values.size());
  double swaps = 0.0;
  for (std::size_t half = 1; half < values.size(); half *= 2) {
    for (std::size_t start = 0; start < values.size(); start += 2 * half) {
      const std::size_t middle = std::min(start + half, values.size());
      const std::size_t end = std::min(start + 2 * half, values.size());
      std::size_t a = start;
      std::size_t b = middle;
      for (std::size_t out = start; out < end; ++out) {
        if (a < middle && (b == end || values[a] <= values[b])) {
          other[out] = values[a++];
        } else {
          swaps += static_cast<double>(middle - a);
          other[out] = values[b++];
        }
      }
    }
    values.swap(other);
  }
  return swaps;
}

void check(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) {
    throw DataError(
        fmt::format("kendall: x has {} values, y has {}; give pairs", x.size(), y.size()));
  }
  if (x.size() < 2) {
    throw DataError(fmt::format("kendall: needs at least 2 pairs, got {}", x.size()));
  }
  const auto nan = [](double v) { return std::isnan(v); };
  if (std::any_of(x.begin(), x.end(), nan) || std::any_of(y.begin(), y.end(), nan)) {
    throw DataError("kendall: a value is NaN; leave such pairs out");
  }
}

}  // namespace

Kendall kendall(std::span<const double> x, std::span<const double> y) {
  check(x, y);
  const std::size_t count = x.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto less = [&](std::size_t a, std::size_t b) {
    return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b];
  };
  if (!std::is_sorted(order.begin(), order.end(), less)) {
    std::sort(order.begin(), order.end(), less);
  }
  const auto same_x = [&](std::size_t a, std::size_t b) { return x[order[a]] == x[order[b]]; };
  const Ties x_ties = count_ties(count, same_x);
  const Ties both = count_ties(count, [&](std::size_t a, std::size_t b) {
    return same_x(a, b) && y[order[a]] == y[order[b]];
  });
  std::vector<double> ys(count);
  for (std::size_t i = 0; i < count; ++i) ys[i] = y[order[i]];
  const double swaps = sort_counting_swaps(ys);
  const Ties y_ties =
      count_ties(count, [&](std::size_t a, std::size_t b) { return ys[a] == ys[b]; });

  const auto n = static_cast<double>(count);
  const double pairs = 0.5 * n * (n - 1.0);
  Kendall result;
  result.count = count;
  result.score = pairs - x_ties.pairs - y_ties.pairs + both.pairs - 2.0 * swaps;
  const double scale = std::sqrt((pairs - x_ties.pairs) * (pairs - y_ties.pairs));
  if (!(scale > 0.0)) {
    result.tau = kNan;
    return result;
  }
  result.tau = std::clamp(result.score / scale, -1.0, 1.0);
  double variance = (n * (n - 1.0) * (2.0 * n + 5.0) - x_ties.weight - y_ties.weight) / 18.0;
  variance += 2.0 * x_ties.pairs * y_ties.pairs / (n * (n - 1.0));
  if (count > 2) {
    variance += x_ties.triple * y_ties.triple / (9.0 * n * (n - 1.0) * (n - 2.0));
  }
  result.score_sd = std::sqrt(std::max(variance, 0.0));
  const double distance = std::max(std::fabs(result.score) - 1.0, 0.0);
  if (result.score_sd > 0.0) {
    result.p_value = std::erfc(distance / result.score_sd / std::sqrt(2.0));
  }
  return result;
}

double kendall_tau(std::span<const double> x, std::span<const double> y) {
  return kendall(x, y).tau;
}

double kendall_trend(std::span<const double> y) {
  std::vector<double> x(y.size());
  std::iota(x.begin(), x.end(), 0.0);
  return kendall(x, y).tau;
}

double kendall_null_sd(std::size_t count) noexcept {
  if (count < 2) return kNan;
  const auto n = static_cast<double>(count);
  return std::sqrt(2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0)));
}

}  // namespace emdyn::math
