#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/explain/order_of_change.hpp"
#include "emdyn/explain/shapley.hpp"

namespace emdyn::explain {
namespace {

// AND of two fair coins, seen at (1, 1): v(S) is the expectation when S is known.
TEST(Shapley, AndKnownAnswer) {
  const Worth worth = [](std::uint32_t set) { return std::pow(0.5, 2 - std::popcount(set)); };
  EXPECT_DOUBLE_EQ(worth(0), 0.25);
  const auto phi = shapley_values(2, worth);
  EXPECT_DOUBLE_EQ(phi[0], 0.375);
  EXPECT_DOUBLE_EQ(phi[1], 0.375);
  const auto interactions = shapley_interactions(2, worth);
  EXPECT_DOUBLE_EQ(interactions[1], 0.125);
  EXPECT_DOUBLE_EQ(interactions[0], 0.25);
  EXPECT_DOUBLE_EQ(interactions[3], 0.25);
}

// The glove game: player 0 holds a left glove, 1 and 2 right ones; a pair is worth 1.
TEST(Shapley, GloveGameByHand) {
  const auto phi = shapley_values(
      3, [](std::uint32_t set) { return (set & 1u) != 0 && (set & 6u) != 0 ? 1.0 : 0.0; });
  EXPECT_NEAR(phi[0], 4.0 / 6.0, 1e-15);
  EXPECT_NEAR(phi[1], 1.0 / 6.0, 1e-15);
  EXPECT_NEAR(phi[2], 1.0 / 6.0, 1e-15);
}

TEST(Shapley, AxiomsHoldForRandomGames) {
  for (std::uint64_t game = 0; game < 20; ++game) {
    Philox random(game);
    std::vector<double> worths(1u << 6);
    for (double& worth : worths) worth = random.normal();
    // Player 5 is a dummy.
    for (std::uint32_t set = 0; set < worths.size(); ++set) {
      if ((set & 32u) != 0) worths[set] = worths[set & 31u];
    }
    const auto phi = shapley_values(6, [&](std::uint32_t set) { return worths[set]; });
    EXPECT_NEAR(std::accumulate(phi.begin(), phi.end(), 0.0), worths[63] - worths[0], 1e-12);
    EXPECT_NEAR(phi[5], 0.0, 1e-12);
    const auto matrix = shapley_interactions(6, [&](std::uint32_t set) { return worths[set]; });
    for (std::size_t i = 0; i < 6; ++i) {
      double row = 0.0;
      for (std::size_t j = 0; j < 6; ++j) row += matrix[6 * i + j];
      EXPECT_NEAR(row, phi[i], 1e-12);
    }
  }
}

TEST(Shapley, RefusesTooManyPlayers) {
  const Worth worth = [](std::uint32_t) { return 0.0; };
  EXPECT_THROW(shapley_values(0, worth), ConfigError);
  EXPECT_THROW(shapley_values(21, worth), ConfigError);
  EXPECT_THROW(shapley_interactions(1, worth), ConfigError);
}

// A predictor made by hand over the signals-only features.
forecast::Predictor made_predictor() {
  forecast::Predictor predictor;
  predictor.name = "made";
  predictor.set = forecast::FeatureSet::signals_only;
  predictor.features = forecast::feature_names(predictor.set);
  Philox random(8);
  for (std::size_t j = 0; j < predictor.features.size(); ++j) {
    predictor.model.standardiser.mean.push_back(random.normal());
    predictor.model.standardiser.scale.push_back(0.5 + random.uniform());
    predictor.model.beta.push_back(random.normal());
    predictor.low.push_back(-1e9);
    predictor.high.push_back(1e9);
  }
  predictor.model.intercept = -0.3;
  for (int b = 0; b < 50; ++b) {
    std::vector<double> replicate{predictor.model.intercept};
    for (const double beta : predictor.model.beta) {
      replicate.push_back(beta + 0.1 * random.normal());
    }
    predictor.replicates.push_back(std::move(replicate));
  }
  return predictor;
}

std::vector<double> some_features(const forecast::Predictor& predictor) {
  Philox random(9);
  std::vector<double> features;
  for (std::size_t j = 0; j < predictor.features.size(); ++j) features.push_back(random.normal());
  return features;
}

TEST(Attribute, AddsUpToTheLogOdds) {
  const auto predictor = made_predictor();
  const auto features = some_features(predictor);
  const auto attribution = attribute(predictor, features);
  double sum = attribution.base;
  for (const auto& c : attribution.contributions) sum += c.phi;
  EXPECT_NEAR(sum, predictor.model.log_odds(features), 1e-12);
  const auto phi = linear_shapley(predictor, features);
  EXPECT_NEAR(attribution.base + std::accumulate(phi.begin(), phi.end(), 0.0),
              predictor.model.log_odds(features), 1e-12);
}

// The definition over all subsets, with the mean in place of what is not known.
TEST(Attribute, EqualsTheDefinitionOverAllSubsets) {
  const auto predictor = made_predictor();
  const auto features = some_features(predictor);
  const std::size_t n = 10;
  const auto brute = shapley_values(n, [&](std::uint32_t set) {
    std::vector<double> seen = features;
    for (std::size_t j = 0; j < n; ++j) {
      if ((set >> j & 1u) == 0) seen[j] = predictor.model.standardiser.mean[j];
    }
    return predictor.model.log_odds(seen);
  });
  const auto phi = linear_shapley(predictor, features);
  for (std::size_t j = 0; j < n; ++j) EXPECT_NEAR(phi[j], brute[j], 1e-12);
}

TEST(Attribute, NamesFactorsByTheirDirectionLargestFirst) {
  const auto predictor = made_predictor();
  auto features = some_features(predictor);
  const auto slope = std::ranges::find(predictor.features, "test_loss_slope");
  features[static_cast<std::size_t>(slope - predictor.features.begin())] = -1.5;
  const auto attribution = attribute(predictor, features);
  bool found = false;
  for (std::size_t i = 0; i < attribution.contributions.size(); ++i) {
    const auto& c = attribution.contributions[i];
    ASSERT_TRUE(c.interval);
    EXPECT_LE(c.interval->low, c.phi);
    EXPECT_GE(c.interval->high, c.phi);
    if (i > 0) {
      EXPECT_LE(std::abs(c.phi), std::abs(attribution.contributions[i - 1].phi));
    }
    if (c.factor != "test loss falling") continue;
    found = true;
    EXPECT_DOUBLE_EQ(*c.value, -1.5);
  }
  EXPECT_TRUE(found);
}

TEST(Attribute, ForecastCarriesItsReasonsOrNone) {
  const auto predictor = made_predictor();
  const auto abstained = explained_forecast(predictor, series::Run{}, {.deadline = 100.0});
  EXPECT_EQ(abstained.status, series::ForecastStatus::abstained);
  EXPECT_FALSE(abstained.attribution);
  series::Run run;
  for (const char* name : {"train_loss", "test_loss", "train_accuracy", "test_accuracy"}) {
    run.signals.push_back({.name = name});
    for (double t = 0.0; t <= 50.0; t += 1.0) run.signals.back().append(t, 0.3);
  }
  const auto made = explained_forecast(predictor, run, {.deadline = 100.0});
  ASSERT_EQ(made.status, series::ForecastStatus::ok);
  ASSERT_TRUE(made.attribution);
  EXPECT_EQ(made.attribution->target, made.target);
  double sum = made.attribution->base;
  for (const auto& c : made.attribution->contributions) sum += c.phi;
  EXPECT_NEAR(forecast::sigmoid(sum), made.probability->estimate, 1e-12);
}

TEST(OrderOfChange, SortsSignalsByWhenTheyChanged) {
  series::Run run;
  const auto add = [&](const char* name, double at, double noise, std::uint64_t seed) {
    Philox random(seed);
    series::Signal signal{.name = name};
    for (double t = 0.0; t < 400.0; t += 2.0) {
      const double rise = at > 0.0 ? 1.0 / (1.0 + std::exp(-(t - at) / 6.0)) : 0.0;
      signal.append(t, rise + noise * random.normal());
    }
    run.signals.push_back(std::move(signal));
  };
  add("test_accuracy", 200.0, 0.02, 1);
  add("late", 205.0, 0.02, 2);
  add("early", 90.0, 0.02, 3);
  add("flat", 0.0, 0.02, 4);
  series::Transition transition;
  transition.order_parameter = "test_accuracy";
  transition.onset = series::Interval{183.0, 187.0, 191.0, 0.9};
  transition.width = 120.0;
  const auto changes = order_of_change(run, transition);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].signal, "early");
  EXPECT_EQ(changes[0].order, "before");
  EXPECT_NEAR(*changes[0].lead, 110.0, 8.0);
  EXPECT_EQ(changes[1].signal, "late");
  EXPECT_EQ(changes[2].signal, "flat");
  EXPECT_EQ(changes[2].order, "unknown");
  EXPECT_FALSE(changes[2].onset);
  transition.onset.reset();
  EXPECT_TRUE(order_of_change(run, transition).empty());
  Json json;
  to_json(json, changes[0]);
  EXPECT_EQ(json.at("order"), "before");
}

}  // namespace
}  // namespace emdyn::explain
