#include "emdyn/provoke/attack/attack.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/provoke/attack/test_models.hpp"

namespace emdyn::provoke::attack {
namespace {

using testing::Affine;

AttackOptions at_radius(Norm norm, double epsilon) {
  AttackOptions options;
  options.norm = norm;
  options.epsilons = {epsilon};
  return options;
}

/// Two classes, one hyperplane: z1 - z0 = <w, x> + b, so the distance of x is |gap| / |w|_q.
struct TwoClasses {
  Affine affine = Affine::random(2, 20, -5, 5, 11);
  torch::Tensor inputs = testing::uniform({60, 20}, -1, 1, 12);
  std::vector<std::int64_t> labels = testing::answers(affine.model, inputs);

  double exact(Norm norm, std::int64_t i) const {
    const torch::Tensor w = affine.weight[1] - affine.weight[0];
    const torch::Tensor gap = at::dot(w, inputs[i]) + affine.bias[1] - affine.bias[0];
    const std::vector<float> normal(w.data_ptr<float>(), w.data_ptr<float>() + w.numel());
    return std::abs(gap.item<double>()) / dual_norm(norm, normal);
  }
};

TEST(Attack, OneStepReachesTheExactDistanceOfAHyperplane) {
  const TwoClasses two;
  for (const Norm norm : {Norm::l1, Norm::l2, Norm::linf}) {
    for (const double factor : {0.999, 1.001}) {
      for (std::int64_t i = 0; i < 20; ++i) {
        const auto result = run_attack("fgsm", two.affine.model, two.inputs.slice(0, i, i + 1),
                                       {two.labels[static_cast<std::size_t>(i)]},
                                       at_radius(norm, factor * two.exact(norm, i)));
        EXPECT_EQ(result.outcome[0], factor > 1 ? PointOutcome::broken : PointOutcome::resisted)
            << word(norm) << " " << i;
      }
    }
  }
}

TEST(Attack, CountsEveryQuery) {
  const TwoClasses two;
  auto options = at_radius(Norm::linf, 1e-6);
  options.settings = {{"steps", "7"}};
  const auto result = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  EXPECT_EQ(result.errors(1e-6), 0U);
  for (const auto& each : result.queries) EXPECT_EQ(each, (model::Ledger{2, 7}));
  EXPECT_EQ(result.ledger, (model::Ledger{2 * 60 + 2 * 32, 7 * 60}));  // With the second looks.
}

TEST(Attack, ActiveSetFindsTheSameWithFewerGradients) {
  const TwoClasses two;
  auto options = at_radius(Norm::linf, 0.3);
  const auto with = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  options.active_set = false;
  const auto without = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  EXPECT_EQ(with.outcome, without.outcome);
  EXPECT_LT(with.ledger.gradient, without.ledger.gradient);
  EXPECT_EQ(without.ledger.gradient, 60 * 40);
}

TEST(Attack, OneRunServesAllRadii) {
  const TwoClasses two;
  AttackOptions options;
  options.settings = {{"step", "0.1"}};  // Four radii in all: enough from any start.
  for (int k = 1; k <= 8; ++k) options.epsilons.push_back(0.02 * k);
  const auto curve = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  for (const double epsilon : options.epsilons) {
    std::size_t exact = 0;
    for (std::int64_t i = 0; i < 60; ++i) exact += two.exact(Norm::linf, i) < epsilon ? 1U : 0U;
    EXPECT_EQ(curve.errors(epsilon), exact) << epsilon;
  }
  const auto record = stress_curve(curve);
  ASSERT_EQ(record.points.size(), 8U);
  EXPECT_DOUBLE_EQ(record.points[7].value.estimate,
                   1.0 - static_cast<double>(curve.errors(0.16)) / 60.0);
  EXPECT_LE(record.points[7].value.low, record.points[7].value.estimate);
}

TEST(Attack, CertifiedPointsAreSkipped) {
  const TwoClasses two;
  auto options = at_radius(Norm::linf, 0.1);
  const auto all = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  for (std::int64_t i = 0; i < 60; ++i)
    options.certified.push_back(0.999 * two.exact(Norm::linf, i));
  const auto rest = run_attack("pgd", two.affine.model, two.inputs, two.labels, options);
  EXPECT_EQ(all.errors(0.1), rest.errors(0.1));
  EXPECT_GT(std::count(rest.outcome.begin(), rest.outcome.end(), PointOutcome::certified), 0);
  EXPECT_LT(rest.ledger.gradient, all.ledger.gradient / 3);
}

TEST(Attack, TransferFromTheSameModelIsTheWhiteBoxAttack) {
  const TwoClasses two;
  auto options = at_radius(Norm::linf, 0.1);
  const auto white = run_attack("mi_fgsm", two.affine.model, two.inputs, two.labels, options);
  options.source = &two.affine.model;
  const auto same = run_attack("mi_fgsm", two.affine.model, two.inputs, two.labels, options);
  EXPECT_EQ(white.outcome, same.outcome);
  EXPECT_EQ(same.queries[0], (model::Ledger{2, 0}));  // The target only judges.
  const Affine other = Affine::random(2, 20, -5, 5, 77);
  options.source = &other.model;
  const auto foreign = run_attack("mi_fgsm", two.affine.model, two.inputs, two.labels, options);
  EXPECT_LT(foreign.errors(0.1), white.errors(0.1));
}

TEST(Attack, RefusesWhatCannotBe) {
  const TwoClasses two;
  const auto run = [&](std::string_view name, const AttackOptions& options) {
    return run_attack(name, two.affine.model, two.inputs, two.labels, options);
  };
  EXPECT_THROW(run("pgd", at_radius(Norm::linf, -0.1)), ConfigError);
  EXPECT_THROW(run("pgd", at_radius(Norm::linf, NAN)), ConfigError);
  EXPECT_THROW(run("pgd", at_radius(Norm::l0, 1)), ConfigError);
  EXPECT_THROW(run("pdg", at_radius(Norm::linf, 0.1)), ConfigError);
  EXPECT_THROW(run("pgd", AttackOptions{}), ConfigError);
  auto options = at_radius(Norm::linf, 0.1);
  options.settings = {{"steps", "0"}};
  EXPECT_THROW(run("pgd", options), ConfigError);
  options = at_radius(Norm::linf, 0.1);
  options.targets = {1};
  EXPECT_THROW(run("pgd", options), ConfigError);

  auto labels = two.labels;
  labels[3] = 2;
  EXPECT_THROW(run_attack("pgd", two.affine.model, two.inputs, labels, at_radius(Norm::linf, 0.1)),
               ConfigError);
  torch::Tensor inputs = two.inputs.clone();
  inputs[2][3] = NAN;
  EXPECT_THROW(run_attack("pgd", two.affine.model, inputs, two.labels, at_radius(Norm::linf, 0.1)),
               DataError);
  inputs[2][3] = 5.1F;
  EXPECT_THROW(run_attack("pgd", two.affine.model, inputs, two.labels, at_radius(Norm::linf, 0.1)),
               DataError);
}

TEST(Attack, RadiusZeroAsksForCleanErrorsOnly) {
  const TwoClasses two;
  auto labels = two.labels;
  labels[0] = 1 - labels[0];
  const auto result =
      run_attack("pgd", two.affine.model, two.inputs, labels, at_radius(Norm::linf, 0.0));
  EXPECT_EQ(result.errors(0.0), 1U);
  EXPECT_EQ(result.clean_errors(), 1U);
  EXPECT_EQ(result.ledger.gradient, 0);
}

// A network whose units died: the first class is taken, as everywhere, and that is said.
TEST(Attack, OfEqualLogitsTheFirstClassIsTaken) {
  const TwoClasses two;
  const model::FunctionModel dead(two.affine.model.signature(), [](const torch::Tensor& x) {
    return 0.0 * x.flatten(1).sum(1, true).expand({x.size(0), 2});
  });
  const auto result = run_attack("pgd", dead, two.inputs, two.labels, at_radius(Norm::linf, 0.1));
  EXPECT_EQ(result.clean_errors(), static_cast<std::size_t>(std::ranges::count(two.labels, 1)));
  ASSERT_FALSE(result.flags.empty());
  EXPECT_EQ(result.flags[0].name, "equal_logits");
  EXPECT_EQ(result.flags[0].share, 1.0);
}

TEST(Attack, StopsWhenAsked) {
  const TwoClasses two;
  std::atomic<bool> stop = true;
  const auto options = at_radius(Norm::linf, 0.1);
  const auto result =
      run_attack("pgd", two.affine.model, two.inputs, two.labels, options, Task(&stop));
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.outcome[0], PointOutcome::not_reached);
}

TEST(Attack, FlagsModelsThatMislead) {
  const TwoClasses two;
  const model::Signature signature = two.affine.model.signature();
  const auto name_of = [&](const model::Model& model) {
    const auto result =
        run_attack("pgd", model, two.inputs, two.labels, at_radius(Norm::linf, 0.01));
    return result.flags.empty() ? std::string() : result.flags[0].name;
  };
  const auto plain = [&](const torch::Tensor& x) {
    return at::linear(x, two.affine.weight, two.affine.bias);
  };
  EXPECT_EQ(name_of(two.affine.model), "");
  EXPECT_EQ(name_of(model::FunctionModel(
                signature, [&](const torch::Tensor& x) { return at::softmax(plain(x), 1); })),
            "probabilities");
  EXPECT_EQ(name_of(model::FunctionModel(
                signature, [&](const torch::Tensor& x) { return plain((x * 4).round() / 4); })),
            "zero_gradients");
  EXPECT_EQ(name_of(model::FunctionModel(signature,
                                         [&](const torch::Tensor& x) {
                                           return plain(x) + 1e-3 * at::randn({x.size(0), 2});
                                         })),
            "randomised");
}

}  // namespace
}  // namespace emdyn::provoke::attack
