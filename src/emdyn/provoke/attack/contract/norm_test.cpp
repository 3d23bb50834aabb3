#include "emdyn/provoke/attack/contract/norm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/attack/contract/loss.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {
namespace {

std::vector<float> random_values(Philox& random, std::size_t size, double low, double high) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(low + (high - low) * random.uniform());
  return values;
}

TEST(Norm, DistancesByHand) {
  const std::vector<float> a{0, 0, 0};
  const std::vector<float> b{3, 0, -4};
  EXPECT_EQ(distance(Norm::l0, a, b), 2.0);
  EXPECT_EQ(distance(Norm::l1, a, b), 7.0);
  EXPECT_EQ(distance(Norm::l2, a, b), 5.0);
  EXPECT_EQ(distance(Norm::linf, a, b), 4.0);
  EXPECT_EQ(dual_norm(Norm::linf, b), 7.0);
  EXPECT_EQ(dual_norm(Norm::l1, b), 4.0);
  EXPECT_EQ(norm_from_word("l2"), Norm::l2);
  EXPECT_THROW(norm_from_word("l3"), ConfigError);
}

TEST(Norm, ProjectionsByHand) {
  const std::vector<float> origin{0.5F, 0.5F, 0.5F};
  std::vector<float> x{0.9F, 0.2F, 0.55F};
  project(Norm::linf, origin, 0.1, {}, x);
  EXPECT_NEAR(x[0], 0.6, 1e-6);
  EXPECT_NEAR(x[1], 0.4, 1e-6);
  EXPECT_FLOAT_EQ(x[2], 0.55F);
  // l1 onto radius 1: |u| = (1.5, 1, 0) is cut by 0.75 each, of which the box leaves .5 and .25.
  x = {2.0F, -0.5F, 0.5F};
  project(Norm::l1, origin, 1.0, {-10, 10}, x);
  EXPECT_NEAR(x[0], 0.5 + 0.75, 1e-6);
  EXPECT_NEAR(x[1], 0.5 - 0.25, 1e-6);
  // With the box at [0, 1] the first is stopped at 0.5, and the second takes what it leaves.
  x = {2.0F, -0.5F, 0.5F};
  project(Norm::l1, origin, 0.8, {}, x);
  EXPECT_NEAR(x[0], 1.0, 1e-6);
  EXPECT_NEAR(x[1], 0.2, 1e-6);
  x = {0.9F, 0.6F, 0.3F};
  project(Norm::l0, origin, 1.0, {}, x);
  EXPECT_EQ(x, (std::vector<float>{0.9F, 0.5F, 0.5F}));
}

TEST(Norm, ProjectedPointsLieInBallAndBoxExactly) {
  Philox random(3);
  for (const Norm norm : {Norm::l0, Norm::l1, Norm::l2, Norm::linf}) {
    for (int trial = 0; trial < 200; ++trial) {
      const auto origin = random_values(random, 50, -1, 1);
      auto x = random_values(random, 50, -3, 3);
      const double epsilon =
          norm == Norm::l0 ? static_cast<double>(random.below(50)) : 3.0 * random.uniform();
      project(norm, origin, epsilon, {-1, 1}, x);
      ASSERT_LE(distance(norm, origin, x), epsilon);
      for (const float value : x) ASSERT_TRUE(value >= -1.0F && value <= 1.0F);
      auto again = x;
      project(norm, origin, epsilon, {-1, 1}, again);
      ASSERT_EQ(x, again);
    }
  }
}

// Against the definition: no other point of ball and box is nearer.
TEST(Norm, ProjectionIsNearest) {
  Philox random(4);
  for (const Norm norm : {Norm::l1, Norm::l2}) {
    for (int trial = 0; trial < 50; ++trial) {
      const auto origin = random_values(random, 12, 0, 1);
      const auto outside = random_values(random, 12, -1, 2);
      const double epsilon = 0.2 + random.uniform();
      auto x = outside;
      project(norm, origin, epsilon, {}, x);
      const double nearest = distance(Norm::l2, outside, x);
      for (int other = 0; other < 200; ++other) {
        auto y = x;
        for (float& value : y) value += static_cast<float>(0.05 * (random.uniform() - 0.5));
        project(Norm::linf, origin, 10.0, {}, y);
        const double size = distance(norm, origin, y);
        if (size > epsilon) {
          for (std::size_t i = 0; i < y.size(); ++i)
            y[i] = static_cast<float>(origin[i] + (y[i] - origin[i]) * (epsilon / size));
        }
        ASSERT_GE(distance(Norm::l2, outside, y), nearest - 1e-5) << word(norm);
      }
    }
  }
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// Without a box: |gap| / dual norm. With one: by hand.
TEST(Norm, HyperplaneByHand) {
  const std::vector<float> x{0.5F, 0.5F};
  const std::vector<float> w{3, -4};
  const Box wide{-100, 100};
  std::vector<float> move(2);
  EXPECT_NEAR(move_to_hyperplane(Norm::l2, x, w, 10, wide, move), 2.0, 1e-12);
  EXPECT_NEAR(move_to_hyperplane(Norm::linf, x, w, 7, wide, move), 1.0, 1e-12);
  EXPECT_NEAR(move_to_hyperplane(Norm::l1, x, w, -8, wide, move), 2.0, 1e-12);
  EXPECT_FLOAT_EQ(move[1], 2.0F);
  // Box [0, 1]: the second value can fall by .5 (2 of the 3 that are needed), the first does 1/3.
  EXPECT_NEAR(move_to_hyperplane(Norm::l1, x, w, 3, {}, move), 0.5 + 1.0 / 3, 1e-6);
  EXPECT_NEAR(move_to_hyperplane(Norm::linf, x, w, 3, {}, move), 3.0 / 7, 1e-6);
  // l2: unbounded (.36, -.48); cut at neither.
  EXPECT_NEAR(move_to_hyperplane(Norm::l2, x, w, 3, {}, move), 0.6, 1e-6);
  // Out of reach: the corner.
  move_to_hyperplane(Norm::l2, x, w, 30, {}, move);
  EXPECT_EQ(move, (std::vector<float>{0.5F, -0.5F}));
}

// On the hyperplane, in the box, and no other such point is nearer.
TEST(Norm, HyperplaneMoveIsShortest) {
  Philox random(5);
  for (const Norm norm : {Norm::l1, Norm::l2, Norm::linf}) {
    for (int trial = 0; trial < 60; ++trial) {
      const auto x = random_values(random, 8, 0, 1);
      const auto w = random_values(random, 8, -1, 1);
      auto corner = x;
      for (std::size_t i = 0; i < 8; ++i) corner[i] = w[i] > 0 ? 1.0F : 0.0F;
      const double gap = (dot(w, corner) - dot(w, x)) * random.uniform();
      std::vector<float> move(8);
      const double length = move_to_hyperplane(norm, x, w, gap, {}, move);
      EXPECT_NEAR(dot(w, move), gap, 1e-5);
      auto z = x;
      for (std::size_t i = 0; i < 8; ++i) z[i] += move[i];
      EXPECT_NEAR(distance(norm, x, z), length, 1e-5);
      for (const float value : z) EXPECT_TRUE(value >= -1e-6F && value <= 1.0F + 1e-6F);
      for (int other = 0; other < 300; ++other) {  // Rivals on the same plane, in the box.
        auto y = z;
        for (float& value : y) value += static_cast<float>(0.2 * (random.uniform() - 0.5));
        project(Norm::linf, x, 10.0, {}, y);
        std::vector<float> back(8);
        move_to_hyperplane(Norm::l2, y, w, gap - (dot(w, y) - dot(w, x)), {}, back);
        for (std::size_t i = 0; i < 8; ++i) y[i] += back[i];
        if (std::abs(dot(w, y) - dot(w, x) - gap) > 1e-5) continue;
        ASSERT_GE(distance(norm, x, y), length - 1e-4) << word(norm);
      }
    }
  }
}

TEST(Norm, SteepestRowsByHand) {
  const std::vector<float> origin{0.5F, 0.9F, 0.2F};
  const std::vector<float> slope{1.0F, 3.0F, -2.0F};
  std::vector<float> x = origin;
  steepest_row(Norm::linf, origin, slope, 0.2, {}, x);
  EXPECT_NEAR(x[0], 0.7F, 1e-6F);
  EXPECT_NEAR(x[1], 1.0F, 1e-6F);  // The box cuts it.
  EXPECT_NEAR(x[2], 0.0F, 1e-6F);
  x = origin;
  steepest_row(Norm::l1, origin, slope, 0.4, {}, x);
  EXPECT_NEAR(x[1], 1.0F,
              1e-6F);  // The steepest to its edge, .1, the next as far, .2, the rest .1.
  EXPECT_NEAR(x[2], 0.0F, 1e-6F);
  EXPECT_NEAR(x[0], 0.6F, 1e-6F);
}

TEST(Norm, LargestRiseByHand) {
  const std::vector<float> origin{0.5F, 0.9F, 0.2F};
  const std::vector<float> slope{1.0F, 3.0F, -2.0F};
  EXPECT_NEAR(largest_rise(Norm::linf, origin, 0.2, {}, origin, slope), 0.2 + 0.3 + 0.4, 1e-6);
  EXPECT_NEAR(largest_rise(Norm::l1, origin, 0.2, {}, origin, slope), 0.6, 1e-6);
  EXPECT_NEAR(largest_rise(Norm::l2, origin, 0.2, {}, origin, slope), 0.2 * std::sqrt(14.0), 1e-6);
  const std::vector<float> edge{0.5F, 1.0F, 0.2F};  // Cannot rise further there.
  EXPECT_NEAR(largest_rise(Norm::l1, edge, 0.2, {}, edge, slope), 0.4, 1e-6);
}

// No row of ball and box rises more, from wherever it is asked; in linf one rises as much.
TEST(Norm, NothingRisesMore) {
  Philox random(17);
  for (const Norm norm : {Norm::l1, Norm::l2, Norm::linf}) {
    for (int trial = 0; trial < 50; ++trial) {
      const auto origin = random_values(random, 6, 0, 1);
      const auto slope = random_values(random, 6, -1, 1);
      auto x = random_values(random, 6, 0, 1);
      project(norm, origin, 0.3, {}, x);
      const double most = largest_rise(norm, origin, 0.3, {}, x, slope);
      for (int other = 0; other < 50; ++other) {
        auto y = random_values(random, 6, 0, 1);
        project(norm, origin, 0.3, {}, y);
        EXPECT_LE(rise(slope, x, y), most + 1e-6);
      }
      auto best = origin;
      steepest_row(norm, origin, slope, 0.3, {}, best);
      EXPECT_LE(rise(slope, x, best), most + 1e-6);
      if (norm == Norm::linf) {
        EXPECT_NEAR(rise(slope, x, best), most, 1e-6);
      }
    }
  }
}

// The number that says how far the boundary is has the loss's slope, and is above 0 past it.
TEST(Loss, BoundaryLevelRisesAlongTheSlope) {
  const std::vector<float> logits{1.5F, -0.3F, 0.8F, 0.1F};
  std::vector<float> slope(4);
  std::vector<float> unused(4);
  const double here =
      boundary_level(AttackLoss::cross_entropy, false, 4, cross_entropy(logits, 0, slope));
  const double there =
      boundary_level(AttackLoss::cross_entropy, true, 4, log_probability(logits, 2, unused));
  for (std::size_t k = 0; k < 4; ++k) {
    auto moved = logits;
    moved[k] += 1e-2F;
    const double level =
        boundary_level(AttackLoss::cross_entropy, false, 4, cross_entropy(moved, 0, unused));
    EXPECT_NEAR((level - here) / 1e-2, static_cast<double>(slope[k]), 2e-3) << k;
  }
  // An upper bound of the margin, so that no success lies below 0.
  EXPECT_GE(here, margin(logits, 0, unused));
  EXPECT_LE(here, margin(logits, 0, unused) + std::log(3.0));
  EXPECT_GE(there, margin_to(logits, 2, unused));
  EXPECT_EQ(boundary_level(AttackLoss::margin, false, 4, -0.7), -0.7);
  // Sure to the last bit of double, and wrong beyond it.
  EXPECT_LT(boundary_level(AttackLoss::cross_entropy, false, 4, 0.0), -600.0);
  EXPECT_EQ(boundary_level(AttackLoss::cross_entropy, false, 4, 900.0), 900.0);
}

TEST(Loss, ByHand) {
  const std::vector<float> z{2, 1, 0, -1};
  std::vector<float> slope(4);
  EXPECT_NEAR(margin(z, 0, slope), -1.0, 1e-12);
  EXPECT_EQ(slope, (std::vector<float>{-1, 1, 0, 0}));
  EXPECT_NEAR(margin_to(z, 2, slope), -2.0, 1e-12);
  EXPECT_NEAR(logit_ratio(z, 0, slope), -0.5, 1e-9);        // -(2 - 1) / (2 - 0)
  EXPECT_NEAR(logit_ratio_to(z, 0, 3, slope), -1.2, 1e-9);  // -(2 + 1) / (2 - (0 - 1) / 2)
  const double sum = std::exp(2.0) + std::exp(1.0) + 1.0 + std::exp(-1.0);
  EXPECT_NEAR(cross_entropy(z, 1, slope), -std::log(std::exp(1.0) / sum), 1e-6);
}

// Slopes against differences; cross entropy's is scaled.
TEST(Loss, SlopesAreThoseOfTheValues) {
  Philox random(6);
  using Function = double (*)(std::span<const float>, std::span<float>);
  const std::vector<std::pair<Function, bool>> losses{
      {[](auto z, auto s) { return cross_entropy(z, 1, s); }, true},
      {[](auto z, auto s) { return log_probability(z, 2, s); }, true},
      {[](auto z, auto s) { return margin(z, 1, s); }, false},
      {[](auto z, auto s) { return margin_to(z, 1, s); }, false},
      {[](auto z, auto s) { return logit_ratio(z, 1, s); }, false},
      {[](auto z, auto s) { return logit_ratio_to(z, 1, 4, s); }, false}};
  for (const auto& [loss, scaled] : losses) {
    for (int trial = 0; trial < 20; ++trial) {
      const auto z = random_values(random, 6, -2, 2);
      std::vector<float> slope(6);
      std::vector<float> unused(6);
      std::vector<double> numeric(6);
      loss(z, slope);
      for (std::size_t k = 0; k < 6; ++k) {
        auto up = z;
        auto down = z;
        up[k] += 1e-3F;
        down[k] -= 1e-3F;
        numeric[k] = (loss(up, unused) - loss(down, unused)) / (up[k] - down[k]);
      }
      double largest = 0.0;
      for (const double value : numeric) largest = std::max(largest, std::abs(value));
      for (std::size_t k = 0; k < 6; ++k)
        EXPECT_NEAR(slope[k], scaled ? numeric[k] / largest : numeric[k], 6e-3);
    }
  }
}

TEST(Loss, SureNetworksStillHaveASlope) {
  const std::vector<float> z{2000, 0, -5};
  std::vector<float> slope(3);
  cross_entropy(z, 0, slope);
  EXPECT_EQ(slope[0], -1.0F);
  EXPECT_EQ(slope[1], 1.0F);
}

TEST(Loss, FewClassesUseTheMargin) {
  const std::vector<float> z{2, 1, 0};
  std::vector<float> slope(3);
  EXPECT_EQ(logit_ratio(z, 0, slope), -1.0);
  EXPECT_EQ(logit_ratio_to(z, 0, 2, slope), -2.0);
}

}  // namespace
}  // namespace emdyn::provoke::attack
