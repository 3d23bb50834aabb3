// What the driver saves may not cost success.
#include "emdyn/provoke/attack/radii.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/attack/contract/foresight.hpp"
#include "emdyn/provoke/attack/test_models.hpp"

namespace emdyn::provoke::attack {
namespace {

/// Three layers with random weights on [1, 8, 8] images: far from linear.
struct Curved {
  torch::Tensor kernel = testing::normal({8, 1, 3, 3}, 105) * 0.4;
  torch::Tensor middle = testing::normal({32, 8 * 36}, 106) * 0.08;
  torch::Tensor head = testing::normal({5, 32}, 107) * 0.3;
  model::FunctionModel model{{.input = {1, 8, 8}, .classes = 5}, [this](const torch::Tensor& x) {
                               const torch::Tensor hidden =
                                   at::relu(at::conv2d(x - 0.5, kernel)).flatten(1);
                               return at::linear(at::relu(at::linear(hidden, middle)), head);
                             }};
  torch::Tensor inputs = testing::uniform({60, 1, 8, 8}, 0, 1, 108);
  std::vector<std::int64_t> labels = testing::answers(model, inputs);

  AttackResult attack(std::string_view name, const AttackOptions& options) const {
    return run_attack(name, model, inputs, labels, options);
  }
};

double cost(const AttackResult& result) {
  return static_cast<double>(result.ledger.forward + 3 * result.ledger.gradient);
}

TEST(Radii, OneRunBreaksWhatEightBreakForLessThanOneAndAHalf) {
  const Curved curved;
  for (const std::string_view name : {"pgd", "bim", "apgd_ce", "apgd_margin"}) {
    AttackOptions options;
    for (int k = 1; k <= 8; ++k) options.epsilons.push_back(0.005 * k);
    const auto together = curved.attack(name, options);
    double apart = 0.0;
    for (const double epsilon : options.epsilons) {
      AttackOptions alone;
      alone.epsilons = {epsilon};
      const auto single = curved.attack(name, alone);
      EXPECT_GE(together.errors(epsilon) + 1, single.errors(epsilon)) << name << " " << epsilon;
      apart += cost(single);
    }
    AttackOptions one;
    one.epsilons = {options.epsilons.back()};
    one.active_set = false;
    EXPECT_LE(cost(together), 1.5 * cost(curved.attack(name, one))) << name;
    EXPECT_LE(cost(together), apart / 3.0) << name;
    EXPECT_GT(together.errors(0.04), 2 * together.errors(0.005)) << name;  // A curve to speak of.
  }
}

TEST(Radii, LooksAheadLoseNothingAndSpareGradients) {
  const Curved curved;
  for (const Norm norm : {Norm::l1, Norm::l2, Norm::linf}) {
    AttackOptions options;
    options.norm = norm;
    options.epsilons = {norm == Norm::linf ? 0.1 : norm == Norm::l2 ? 0.5 : 3.0};
    const auto with = curved.attack("pgd", options);
    options.active_set = false;
    const auto without = curved.attack("pgd", options);
    std::size_t broken = 0;
    for (std::size_t i = 0; i < with.size(); ++i) {
      // Whoever holds has taken all steps; whoever is found has taken no more than without looks.
      EXPECT_TRUE(with.outcome[i] == PointOutcome::broken ||
                  without.outcome[i] == PointOutcome::resisted);
      EXPECT_LE(with.queries[i].gradient, 40);
      if (with.outcome[i] == PointOutcome::resisted) {
        EXPECT_EQ(with.queries[i].gradient, 40);
      }
      broken += with.outcome[i] == PointOutcome::broken ? 1U : 0U;
      EXPECT_LE(with.queries[i].forward, 2 + 4);
    }
    EXPECT_GT(broken, 10U) << word(norm);
    const auto saved = static_cast<std::int64_t>(broken) * 25;
    EXPECT_LT(with.ledger.gradient, without.ledger.gradient - saved) << word(norm);
  }
}

TEST(Radii, CertifiedRadiiAreNotAskedAbout) {
  const Curved curved;
  AttackOptions options;
  options.epsilons = {0.02, 0.04, 0.08, 0.16};
  const auto plain = curved.attack("pgd", options);
  // What a certificate would have to say at most: nothing within what was found.
  for (const double distance : plain.distance)
    options.certified.push_back(std::isfinite(distance) ? 0.99 * distance : 0.16);
  const auto spared = curved.attack("pgd", options);
  EXPECT_EQ(spared.errors(0.16), plain.errors(0.16));
  EXPECT_LT(spared.ledger.gradient, plain.ledger.gradient);
}

TEST(Radii, PolishBringsRowsNearer) {
  const Curved curved;
  for (const std::string_view name : {"fmn", "deep_fool"}) {
    AttackOptions options;
    options.refine = 0;
    const auto rough = curved.attack(name, options);
    options.refine = 10;
    const auto polished = curved.attack(name, options);
    std::size_t nearer = 0;
    for (std::size_t i = 0; i < rough.size(); ++i) {
      EXPECT_LE(polished.distance[i], rough.distance[i]) << name;
      nearer += polished.distance[i] < 0.999 * rough.distance[i] ? 1U : 0U;
    }
    EXPECT_GT(nearer, name == "fmn" ? 0U : 15U) << name;
  }
}

TEST(Radii, ReachOfALinearModelIsExact) {
  const testing::Affine affine = testing::Affine::random(2, 12, 0, 1, 201);
  const torch::Tensor inputs = testing::uniform({1, 12}, 0, 1, 202);
  const std::span<const float> origin(inputs.data_ptr<float>(), 12);
  Search search({.model = &affine.model}, std::vector<Point>{Point{0, origin, 0}});
  const torch::Tensor w = affine.weight[1] - affine.weight[0];
  const std::span<const float> slope(w.data_ptr<float>(), 12);
  const double most = largest_rise(Norm::linf, origin, 0.1, {}, origin, slope);
  EXPECT_TRUE(within_reach(search, 0, 0.1, origin, slope, -1.99 * most, 2.0));
  EXPECT_FALSE(within_reach(search, 0, 0.1, origin, slope, -2.01 * most, 2.0));
}

}  // namespace
}  // namespace emdyn::provoke::attack
