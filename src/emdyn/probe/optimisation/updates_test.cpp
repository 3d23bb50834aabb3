#include "emdyn/probe/optimisation/updates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::probe {
namespace {

using Floats = std::vector<float>;

TEST(Updates, RatioAndCosineByHand) {
  EXPECT_DOUBLE_EQ(update_to_weight(Floats{3, 4}, Floats{3, 5}), 0.2);
  EXPECT_EQ(update_to_weight(Floats{3, 4}, Floats{3, 4}), 0.0);
  EXPECT_EQ(update_to_weight(Floats{0, 0}, Floats{0, 0}), 0.0);
  EXPECT_TRUE(std::isinf(update_to_weight(Floats{0}, Floats{1})));
  EXPECT_TRUE(std::isnan(update_to_weight(Floats{NAN}, Floats{1})));
  EXPECT_NEAR(update_cosine(Floats{1, 0}, Floats{3, 4}), 0.6, 1e-12);
  EXPECT_NEAR(update_cosine(Floats{1, 2}, Floats{-2, -4}), -1.0, 1e-12);
  EXPECT_TRUE(std::isnan(update_cosine(Floats{0, 0}, Floats{3, 4})));
  EXPECT_TRUE(std::isnan(update_cosine(Floats{NAN, 0}, Floats{3, 4})));
}

// Two quadratic losses with Hessians diag(1, 0) and [[0, 1], [1, 0]]: from (1, 1), rate h. The
// commutator of the steps is h²[H_A, H_B]θ to all orders, since both gradients are linear.
TEST(Updates, CommutatorOfLinearGradients) {
  struct Point {
    double x, y;
  };
  const auto step_a = [](Point p, double h) { return Point{p.x - h * p.x, p.y}; };
  const auto step_b = [](Point p, double h) { return Point{p.x - h * p.y, p.y - h * p.x}; };
  const auto floats = [](Point p) {
    return Floats{static_cast<float>(p.x), static_cast<float>(p.y)};
  };
  for (const double h : {0.25, 0.125}) {  // Exact in binary.
    const Point start{1, 1};
    const Point a = step_a(start, h);
    const Point b = step_b(start, h);
    const Floats corners[] = {floats(start), floats(a), floats(b), floats(step_b(a, h)),
                              floats(step_a(b, h))};
    const CommutatorDefect defect =
        commutator_defect({corners[0], corners[1], corners[2], corners[3], corners[4]});
    // [H_A, H_B](1, 1) = (1, −1): length √2; the gradients have lengths 1 and √2.
    EXPECT_NEAR(defect.curvature, 1.0, 1e-6);
    EXPECT_NEAR(defect.relative, h * std::sqrt(std::sqrt(2.0)), 1e-6);
  }
}

TEST(Updates, StepsThatCommuteHaveNoDefect) {
  const Floats start{1, 1};
  const Floats a{2, 1};
  const Floats b{1, 3};
  const Floats both{2, 3};
  EXPECT_EQ(commutator_defect({start, a, b, both, both}).relative, 0.0);
  EXPECT_TRUE(std::isnan(commutator_defect({start, start, b, both, a}).curvature));
}

TEST(Updates, AdamAgainstEpsilon) {
  // Roots 1e-9, 1e-8 and 1e-4 against ε = 1e-8.
  const AdamHealth health = adam_health(Floats{1e-18F, 1e-16F, 1e-8F}, {.epsilon = 1.0001e-8});
  EXPECT_NEAR(health.share_below_epsilon, 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(health.median_over_epsilon, 1.0, 1e-3);
  EXPECT_NEAR(health.gradient_rms, 1e-4 / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(health.lost_share, (1.0 / 1.1 + 0.5 + 1e-4) / 3.0, 1e-3);
  // One step at β₂ = .999: v̂ = 1000 v.
  EXPECT_NEAR(adam_health(Floats{1e-3F}, {.step = 1}).gradient_rms, 1.0, 1e-6);
  EXPECT_TRUE(std::isinf(adam_health(Floats{1.0F}, {.epsilon = 0.0}).median_over_epsilon));
  EXPECT_EQ(adam_health(Floats{0.0F, 0.0F}).share_below_epsilon, 1.0);
  EXPECT_EQ(adam_health(Floats{0.0F, 0.0F}).lost_share, 1.0);
}

TEST(Updates, RefusesWhatDoesNotFit) {
  EXPECT_THROW(update_to_weight({}, {}), DataError);
  EXPECT_THROW(update_to_weight(Floats{1}, Floats{1, 2}), DataError);
  EXPECT_THROW(update_cosine(Floats{1}, {}), DataError);
  const Floats one{1};
  EXPECT_THROW(commutator_defect({one, one, one, one, {}}), DataError);
  EXPECT_THROW(adam_health({}), DataError);
  EXPECT_THROW(adam_health(Floats{-1.0F}), DataError);
  EXPECT_THROW(adam_health(Floats{NAN}), DataError);
  EXPECT_THROW(adam_health(one, {.beta2 = 1.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::probe
