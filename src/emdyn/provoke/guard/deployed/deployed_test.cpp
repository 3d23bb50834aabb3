#include "emdyn/provoke/guard/deployed/deployed.hpp"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/provoke/trial/test_pictures.hpp"

namespace emdyn::provoke::guard {
namespace {

using testing::HasSubstr;
using trial::test::network;
using trial::test::pictures;

/// A guard with examples of its own to calibrate on.
FittedGuard calibrated() {
  const auto reference = pictures(400, 1);
  const auto calm = pictures(300, 2);
  return fit_guard(network(), reference.inputs, reference.labels, calm.inputs, {});
}

TEST(DeployedGuard, FitSaysWhatItWasMadeOf) {
  const FittedGuard fitted = calibrated();
  EXPECT_EQ(fitted.reference, 400U);
  EXPECT_TRUE(fitted.notes.empty());
  EXPECT_EQ(fitted.ledger.forward, 700);
  const Json json = fitted;
  EXPECT_EQ(json["panel"].size(), Guard::kPanel.size());
  EXPECT_EQ(json["calibration"], 150);
  const auto reference = pictures(400, 1);
  const FittedGuard held_out = fit_guard(network(), reference.inputs, reference.labels, {}, {});
  ASSERT_EQ(held_out.notes.size(), 1U);
  EXPECT_THAT(held_out.notes[0], HasSubstr("held out"));
}

TEST(DeployedGuard, FlagsStrangeInputsAndFewFamiliarOnes) {
  const FittedGuard fitted = calibrated();
  const auto calm = pictures(200, 3);
  const Screening familiar =
      screen(fitted.guard, network(), calm.inputs, calm.labels, {.fdr = 0.1, .batch = 90});
  EXPECT_LE(familiar.flagged(), 20U);
  EXPECT_EQ(familiar.batch_p_values.size(), 3U);
  EXPECT_EQ(familiar.e_values.size(), 200U);
  const torch::Tensor dark = at::zeros({50, 1, 8, 8});
  const Screening strange = screen(fitted.guard, network(), at::cat({calm.inputs, dark}), {}, {});
  std::size_t found = 0;
  for (std::size_t i = 200; i < 250; ++i) found += strange.flags[i] != 0 ? 1U : 0U;
  EXPECT_GE(found, 45U);
  const Json verdict = verdict_json(strange, 249);
  EXPECT_TRUE(verdict["label"].is_null());
  EXPECT_TRUE(verdict["flagged"].get<bool>());
  EXPECT_FALSE(verdict["reason"]["nearest"].empty());
  EXPECT_EQ(verdict_json(familiar, 7)["label"], calm.labels[7]);
  EXPECT_EQ(Json(familiar)["rule"], "benjamini_hochberg");
}

TEST(DeployedGuard, ShiftsOfStrangenessAreDrift) {
  // Deviations end where the calibration does: of 2,000 examples the strangest half-way is 3.3.
  const auto reference = pictures(400, 1);
  const FittedGuard fitted =
      fit_guard(network(), reference.inputs, reference.labels, pictures(4000, 2).inputs, {});
  const auto calm = pictures(400, 4);
  const torch::Tensor strange =
      at::arange(64, torch::kFloat32).remainder(2).view({1, 1, 8, 8}).expand({200, 1, 8, 8});
  EXPECT_TRUE(screen(fitted.guard, network(), calm.inputs, {}, {}).events.empty());
  const auto drifted = screen(fitted.guard, network(), at::cat({calm.inputs, strange}), {}, {});
  ASSERT_FALSE(drifted.events.empty());
  EXPECT_EQ(drifted.events[0].signal, "guard_strangeness");
  EXPECT_GE(drifted.events[0].position, 400.0);
}

TEST(DeployedGuard, OnlineFlagsDependOnThePastOnly) {
  const FittedGuard fitted = calibrated();
  const auto calm = pictures(150, 5);
  const torch::Tensor all = at::cat({calm.inputs, at::zeros({50, 1, 8, 8})});
  const Screening whole = screen(fitted.guard, network(), all, {}, {.online = true});
  const Screening part =
      screen(fitted.guard, network(), all.narrow(0, 0, 170), {}, {.online = true});
  EXPECT_TRUE(std::equal(part.flags.begin(), part.flags.end(), whole.flags.begin()));
  EXPECT_EQ(Json(whole)["rule"], "e_lond");
}

TEST(DeployedGuard, RefusesRatesAndStops) {
  const FittedGuard fitted = calibrated();
  const auto calm = pictures(50, 6);
  for (const double rate : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(check(ScreenOptions{.fdr = rate}), ConfigError);
  const std::atomic<bool> stop{true};
  EXPECT_THROW((void)screen(fitted.guard, network(), calm.inputs, calm.labels, {}, Task(&stop)),
               Task::Stopped);
  EXPECT_THROW((void)fit_guard(network(), calm.inputs, calm.labels, {}, {}, Task(&stop)),
               Task::Stopped);
}

}  // namespace
}  // namespace emdyn::provoke::guard
