#include "emdyn/forecast/tabular/stacked.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/calibration.hpp"

namespace emdyn::forecast {
namespace {

struct FamilySample {
  FeatureTable features{3, {}};
  std::vector<double> labels;
  std::vector<std::size_t> groups;
  std::vector<std::size_t> families;
};

// x0 means the same in every family, x1 has another sign in each, x2 is noise.
FamilySample family_sample(std::size_t rows, std::uint64_t seed) {
  FamilySample sample;
  Philox random(seed, 11);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t family = i % 4;
    const std::array<double, 3> x{random.normal(), random.normal(), random.normal()};
    const double log_odds = 1.5 * x[0] + (family % 2 == 0 ? 3.0 : -3.0) * x[1];
    sample.features.add(x);
    sample.labels.push_back(random.uniform() < sigmoid(log_odds) ? 1.0 : 0.0);
    sample.groups.push_back(i / 4);
    sample.families.push_back(family);
  }
  for (std::size_t i = 0; i < rows; ++i) sample.groups[i] = sample.groups[i] * 4 + i % 4;
  return sample;
}

std::vector<MemberPlan> small_plans() {
  return {{"prior", Learner::linear, {}},
          {"value_now", Learner::linear, {0}},
          {"linear", Learner::linear, {0, 1, 2}},
          {"trees", Learner::trees, {0, 1, 2}},
          {"additive", Learner::additive, {0, 1, 2}}};
}

StackedOptions small_options() {
  return {.penalty = 1.0,
          .trees = {.trees = 30, .rate = 0.1},
          .additive = {.rounds = 10, .pairs = 1, .bags = 2},
          .folds = 4};
}

TEST(Stack, LosesToNoMember) {
  Philox random(2);
  FeatureTable members{4, {}};
  std::vector<double> labels;
  for (int i = 0; i < 1000; ++i) {
    const double truth = 2.0 * random.normal();
    labels.push_back(random.uniform() < sigmoid(truth) ? 1.0 : 0.0);
    members.add(std::array{truth + random.normal(), 3.0 * truth, -truth, random.normal()});
  }
  const Stack stack = fit_stack(members, labels, {}, 0.0);
  std::vector<double> stacked;
  for (std::size_t i = 0; i < labels.size(); ++i) stacked.push_back(stack.log_odds(members.row(i)));
  for (std::size_t m = 0; m < 4; ++m) {
    std::vector<double> alone;
    for (std::size_t i = 0; i < labels.size(); ++i) alone.push_back(members.row(i)[m]);
    EXPECT_LE(log_loss(stacked, labels), log_loss(alone, labels) + 1e-9) << m;
  }
  EXPECT_EQ(stack.weight[2], 0.0)
      << "a member that is wrong the whole time gets no negative weight";
  // Stationary: no weight can be moved (inside or into its bound) to lower the loss.
  for (std::size_t m = 0; m < 4; ++m) {
    double gradient = 0.0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      gradient += (sigmoid(stacked[i]) - labels[i]) * std::clamp(members.row(i)[m], -12.0, 12.0);
    }
    EXPECT_GE(gradient, -1e-4) << m;
    if (stack.weight[m] > 0.0) {
      EXPECT_LE(gradient, 1e-4) << m;
    }
  }
}

TEST(Stack, RefusesOneClassAndMissingForecasts) {
  EXPECT_THROW(fit_stack(FeatureTable{1, {0.0, 1.0}}, std::array{1.0, 1.0}), DataError);
  EXPECT_THROW(fit_stack(FeatureTable{1, {0.0, std::nan("")}}, std::array{1.0, 0.0}), DataError);
  EXPECT_THROW(fit_stack(FeatureTable{1, {0.0}}, std::array{1.0, 0.0}), DataError);
}

TEST(Stacked, TrustsWhatCarriesOverToAnotherFamily) {
  const FamilySample train = family_sample(1200, 1);
  const auto plans = small_plans();
  const StackedModel model = fit_stacked(train.features, train.labels, train.groups, train.families,
                                         plans, small_options());
  double leaning = 0.0;  // On x1, which turns its sign.
  double sound = 0.0;
  std::vector<double> row{0.0, 0.0, 0.0};
  const auto at = [&](double x0, double x1) {
    row = {x0, x1, 0.0};
    return model.log_odds(row);
  };
  leaning = std::abs(at(0.0, 1.0) - at(0.0, -1.0));
  sound = at(1.0, 0.0) - at(-1.0, 0.0);
  EXPECT_GT(sound, 0.8);
  EXPECT_LT(leaning, 0.8 * sound);
}

TEST(Stacked, SameForAnyNumberOfThreadsAndFromItsFile) {
  const FamilySample train = family_sample(400, 2);
  const auto plans = small_plans();
  std::string texts[2];
  for (std::size_t threads : {1u, 2u}) {
    const ThreadLimit limit(threads);
    StackedModel model = fit_stacked(train.features, train.labels, train.groups, train.families,
                                     plans, small_options());
    model.features = {"a", "b", "c"};
    texts[threads - 1] = json_text(stacked_json(model));
  }
  EXPECT_EQ(texts[0], texts[1]);
  const StackedModel read = stacked_from_json(parse_json(texts[0], "test"));
  EXPECT_EQ(json_text(stacked_json(read)), texts[0]);
  Json altered = parse_json(texts[0], "test");
  altered["weight"][1] = 3.0;
  EXPECT_THROW(stacked_from_json(altered), DataError);
}

TEST(Stacked, RefusesOneFamily) {
  FamilySample train = family_sample(200, 3);
  std::ranges::fill(train.families, 0u);
  EXPECT_THROW(fit_stacked(train.features, train.labels, train.groups, train.families,
                           small_plans(), small_options()),
               DataError);
}

TEST(Departure, FarRowsAreTrustedLessAndThenNotAtAll) {
  const FamilySample bank = family_sample(400, 4);
  const Departure departure(bank.features, bank.groups);
  const auto inside = departure(std::array{0.1, -0.3, 0.2});
  const auto edge = departure(std::array{6.0, 0.0, 0.0});
  const auto outside = departure(std::array{30.0, -40.0, 0.0});
  EXPECT_EQ(inside.trust, 1.0);
  EXPECT_GT(inside.rank, 0.1);
  EXPECT_LT(edge.trust, 1.0);
  EXPECT_GT(edge.trust, 0.0);
  EXPECT_TRUE(outside.abstain);
  EXPECT_EQ(outside.trust, 0.0);
  EXPECT_LT(outside.rank, 0.05);
  const double missing = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(departure(std::array{missing, missing, missing}).trust, 1.0);
  EXPECT_DOUBLE_EQ(shrunk(2.0, -1.0, 0.0), -1.0);
  EXPECT_DOUBLE_EQ(shrunk(2.0, -1.0, 0.5), 0.5);
}

TEST(Departure, WhatTheBankNeverHadDoesNotCount) {
  FamilySample bank = family_sample(200, 4);
  for (std::size_t i = 0; i < 200; ++i) {
    bank.features.values[3 * i + 2] = std::numeric_limits<double>::quiet_NaN();
  }
  const Departure departure(bank.features, bank.groups);
  EXPECT_EQ(departure(std::array{0.1, -0.3, 1e6}).trust, 1.0);
}

TEST(Departure, FewOfTheBanksOwnGroupsAreFar) {
  const FamilySample bank = family_sample(400, 5);
  const Departure departure(bank.features, bank.groups);
  const FamilySample fresh = family_sample(400, 6);
  int far = 0;
  for (std::size_t i = 0; i < 400; ++i) far += departure(fresh.features.row(i)).trust < 1.0 ? 1 : 0;
  EXPECT_LT(far, 400 / 8);
  EXPECT_THROW(Departure(FeatureTable{1, {1.0, 2.0}}, std::array<std::size_t, 2>{0, 1}), DataError);
}

TEST(Isotonic, PoolsByHand) {
  // Labels 0 1 0 1 1 at scores 1 … 5: the second and third are pooled to 1/2.
  const std::array<double, 5> scores{1, 2, 3, 4, 5};
  const std::array<double, 5> labels{0, 1, 0, 1, 1};
  const auto curve = fit_isotonic(scores, labels);
  EXPECT_DOUBLE_EQ(curve(0.0), 0.0);
  EXPECT_DOUBLE_EQ(curve(1.0), 0.0);
  EXPECT_DOUBLE_EQ(curve(2.0), 0.5);
  EXPECT_DOUBLE_EQ(curve(2.7), 0.5);
  EXPECT_DOUBLE_EQ(curve(3.5), 0.75);
  EXPECT_DOUBLE_EQ(curve(9.0), 1.0);
  EXPECT_THROW(fit_isotonic(scores, std::array{1.0}), DataError);
}

TEST(Calibration, RecoversTheLineAndItsIntervalHoldsIt) {
  Philox random(3);
  std::vector<double> scores, labels;
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < 3000; ++i) {
    scores.push_back(2.0 * random.normal());
    labels.push_back(random.uniform() < sigmoid(0.5 * scores.back() - 0.3) ? 1.0 : 0.0);
    groups.push_back(i / 3);
  }
  for (const auto kind : {CalibrationKind::platt, CalibrationKind::isotonic}) {
    const auto calibration = fit_calibration(kind, scores, labels, groups, 60);
    double last = 0.0;
    for (double at = -4.0; at <= 4.0; at += 0.5) {
      const auto value = calibration(at);
      EXPECT_NEAR(value.estimate, sigmoid(0.5 * at - 0.3), 0.12) << at;
      EXPECT_LE(value.low, value.estimate);
      EXPECT_GE(value.high, value.estimate);
      EXPECT_GE(value.estimate, last);
      last = value.estimate;
    }
    const auto middle = calibration(0.0);
    EXPECT_LT(middle.low, sigmoid(-0.3) + 0.01);
    EXPECT_GT(middle.high, sigmoid(-0.3) - 0.01);
  }
  EXPECT_THROW(fit_platt(scores, std::vector<double>(3000, 1.0)), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
