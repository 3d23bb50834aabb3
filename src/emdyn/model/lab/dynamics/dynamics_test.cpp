// Each lab without a network against what theory says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/dynamics/hierarchy.hpp"
#include "emdyn/model/lab/dynamics/percolation.hpp"
#include "emdyn/model/lab/dynamics/polynomial.hpp"
#include "emdyn/model/lab/dynamics/registry.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

struct LabOutcome {
  series::Run run{};
  std::map<std::string, Json> truth{};  ///< By quantity.
};

LabOutcome outcome_of(std::string_view name, const Params& params) {
  LabOutcome out;
  const auto experiment = registry().find(name).make(params);
  out.run = record(*experiment);
  for (const Json& each : out.run.info.notes["truth"])
    out.truth[each["quantity"].get<std::string>()] = each;
  return out;
}

double error_of(const LabOutcome& outcome, const std::string& quantity) {
  const auto found = outcome.truth.find(quantity);
  if (found == outcome.truth.end()) return HUGE_VAL;
  return found->second["relative_error"].get<double>();
}

double expected(const LabOutcome& outcome, const std::string& quantity) {
  return outcome.truth.at(quantity)["expected"].get<double>();
}

TEST(LinearisedLabs, RecoverAtTheRateOfTheirTheory) {
  // Little noise, so that the linear theory holds; 200,000 samples.
  const Params still{{"start", "0.25"}, {"end", "0.25"}, {"noise", "0.002"}, {"steps", "200000"}};
  for (const std::string name : {"fold", "transcritical", "hopf"}) {
    const LabOutcome outcome = outcome_of(name, still);
    const double rate = name == "fold" ? 1.0 : 0.25;
    const double turn = name == "hopf" ? std::cos(1.0) : 1.0;
    EXPECT_NEAR(expected(outcome, "lag-1 autocorrelation"), std::exp(-rate) * turn, 1e-12) << name;
    EXPECT_LT(error_of(outcome, "lag-1 autocorrelation"), 0.02) << name;
    EXPECT_LT(error_of(outcome, "variance"), 0.02) << name;
  }
}

TEST(LinearisedLabs, TheNullHasTheMomentsOfOrnsteinAndUhlenbeck) {
  const LabOutcome outcome =
      outcome_of("no_transition", {{"rate", "0.5"}, {"steps", "200000"}, {"noise", "0.1"}});
  EXPECT_NEAR(expected(outcome, "lag-1 autocorrelation"), std::exp(-0.5), 1e-12);
  EXPECT_NEAR(expected(outcome, "variance"), 0.01, 1e-12);
  EXPECT_LT(error_of(outcome, "lag-1 autocorrelation"), 0.02);
  EXPECT_LT(error_of(outcome, "variance"), 0.02);
}

TEST(LinearisedLabs, TheFoldFallsAfterItsBifurcationWhenNoiseIsSmall) {
  const LabOutcome outcome = outcome_of("fold", {{"noise", "0.005"}, {"steps", "1101"}});
  const Json& data = outcome.run.info.notes["data"];
  EXPECT_NEAR(data["bifurcation_step"].get<double>(), 1000.0, 1e-9);
  ASSERT_TRUE(data["fell_at_step"].is_number());
  // A slow passage is late by the order of (rate of change)^(-1/3) = 10 time units.
  EXPECT_GE(data["fell_at_step"].get<double>(), 1000.0);
  EXPECT_LE(data["fell_at_step"].get<double>(), 1060.0);
}

TEST(LinearisedLabs, BeyondTheHopfPointThereIsACycleOfTheRootsSize) {
  const LabOutcome outcome =
      outcome_of("hopf", {{"end", "-0.5"}, {"noise", "0.002"}, {"steps", "3000"}});
  EXPECT_NEAR(outcome.run.find("radius")->values.back(), std::sqrt(0.5), 0.02);
  EXPECT_LT(outcome.run.find("radius")->values.front(), 0.02);
}

TEST(Kuramoto, FallsIntoStepAtTheCriticalCoupling) {
  const LabOutcome lorentzian = outcome_of("kuramoto", {});
  EXPECT_NEAR(expected(lorentzian, "critical coupling"), 1.0, 1e-12);  // 2γ
  EXPECT_LT(error_of(lorentzian, "critical coupling"), 0.02);
  const auto& coupling = lorentzian.run.find("coupling")->values;
  const auto& order = lorentzian.run.find("order")->values;
  for (std::size_t i = 0; i < coupling.size(); ++i) {
    if (coupling[i] > 1.15) {
      EXPECT_NEAR(order[i], std::sqrt(1.0 - 1.0 / coupling[i]), 0.02);
    } else if (coupling[i] < 0.8) {
      EXPECT_LT(order[i], 0.1);
    }
  }
  const LabOutcome normal = outcome_of(
      "kuramoto", {{"frequencies", "normal"}, {"coupling_low", "0.8"}, {"coupling_high", "1.2"}});
  EXPECT_NEAR(expected(normal, "critical coupling"), std::sqrt(2.0 / std::numbers::pi), 1e-12);
  EXPECT_LT(error_of(normal, "critical coupling"), 0.02);
}

TEST(Ising, LosesItsOrderAtOnsagersTemperature) {
  const LabOutcome outcome = outcome_of("ising", {});
  EXPECT_NEAR(expected(outcome, "critical temperature"), 2.269185, 1e-6);
  EXPECT_LT(error_of(outcome, "critical temperature"), 0.02);
  // Yang (1952) and Onsager (1944) of an infinite lattice at T = 2.
  EXPECT_NEAR(outcome.run.find("magnetisation")->values.front(), 0.911319, 0.003);
  EXPECT_NEAR(outcome.run.find("energy")->values.front(), -1.745565, 0.005);
  EXPECT_NEAR(outcome.run.find("binder")->values.front(), 2.0 / 3.0, 0.005);
}

TEST(Percolation, AGiantComponentAppearsAtOneLinkANode) {
  EXPECT_NEAR(giant_share(1.1), .176134, 1e-6);
  EXPECT_NEAR(giant_share(1.5), .582812, 1e-6);
  EXPECT_NEAR(giant_share(2.0), .796812, 1e-6);
  EXPECT_NEAR(giant_share(3.0), .940480, 1e-6);
  EXPECT_EQ(giant_share(1.0), 0.0);
  const LabOutcome outcome = outcome_of("percolation", {});
  EXPECT_LT(error_of(outcome, "critical mean degree"), 0.02);
  EXPECT_LT(error_of(outcome, "share of the largest component at the last step"), 0.005);
}

TEST(Hierarchy, WholeIsPredictableAndPartsAreNot) {
  const LabOutcome outcome = outcome_of("hierarchy", {});
  EXPECT_LT(error_of(outcome, "Lyapunov exponent of an element"), 0.02);
  const Json& along = outcome.run.info.notes["data"]["along_scale"];
  ASSERT_EQ(along.size(), 5U);
  double before = -1.0;
  for (const Json& scale : along) {
    EXPECT_NEAR(scale["effective_information"].get<double>(), scale["theory"].get<double>(), 0.01)
        << scale["elements"];
    EXPECT_GT(scale["theory"].get<double>(), before);  // Chaos below, predictability above.
    before = scale["theory"].get<double>();
  }
  EXPECT_LT(along.front()["theory"].get<double>(), 0.01);
  EXPECT_GT(along.back()["theory"].get<double>(), 0.99 * std::numbers::ln2);
}

TEST(Hierarchy, InTheNullNoScaleSaysMoreThanAnElement) {
  const LabOutcome outcome = outcome_of("hierarchy", {{"coupling", "0"}});
  double before = HUGE_VAL;
  for (const Json& scale : outcome.run.info.notes["data"]["along_scale"]) {
    EXPECT_NEAR(scale["effective_information"].get<double>(), scale["theory"].get<double>(), 0.01);
    EXPECT_LT(scale["theory"].get<double>(), before);
    before = scale["theory"].get<double>();
  }
}

TEST(Hierarchy, KnownInformationOfSmallOnes) {
  HierarchyConfig config;
  config.coupling = 0.0;
  config.disorder = 0.1;
  // A coin kept with chance .9: ln 2 − h(.1) = .531004 bits, as a noisy copy has.
  EXPECT_NEAR(hierarchy_information(config).front(), 0.531004 * std::numbers::ln2, 1e-6);
  config.coupling = 1.0;
  config.disorder = 0.0;
  EXPECT_NEAR(hierarchy_information(config).back(), std::numbers::ln2, 1e-12);
  config.disorder = 0.5;
  for (const double each : hierarchy_information(config)) EXPECT_NEAR(each, 0.0, 1e-12);
}

TEST(DynamicLabs, RefuseWhatCannotBe) {
  EXPECT_THROW(outcome_of("hierarchy", {{"branching", "4"}}), ConfigError);
  EXPECT_THROW(outcome_of("hierarchy", {{"branching", "9"}, {"levels", "8"}}), ConfigError);
  EXPECT_THROW(outcome_of("ising", {{"size", "9"}}), ConfigError);
  EXPECT_THROW(outcome_of("ising", {{"temperature_low", "3"}}), ConfigError);
  EXPECT_THROW(outcome_of("kuramoto", {{"coupling_low", "3"}}), ConfigError);
  EXPECT_THROW(outcome_of("percolation", {{"degree_low", "3"}}), ConfigError);
  EXPECT_THROW(outcome_of("fold", {{"start", "0"}}), ConfigError);
}

TEST(FitPolynomial, FindsWhatMadeThePoints) {
  const std::vector<double> x{0, 1, 2, 3, 4};
  std::vector<double> y;
  for (const double each : x) y.push_back(2.0 - each + 0.5 * each * each);
  const auto fit = fit_polynomial(x, y, 2);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->coefficients[0], 2.0, 1e-10);
  EXPECT_NEAR(fit->coefficients[1], -1.0, 1e-10);
  EXPECT_NEAR(fit->coefficients[2], 0.5, 1e-10);
  EXPECT_FALSE(fit_polynomial(std::vector<double>{1, 1, 1, 1}, std::vector<double>{1, 2, 3, 4}, 1));
  EXPECT_FALSE(fit_polynomial(std::span(x).first(3), std::span(y).first(3), 2));
}

}  // namespace
}  // namespace emdyn::model::lab::dynamics
