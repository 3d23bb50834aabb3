#include "emdyn/provoke/trial/trial.hpp"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/guard/squeeze.hpp"
#include "emdyn/provoke/trial/adaptive.hpp"
#include "emdyn/provoke/trial/test_pictures.hpp"

namespace emdyn::provoke::trial {
namespace {

using model::Layer;
using model::LayerKind;
using test::network;
using test::Pictures;
using test::pictures;

provoke::guard::KernelDensity density_of(const model::Network& net, const Pictures& reference) {
  model::Ledger ledger;
  const auto seen = model::observe(net, reference.inputs, true, ledger);
  const std::vector<std::uint32_t> labels(reference.labels.begin(), reference.labels.end());
  return {math::matrix_view(seen.features.data(), seen.rows, seen.feature_count), labels, 2};
}

TEST(Adaptive, MarginByHand) {
  const auto found =
      margin(torch::tensor({{1.F, 3.F, 2.F}, {1.F, 3.F, 2.F}}), torch::tensor({1, 2}));
  EXPECT_FLOAT_EQ(found[0].item<float>(), -1.F);
  EXPECT_FLOAT_EQ(found[1].item<float>(), 1.F);
}

TEST(Adaptive, SqueezeScoreEqualsThatWithoutTorch) {
  const auto net = network();
  const auto some = pictures(5, 3);
  const std::span<const float> values(some.inputs.data_ptr<float>(), 320);
  model::Ledger ledger;
  const auto logits = [&](const std::vector<float>& x) {
    return model::observe(net, torch::tensor(x).view({5, 1, 8, 8}), false, ledger).logits;
  };
  const auto plain = logits({values.begin(), values.end()});
  const auto depth = provoke::guard::squeezed_distance(
      plain, logits(provoke::guard::reduce_depth(values, 1, 0.F, 1.F)), 2);
  const auto median = provoke::guard::squeezed_distance(
      plain, logits(provoke::guard::median_filter(values, 8, 8, 2)), 2);
  const torch::Tensor found = squeeze_score(net, some.inputs, 1);
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto k = static_cast<std::size_t>(i);
    EXPECT_NEAR(found[i].item<double>(), std::max(depth[k], median[k]), 1e-5);
  }
}

TEST(Adaptive, LogDensityEqualsThatWithoutTorch) {
  const auto net = network();
  const auto density = density_of(net, pictures(200, 4));
  const auto some = pictures(5, 5);
  model::Ledger ledger;
  const auto seen = model::observe(net, some.inputs, true, ledger);
  const auto predicted = seen.predictions();
  const torch::Tensor found = log_density(net, density, some.inputs);
  for (std::size_t i = 0; i < 5; ++i) {
    const std::span<const float> row(seen.features.data() + i * 12, 12);
    const double expected = density.log_density(row, static_cast<std::uint32_t>(predicted[i]));
    EXPECT_NEAR(found[static_cast<std::int64_t>(i)].item<double>(), expected,
                1e-3 * std::abs(expected) + 1e-3);
  }
}

TEST(Adaptive, LogDensityOfAGivenClass) {
  const auto net = network();
  const auto density = density_of(net, pictures(200, 4));
  const auto some = pictures(3, 5);
  model::Ledger ledger;
  const auto seen = model::observe(net, some.inputs, true, ledger);
  const torch::Tensor found = log_density(net, density, some.inputs, torch::tensor({1, 0, 1}));
  for (std::size_t i = 0; i < 3; ++i) {
    const double expected = density.log_density({seen.features.data() + i * 12, 12}, 1 - i % 2);
    EXPECT_NEAR(found[static_cast<std::int64_t>(i)].item<double>(), expected,
                1e-3 * std::abs(expected) + 1e-3);
  }
}

// A pixel that cannot cross the step of the rounding has no slope; one that can has that of the
// line between the ends of its reach: 1 / (2 epsilon), or steeper where the box cuts the reach off.
TEST(Adaptive, RoundingHasTheSlopeOfTheReach) {
  const auto net = network();
  torch::Tensor x = torch::full({1, 1, 8, 8}, 0.1F);
  x[0][0][2][3] = 0.45F;
  const auto reach = reach_of(x, net.signature(), 0.2);
  EXPECT_FLOAT_EQ(reach.low[0][0][0][0].item<float>(), 0.0F);
  const torch::Tensor leaf = x.clone().requires_grad_(true);
  squeezed(leaf, net.signature(), 1, &reach)[0].sum().backward();
  EXPECT_NEAR(leaf.grad()[0][0][2][3].item<float>(), 2.5F, 1e-5F);
  EXPECT_EQ(leaf.grad().abs().sum().item<float>(), leaf.grad()[0][0][2][3].item<float>());
}

// The median passes its slope to the pixel it takes.
TEST(Adaptive, MedianEqualsThatWithoutTorchAndHasItsSlope) {
  const auto net = network();
  const auto some = pictures(4, 11);
  const std::span<const float> values(some.inputs.data_ptr<float>(), 4 * 64);
  const auto expected = provoke::guard::median_filter(values, 8, 8, 2);
  const torch::Tensor leaf = some.inputs.clone().requires_grad_(true);
  const torch::Tensor median = squeezed(leaf, net.signature(), 1)[1];
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(median.data_ptr<float>()[i], expected[i]) << i;
  median.sum().backward();
  EXPECT_FLOAT_EQ(leaf.grad().sum().item<float>(), 4.0F * 64.0F);
}

TEST(Adaptive, ClimbStaysInBallAndBox) {
  const auto net = network();
  const auto some = pictures(10, 6);
  model::Ledger ledger;
  const torch::Tensor labels = torch::tensor(some.labels);
  const auto x = climb(
      some.inputs, reach_of(some.inputs, net.signature(), 0.1),
      [&](const torch::Tensor& at) -> Standing {
        const torch::Tensor logits = model::apply(net.layers(), at);
        return {margin(logits, labels), logits.sum(1)};
      },
      [](const torch::Tensor& at) -> Verdict {
        const torch::Tensor no = torch::zeros({at.size(0)}, torch::kBool);
        return {no, no};
      },
      {.epsilon = 0.1, .steps = 20}, ledger);
  EXPECT_LE((x - some.inputs).abs().max().item<float>(), 0.1F + 1e-6F);
  EXPECT_GE(x.min().item<float>(), 0.F);
  EXPECT_LE(x.max().item<float>(), 1.F);
  EXPECT_EQ(ledger, (model::Ledger{200, 400}));
}

TEST(Trials, AnAttackerWhoKnowsIsNoticedLess) {
  const auto net = network();
  const auto calm = pictures(400, 7);
  const auto attacked = pictures(60, 8);
  const auto density = density_of(net, pictures(300, 9));
  TrialOptions options;
  options.epsilon = 0.45;
  options.inputs = 40;
  options.accounts = 4;
  options.queries = 200;
  options.steps = 40;
  const auto trials =
      run_trials(net, density, calm.inputs, attacked.inputs, attacked.labels, options);
  ASSERT_EQ(trials.size(), 3U);
  for (const Trial& trial : trials) {
    EXPECT_GT(trial.success, 0.5) << trial.name;
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_GE(trial.detected[k], 0.0);
      EXPECT_FALSE(trial.adaptive_detected[k] > 1.0);
      EXPECT_GE(trial.adaptive_success, trial.success) << trial.name;
    }
    EXPECT_LE(trial.detected[0], trial.detected[1]) << trial.name;
  }
  // An account that is never asked more often than the monitor has neighbours shows nothing.
  EXPECT_EQ(trials[2].adaptive_detected, (std::array{0.0, 0.0}));
  EXPECT_EQ(trials[2].adaptive_success, trials[2].success);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_LE(trials[0].adaptive_detected[k], trials[0].detected[k] - 0.5);
    EXPECT_LE(trials[1].adaptive_detected[k], trials[1].detected[k] - 0.3);
  }
  {
    const ThreadLimit one(1);
    const auto again =
        run_trials(net, density, calm.inputs, attacked.inputs, attacked.labels, options);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t k = 0; k < 2; ++k) {  // Bits: NaN where nothing succeeded.
        EXPECT_EQ(std::bit_cast<std::uint64_t>(again[i].detected[k]),
                  std::bit_cast<std::uint64_t>(trials[i].detected[k]));
        EXPECT_EQ(std::bit_cast<std::uint64_t>(again[i].adaptive_detected[k]),
                  std::bit_cast<std::uint64_t>(trials[i].adaptive_detected[k]));
      }
      EXPECT_EQ(again[i].ledger, trials[i].ledger);
    }
  }
}

TEST(Trials, RefusesWhatCannotBeJudged) {
  const auto net = network();
  const auto density = density_of(net, pictures(100, 4));
  const auto few = pictures(20, 1);
  EXPECT_THROW(run_trials(net, density, few.inputs, few.inputs, few.labels, {}), DataError);
  const auto calm = pictures(150, 2);
  TrialOptions options;
  options.epsilon = -1.0;
  EXPECT_THROW(run_trials(net, density, calm.inputs, few.inputs, few.labels, options), ConfigError);
  std::vector<std::int64_t> wrong = few.labels;
  for (auto& label : wrong) label = 1 - label;
  EXPECT_THROW(run_trials(net, density, calm.inputs, few.inputs, wrong, {}), DataError);
}

}  // namespace
}  // namespace emdyn::provoke::trial
