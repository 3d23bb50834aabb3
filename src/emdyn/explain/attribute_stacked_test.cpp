#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/forecast/features/relative.hpp"
#include "emdyn/forecast/predictors/stacked_forecast.hpp"

namespace emdyn::explain {
namespace {

// A stack of every kind of member on rows of relative features, some of them missing.
forecast::Predictor stacked_predictor(forecast::FeatureTable& rows) {
  const auto names = forecast::relative_names();
  rows.columns = names.size();
  std::vector<double> labels;
  std::vector<std::size_t> groups, families;
  Philox random(5);
  for (std::size_t i = 0; i < 300; ++i) {
    std::vector<double> row(names.size());
    for (double& x : row) x = random.normal();
    labels.push_back(row[3] + row[23] * row[2] > 0.0 ? 1.0 : 0.0);
    if (i % 4 == 0) row[5] = std::nan("");
    rows.add(row);
    groups.push_back(i);
    families.push_back(i % 3);
  }
  std::vector<std::size_t> all(names.size());
  for (std::size_t j = 0; j < all.size(); ++j) all[j] = j;
  const std::vector<forecast::MemberPlan> plans{{"base_rate", forecast::Learner::linear, {}},
                                                {"value_now", forecast::Learner::linear, {3}},
                                                {"linear", forecast::Learner::linear, all},
                                                {"trees", forecast::Learner::trees, all},
                                                {"additive", forecast::Learner::additive, all}};
  forecast::StackedOptions options;
  options.trees.trees = 20;
  options.additive.rounds = 10;
  options.additive.bags = 2;
  forecast::Predictor predictor;
  predictor.name = "stacked";
  predictor.stacked = forecast::fit_stacked(rows, labels, groups, families, plans, options);
  predictor.stacked->features = predictor.features = names;
  return predictor;
}

TEST(AttributeStacked, SharesAddUpToTheForecast) {
  forecast::FeatureTable rows;
  const forecast::Predictor predictor = stacked_predictor(rows);
  for (std::size_t i = 0; i < 40; ++i) {
    std::vector<double> row(rows.row(i).begin(), rows.row(i).end());
    if (i % 2 == 1) row[7] += 4.0;  // Outside the bank: drawn in.
    const auto told = attribute(predictor, row);
    double sum = told.base;
    for (const auto& each : told.contributions) sum += each.phi;
    EXPECT_NEAR(sum, predictor.stacked->log_odds(row), 1e-9) << i;
  }
}

TEST(AttributeStacked, FactorsThatMoveItComeFirstAndTrendsAreWorded) {
  forecast::FeatureTable rows;
  const forecast::Predictor predictor = stacked_predictor(rows);
  std::vector<double> row(rows.columns, 0.0);
  row[3] = 2.0;   // accuracy_odds_over_chance
  row[6] = -1.0;  // accuracy_slope
  const auto told = attribute(predictor, row);
  EXPECT_EQ(told.contributions.front().factor, "test accuracy falling");
  EXPECT_GT(told.contributions.front().phi, 0.5);
}

}  // namespace
}  // namespace emdyn::explain
