#include "emdyn/forecast/curves/ensemble.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "emdyn/forecast/curves/test_curves.hpp"

namespace emdyn::forecast {
namespace {

CurveEnsemble ensemble_of(const History& history) {
  return CurveEnsemble(*curve_blocks("value", history), equal_skill());
}

TEST(CurveEnsemble, FollowsALawBetterThanStandingStill) {
  const auto law = [](double t) { return 2.0 + 4.0 * std::pow(t / 10.0, -0.5); };
  const CurveEnsemble ensemble = ensemble_of(curve_of(1000, 1, 1, 0.02, law));
  const double truth = law(4000.0);
  EXPECT_LT(std::abs(ensemble.center(4.0) - truth),
            0.5 * std::abs(ensemble.blocks().level - truth));
}

TEST(CurveEnsemble, LeavesNoiseWhereItIs) {
  const CurveEnsemble ensemble = ensemble_of(curve_of(800, 1, 1, 0.5, [](double) { return 3.0; }));
  EXPECT_NEAR(ensemble.center(4.0), 3.0, 0.25);
}

TEST(CurveEnsemble, WeightsAreSharesAndUnitsGrow) {
  const CurveEnsemble ensemble =
      ensemble_of(curve_of(400, 1, 1, 0.05, [](double t) { return std::exp(-t / 200.0); }));
  for (const double h : {1.05, 1.3, 2.0, 5.0, 20.0}) {
    const auto weights = ensemble.weights(h);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1.0, 1e-9);
    for (const double each : weights) EXPECT_GE(each, 0.0);
    EXPECT_GT(ensemble.unit(h), 0.0);
  }
  EXPECT_GT(ensemble.unit(8.0), ensemble.unit(1.1));
}

// A member that the bank found useless is not trusted by a curve without a past.
TEST(CurveEnsemble, ShrinksToWhatABankFound) {
  const History young = curve_of(10, 1, 1, 0.0, [](double t) { return std::sqrt(t); });
  MemberSkill skill = equal_skill();
  for (std::size_t m = 1; m < kCurveMembers; ++m) skill[m].fill(5.0);
  const CurveEnsemble wary(*curve_blocks("value", young), skill);
  EXPECT_GT(wary.weights(8.0)[0], 0.9);
}

TEST(ByHorizon, IsLinearInTheLogarithm) {
  ByHorizon values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::log(kHorizons[i]);
  for (const double h : {1.1, 1.4, 2.7, 10.0, 16.0})
    EXPECT_NEAR(at_horizon(values, h), std::log(h), 1e-12);
  EXPECT_DOUBLE_EQ(at_horizon(values, 1.0), values.front());
  EXPECT_DOUBLE_EQ(at_horizon(values, 99.0), values.back());
}

}  // namespace
}  // namespace emdyn::forecast
