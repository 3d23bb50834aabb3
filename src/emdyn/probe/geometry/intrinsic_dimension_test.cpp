#include "emdyn/probe/geometry/intrinsic_dimension.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

/// Points on the sphere S^k in k + 1 coordinates.
std::vector<double> sphere(std::size_t count, std::size_t k, std::uint64_t seed) {
  auto points = normal_entries(count * (k + 1), seed);
  for (std::size_t i = 0; i < count; ++i) {
    double norm = 0.0;
    for (std::size_t j = 0; j <= k; ++j) {
      norm += points[i * (k + 1) + j] * points[i * (k + 1) + j];
    }
    for (std::size_t j = 0; j <= k; ++j) points[i * (k + 1) + j] /= std::sqrt(norm);
  }
  return points;
}

std::vector<double> swiss_roll(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> points;
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = 1.5 * M_PI * (1.0 + 2.0 * random.uniform());
    points.insert(points.end(),
                  {angle * std::cos(angle), 21.0 * random.uniform(), angle * std::sin(angle)});
  }
  return points;
}

// Three points on a line at 0, 1 and 3: ratios 3, 2 and 3/2, so d̂ = 2/ln 9.
TEST(TwoNn, ByHand) {
  const std::vector<double> points = {0, 1, 3};
  const IntrinsicDimension found = two_nn(view(points, 3, 1), {.discard = 0.0});
  EXPECT_NEAR(found.dimension.value, 2.0 / std::log(9.0), 1e-12);
  EXPECT_EQ(found.points, 3U);
}

// Known answer: swiss roll 2, sphere S^k → k; each within its stated error.
TEST(TwoNn, KnownManifolds) {
  const auto roll = swiss_roll(2000, 1);
  const IntrinsicDimension of_roll = two_nn(view(roll, 2000, 3));
  EXPECT_NEAR(of_roll.dimension.value, 2.0, 2.5 * *of_roll.dimension.standard_error);
  for (const std::size_t k : {1U, 2U, 5U}) {
    const auto points = sphere(1500, k, 10 + k);
    const IntrinsicDimension found = two_nn(view(points, 1500, k + 1));
    EXPECT_NEAR(found.dimension.value, static_cast<double>(k),
                2.5 * *found.dimension.standard_error)
        << k;
    EXPECT_LT(*found.dimension.standard_error, 0.06 * static_cast<double>(k));
  }
}

TEST(TwoNn, ErrorHoldsTheTruth) {
  int held = 0;
  constexpr int kRuns = 60;
  for (int run = 0; run < kRuns; ++run) {
    const auto points = sphere(250, 3, 500 + static_cast<std::uint64_t>(run));
    const IntrinsicDimension found = two_nn(view(points, 250, 4), {.discard = 0.0});
    const double error = std::abs(found.dimension.value - 3.0);
    held += error <= 2.0 * *found.dimension.standard_error ? 1 : 0;
  }
  EXPECT_GE(held, 53);
}

TEST(LevinaBickel, KnownManifolds) {
  for (const std::size_t k : {1U, 2U, 3U}) {
    const auto points = sphere(1500, k, 30 + k);
    const IntrinsicDimension found = levina_bickel(view(points, 1500, k + 1));
    EXPECT_NEAR(found.dimension.value, static_cast<double>(k),
                3.0 * *found.dimension.standard_error)
        << k;
  }
}

TEST(IntrinsicDimension, RotationScaleAndZeroColumnsDoNotMatter) {
  const auto points = swiss_roll(300, 2);
  std::vector<double> moved;
  for (std::size_t i = 0; i < 300; ++i) {
    const double* p = points.data() + 3 * i;
    moved.insert(moved.end(), {0.0, 5.0 * (p[0] * 0.6 - p[1] * 0.8) + 4.0,
                               5.0 * (p[0] * 0.8 + p[1] * 0.6), 5.0 * p[2], 0.0});
  }
  EXPECT_NEAR(two_nn(view(points, 300, 3)).dimension.value,
              two_nn(view(moved, 300, 5)).dimension.value, 1e-9);
}

TEST(IntrinsicDimension, CountsRepeatedPointsOnce) {
  auto points = swiss_roll(200, 4);
  const IntrinsicDimension once = two_nn(view(points, 200, 3));
  points.insert(points.end(), points.begin(), points.begin() + 150);
  const IntrinsicDimension again = two_nn(view(points, 250, 3));
  EXPECT_EQ(again.duplicates, 50U);
  EXPECT_EQ(again.dimension, once.dimension);
}

TEST(IntrinsicDimension, DoesNotDependOnThreads) {
  const auto points = swiss_roll(200, 4);
  const auto free = levina_bickel(view(points, 200, 3));
  const ThreadLimit one(1);
  EXPECT_EQ(levina_bickel(view(points, 200, 3)).dimension, free.dimension);
}

TEST(IntrinsicDimension, RefusesWhatHasNone) {
  EXPECT_THROW(two_nn(math::MatrixView<float>{}), DataError);
  EXPECT_THROW(two_nn(view(std::vector<double>{1, 2}, 2, 1)), DataError);
  EXPECT_THROW(two_nn(view(std::vector<double>(30, 7.0), 10, 3)), DataError) << "one point";
  EXPECT_THROW(two_nn(view(std::vector<double>(30, NAN), 10, 3)), DataError);
  EXPECT_THROW(levina_bickel(view(std::vector<double>{1, 2, 4}, 3, 1), {.neighbours = 3}),
               DataError);
  // A square: both neighbours of each corner are equally far.
  EXPECT_THROW(two_nn(view(std::vector<double>{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)), DataError);
  EXPECT_THROW(two_nn(view(std::vector<double>{0, 1, 3}, 3, 1), {.discard = 1.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::probe
