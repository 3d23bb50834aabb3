#include "emdyn/forecast/tabular/logistic.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::forecast {
namespace {

const std::vector<double> kHours{0.50, 0.75, 1.00, 1.25, 1.50, 1.75, 1.75, 2.00, 2.25, 2.50,
                                 2.75, 3.00, 3.25, 3.50, 4.00, 4.25, 4.50, 4.75, 5.00, 5.50};
const std::vector<double> kPassed{0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1};

// A textbook example of 20 students: intercept -4.0777, 1.5046 per hour.
TEST(Logistic, PublishedMaximumLikelihoodEstimate) {
  const Logistic model = fit_logistic({1, kHours}, kPassed, {}, {.penalty = 0.0});
  const double slope = model.beta[0] / model.standardiser.scale[0];
  EXPECT_NEAR(slope, 1.5046, 5e-5);
  EXPECT_NEAR(model.intercept - slope * model.standardiser.mean[0], -4.0777, 5e-5);
  EXPECT_NEAR(model.probability(std::vector{2.0}), 0.2557, 1e-3);
}

// One binary feature: the estimates are the logits of the two shares.
TEST(Logistic, TwoByTwoTableByHand) {
  FeatureTable table{1, {}};
  std::vector<double> labels;
  const auto add = [&](double x, double y, int count) {
    for (int i = 0; i < count; ++i) table.values.push_back(x), labels.push_back(y);
  };
  add(0, 0, 30), add(0, 1, 10), add(1, 0, 8), add(1, 1, 32);
  const Logistic model = fit_logistic(table, labels, {}, {.penalty = 0.0});
  EXPECT_NEAR(model.log_odds(std::vector{0.0}), std::log(10.0 / 30.0), 1e-9);
  EXPECT_NEAR(model.log_odds(std::vector{1.0}), std::log(32.0 / 8.0), 1e-9);
  const double odds_ratio = std::pow(model.odds_ratios()[0], 1.0 / model.standardiser.scale[0]);
  EXPECT_NEAR(odds_ratio, 12.0, 1e-7);
}

TEST(Logistic, WeightsCountAsRepeatedRows) {
  const FeatureTable once{1, {0.0, 1.0, 2.0, 3.0}};
  const FeatureTable repeated{1, {0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0}};
  const std::vector<double> labels{0, 1, 0, 1};
  const std::vector<double> weights{1, 2, 3, 1};
  const Logistic a = fit_logistic(once, labels, weights);
  const Logistic b = fit_logistic(repeated, std::vector<double>{0, 1, 1, 0, 0, 0, 1}, {});
  EXPECT_NEAR(a.intercept, b.intercept, 1e-9);
  EXPECT_NEAR(a.beta[0], b.beta[0], 1e-9);
}

// At the optimum sum_i (y_i - p_i) z_ij = penalty x beta_j and sum_i (y_i - p_i) = 0.
TEST(Logistic, PenalisedOptimumIsStationary) {
  Philox random(3);
  FeatureTable table{3, {}};
  std::vector<double> labels;
  for (int i = 0; i < 200; ++i) {
    const double x = random.normal();
    table.add(std::vector{x, 5.0 + 0.1 * random.normal(), 1e4 * random.normal()});
    labels.push_back(random.uniform() < sigmoid(1.5 * x - 0.5) ? 1.0 : 0.0);
  }
  const Logistic model = fit_logistic(table, labels, {}, {.penalty = 2.5});
  std::vector<double> gradient(4, 0.0);
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const double residual = labels[i] - model.probability(table.row(i));
    gradient[3] += residual;
    for (std::size_t j = 0; j < 3; ++j) {
      gradient[j] += residual * model.standardiser(j, table.row(i)[j]);
    }
  }
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(gradient[j], 2.5 * model.beta[j], 1e-7);
  EXPECT_NEAR(gradient[3], 0.0, 1e-7);
  EXPECT_GT(model.beta[0], 1.0);
}

TEST(Logistic, SeparableDataNeedAPenalty) {
  const FeatureTable table{1, {1, 2, 3, 4, 5, 6}};
  const std::vector<double> labels{0, 0, 0, 1, 1, 1};
  EXPECT_THROW(fit_logistic(table, labels, {}, {.penalty = 0.0}), DataError);
  const Logistic model = fit_logistic(table, labels, {}, {.penalty = 0.1});
  EXPECT_GT(model.beta[0], 0.0);
  EXPECT_LT(model.beta[0], 20.0);
}

TEST(Logistic, CollinearFeaturesShareTheirWeight) {
  FeatureTable table{3, {}};
  for (const double hours : kHours) table.add(std::vector{hours, 2.0 * hours + 1.0, 7.0});
  EXPECT_THROW(fit_logistic(table, kPassed, {}, {.penalty = 0.0}), DataError);
  const Logistic model = fit_logistic(table, kPassed, {}, {.penalty = 1.0});
  EXPECT_NEAR(model.beta[0], model.beta[1], 1e-9);
  EXPECT_EQ(model.beta[2], 0.0) << "a constant says nothing";
}

TEST(Logistic, MissingValuesCountAsTheMean) {
  FeatureTable table{1, kHours};
  const Logistic model = fit_logistic(table, kPassed, {});
  EXPECT_DOUBLE_EQ(model.log_odds(std::vector{std::nan("")}), model.intercept);
}

TEST(Logistic, PriorCorrectionMovesTheOdds) {
  const Logistic model = fit_logistic({1, kHours}, kPassed, {});
  const Logistic rare = with_prior(model, 0.5, 0.1);
  EXPECT_NEAR(rare.intercept - model.intercept, std::log(1.0 / 9.0), 1e-12);
  EXPECT_THROW(with_prior(model, 0.5, 1.0), ConfigError);
}

TEST(Logistic, RefusesWhatCannotBeFitted) {
  const FeatureTable table{1, {1, 2}};
  EXPECT_THROW(fit_logistic(table, std::vector<double>{1, 1}, {}), DataError);
  EXPECT_THROW(fit_logistic(table, std::vector<double>{1}, {}), DataError);
  EXPECT_THROW(fit_logistic(table, std::vector<double>{0, 2}, {}), DataError);
  EXPECT_THROW(fit_logistic(table, std::vector<double>{0, 1}, std::vector<double>{1, -1}),
               DataError);
  EXPECT_THROW(fit_logistic(table, std::vector<double>{0, 1}, {}, {.penalty = -1.0}), ConfigError);
}

TEST(Logistic, SigmoidNeverOverflows) {
  EXPECT_EQ(sigmoid(-1000.0), 0.0);
  EXPECT_EQ(sigmoid(1000.0), 1.0);
  EXPECT_DOUBLE_EQ(sigmoid(0.0), 0.5);
  EXPECT_NEAR(sigmoid(-2.0) + sigmoid(2.0), 1.0, 1e-15);
}

}  // namespace
}  // namespace emdyn::forecast
