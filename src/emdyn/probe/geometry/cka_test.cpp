#include "emdyn/probe/geometry/cka.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

double product(const std::vector<double>& x, std::size_t width, std::size_t i, std::size_t j) {
  double sum = 0.0;
  for (std::size_t c = 0; c < width; ++c) sum += x[i * width + c] * x[j * width + c];
  return sum;
}

/// Song et al.'s unbiased HSIC by its definition, on kernel matrices without diagonal.
double hsic(const std::vector<double>& x, std::size_t p, const std::vector<double>& y,
            std::size_t q, std::size_t n) {
  std::vector<double> k(n * n, 0.0);
  std::vector<double> l(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      k[i * n + j] = product(x, p, i, j);
      l[i * n + j] = product(y, q, i, j);
    }
  }
  double trace = 0.0;
  double sum_k = 0.0;
  double sum_l = 0.0;
  double joint = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      trace += k[i * n + j] * l[j * n + i];
      sum_k += k[i * n + j];
      sum_l += l[i * n + j];
      for (std::size_t m = 0; m < n; ++m) joint += k[i * n + j] * l[j * n + m];
    }
  }
  const auto count = static_cast<double>(n);
  return (trace + sum_k * sum_l / ((count - 1.0) * (count - 2.0)) - 2.0 / (count - 2.0) * joint) /
         (count * (count - 3.0));
}

double debiased(const std::vector<double>& x, std::size_t p, const std::vector<double>& y,
                std::size_t q, std::size_t n) {
  return hsic(x, p, y, q, n) / std::sqrt(hsic(x, p, x, p, n) * hsic(y, q, y, q, n));
}

TEST(Cka, EqualsItsDefinitionOnBothSides) {
  // 12 samples of 9 and 7 units go by samples, of 2 and 1 by units.
  for (const auto& [p, q] : {std::pair{9U, 7U}, {2U, 1U}}) {
    auto x = normal_entries(12 * p, 1);
    auto y = normal_entries(12 * q, 2);
    for (std::size_t i = 0; i < 12; ++i) y[i * q] += 1.5 * x[i * p] + 4.0;
    const Cka found = linear_cka(view(x, 12, p), view(y, 12, q));
    EXPECT_NEAR(found.debiased.value, debiased(x, p, y, q, 12), 1e-10);
    // The jackknife by leaving samples out for real.
    std::vector<double> left_out;
    for (std::size_t m = 0; m < 12; ++m) {
      auto fewer_x = x;
      auto fewer_y = y;
      const auto cut = [m](std::vector<double>& data, std::size_t width) {
        const auto begin = data.begin() + static_cast<std::ptrdiff_t>(m * width);
        data.erase(begin, begin + static_cast<std::ptrdiff_t>(width));
      };
      cut(fewer_x, p);
      cut(fewer_y, q);
      left_out.push_back(debiased(fewer_x, p, fewer_y, q, 11));
    }
    const auto error = jackknife_error(left_out);
    ASSERT_EQ(found.debiased.standard_error.has_value(), error.has_value());
    if (error) {
      EXPECT_NEAR(*found.debiased.standard_error, *error, 1e-9 * (1.0 + *error));
    }
  }
}

TEST(Cka, OneUpToRotationScaleAndShift) {
  const auto x = normal_entries(50 * 2, 3);
  std::vector<double> y;
  for (std::size_t i = 0; i < 50; ++i) {
    y.push_back(-3.0 * (0.6 * x[2 * i] - 0.8 * x[2 * i + 1]) + 7.0);
    y.push_back(-3.0 * (0.8 * x[2 * i] + 0.6 * x[2 * i + 1]));
  }
  const Cka found = linear_cka(view(x, 50, 2), view(y, 50, 2));
  EXPECT_NEAR(found.biased, 1.0, 1e-12);
  EXPECT_NEAR(found.debiased.value, 1.0, 1e-12);
  EXPECT_NEAR(*found.debiased.standard_error, 0.0, 1e-9);
}

// With fewer samples than units unrelated data look alike to the biased form only.
TEST(Cka, DebiasedIsZeroForUnrelatedData) {
  int held = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto x = normal_entries(40 * 80, 100 + seed);
    const auto y = normal_entries(40 * 80, 200 + seed);
    const Cka found = linear_cka(view(x, 40, 80), view(y, 40, 80));
    EXPECT_GT(found.biased, 0.5);
    held += std::abs(found.debiased.value) <= 2.0 * *found.debiased.standard_error ? 1 : 0;
  }
  EXPECT_GE(held, 24);
}

// Known truth: Y = X + noise of variance s², both isotropic in p units. Population HSIC(X, Y) = p,
// HSIC(X, X) = p, HSIC(Y, Y) = p(1 + s²)²: CKA = 1/(1 + s²).
TEST(Cka, KnownTruthWithinItsError) {
  int held = 0;
  constexpr int kRuns = 40;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const auto x = normal_entries(150 * 20, 300 + run);
    auto y = normal_entries(150 * 20, 400 + run);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += x[i];
    const Cka found = linear_cka(view(x, 150, 20), view(y, 150, 20));
    held += std::abs(found.debiased.value - 0.5) <= 2.0 * *found.debiased.standard_error ? 1 : 0;
  }
  EXPECT_GE(held, 34);
}

TEST(Cka, SymmetricAndIndependentOfThreads) {
  const auto x = normal_entries<float>(200 * 30, 5);
  const auto y = normal_entries<float>(200 * 12, 6);
  const Cka forward = linear_cka(view(x, 200, 30), view(y, 200, 12));
  const Cka backward = linear_cka(view(y, 200, 12), view(x, 200, 30));
  EXPECT_NEAR(forward.debiased.value, backward.debiased.value, 1e-12);
  const ThreadLimit one(1);
  EXPECT_EQ(linear_cka(view(x, 200, 30), view(y, 200, 12)).debiased, forward.debiased);
}

TEST(Cka, ConstantAndNaNHaveNone) {
  const auto x = normal_entries(20 * 3, 5);
  const std::vector<double> constant(20 * 2, 4.0);
  EXPECT_TRUE(std::isnan(linear_cka(view(x, 20, 3), view(constant, 20, 2)).biased));
  EXPECT_TRUE(std::isnan(linear_cka(view(x, 20, 3), view(constant, 20, 2)).debiased.value));
  const std::vector<double> broken(20 * 2, NAN);
  EXPECT_TRUE(std::isnan(linear_cka(view(x, 20, 3), view(broken, 20, 2)).debiased.value));
}

TEST(Cka, RefusesWhatDoesNotFit) {
  const auto x = normal_entries(20 * 3, 5);
  EXPECT_THROW(linear_cka(view(x, 20, 3), view(x, 12, 5)), DataError);
  EXPECT_THROW(linear_cka(view(x, 3, 20), view(x, 3, 20)), DataError);
  EXPECT_THROW(linear_cka(math::MatrixView<double>{x.data(), 20, 0, 3, 1}, view(x, 20, 3)),
               DataError);
}

}  // namespace
}  // namespace emdyn::probe
