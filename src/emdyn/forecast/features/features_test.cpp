#include "emdyn/forecast/features/features.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {
namespace {

double value(const PrefixFeatures& features, std::string_view name) {
  const auto names = feature_names(FeatureSet::grokking);
  const auto found = std::ranges::find(names, name);
  EXPECT_NE(found, names.end()) << name;
  return features.values.at(static_cast<std::size_t>(found - names.begin()));
}

void expect_same(const PrefixFeatures& a, const PrefixFeatures& b) {
  ASSERT_EQ(a.values.size(), b.values.size());
  for (std::size_t j = 0; j < a.values.size(); ++j) {
    if (!std::isnan(a.values[j]) || !std::isnan(b.values[j])) {
      EXPECT_EQ(a.values[j], b.values[j]) << feature_names(FeatureSet::grokking)[j];
    }
  }
  EXPECT_EQ(a.missing, b.missing);
}

// A run whose features are known by hand: test accuracy sigmoid of log10(t) in logits, weight norm
// 10 t^-0.5, losses powers of t.
series::Run power_law_run() {
  series::Run run = synthetic::make_run(1, true);
  for (series::Signal& signal : run.signals) signal = {.name = signal.name};
  for (double t = 1.0; t <= 1000.0; t += 1.0) {
    const double logit = -2.0 + std::log10(t);
    const double share = 1.0 / (1.0 + std::exp(-logit));
    const double values[] = {std::pow(t, -2.0),
                             100.0 / t,
                             t < 250.0 ? 0.5 : 1.0,
                             share,
                             1.0,
                             10.0 / std::sqrt(t),
                             5.0,
                             0.25};
    for (std::size_t i = 0; i < run.signals.size(); ++i) run.signals[i].append(t, values[i]);
  }
  return run;
}

TEST(Features, KnownValuesByHand) {
  const auto f = prefix_features(power_law_run(), 1000.0, 2000.0, FeatureSet::grokking);
  EXPECT_TRUE(f.missing.empty());
  EXPECT_DOUBLE_EQ(value(f, "elapsed"), 0.5);
  EXPECT_NEAR(value(f, "train_loss_slope"), -2.0, 1e-9);
  EXPECT_NEAR(value(f, "test_loss_slope"), -1.0, 1e-9);
  EXPECT_NEAR(value(f, "test_loss_drop"), std::log10(950.5), 1e-6);
  EXPECT_NEAR(value(f, "weight_norm_slope"), -0.5, 1e-9);
  EXPECT_NEAR(value(f, "weight_norm_growth"), -0.5 * std::log10(950.5), 1e-4);
  EXPECT_NEAR(value(f, "test_accuracy_slope"), 1.0, 1e-9);
  EXPECT_NEAR(value(f, "test_accuracy_best"), 1.0, 1e-9);
  EXPECT_NEAR(value(f, "test_accuracy_projected"), value(f, "test_accuracy") + std::log10(2.0),
              1e-9);
  EXPECT_EQ(value(f, "is_fitted"), 1.0);
  EXPECT_NEAR(value(f, "fitted_share"), 0.75, 1e-12);
  EXPECT_NEAR(value(f, "log10_effective_rank"), std::log10(5.0), 1e-12);
  EXPECT_EQ(value(f, "op_div"), 1.0);
  EXPECT_EQ(value(f, "op_add"), 0.0);
  EXPECT_NEAR(value(f, "log10_prime"), std::log10(31.0), 1e-12);
}

// The heart of causal honesty: equal for the run cut at `at` and for any other future.
TEST(Features, NothingBeyondThePositionCounts) {
  for (std::uint64_t number = 0; number < 12; ++number) {
    const series::Run run = synthetic::make_run(number, number % 2 == 0);
    Philox random(number, 99);
    const double at = 50.0 + 1900.0 * random.uniform();
    const auto whole = prefix_features(run, at, 2000.0, FeatureSet::grokking);
    expect_same(whole, prefix_features(run.prefix(at), at, 2000.0, FeatureSet::grokking));
    series::Run altered = run;
    for (series::Signal& signal : altered.signals) {
      for (std::size_t i = 0; i < signal.size(); ++i) {
        if (signal.positions[i] > at) signal.values[i] = 1e3 * random.uniform();
      }
      signal.append(5000.0, std::nan(""));
    }
    expect_same(whole, prefix_features(altered, at, 2000.0, FeatureSet::grokking));
  }
}

TEST(Features, DoNotKnowHowLongTheRunIs) {
  series::Run run = synthetic::make_run(3, true);
  series::Run other = run;
  other.info.configuration["steps"] = 123456;
  other.info.status = series::RunStatus::interrupted;
  other.info.notes = Json{{"steps", 5}};
  expect_same(prefix_features(run, 500.0, 2000.0, FeatureSet::grokking),
              prefix_features(other, 500.0, 2000.0, FeatureSet::grokking));
}

TEST(Features, SignalsOnlyIsAScaleFreePartWithoutConfiguration) {
  series::Run run = synthetic::make_run(3, true);
  const auto before = prefix_features(run, 500.0, 2000.0, FeatureSet::signals_only);
  run.info.configuration = Json::object();
  for (series::Signal& signal : run.signals) {
    for (double& position : signal.positions) position *= 64.0;
  }
  const auto after = prefix_features(run, 32000.0, 128000.0, FeatureSet::signals_only);
  ASSERT_TRUE(after.missing.empty());
  ASSERT_EQ(before.values.size(), feature_names(FeatureSet::signals_only).size());
  for (std::size_t j = 0; j < before.values.size(); ++j) {
    EXPECT_NEAR(before.values[j], after.values[j], 1e-9);
  }
}

TEST(Features, SayWhichRoleOrSettingIsMissing) {
  series::Run run = synthetic::make_run(3, true);
  std::erase_if(run.signals, [](const auto& s) { return s.name == "test_loss"; });
  run.info.configuration.erase("weight_decay");
  const auto features = prefix_features(run, 500.0, 2000.0, FeatureSet::grokking);
  ASSERT_EQ(features.missing.size(), 2u);
  EXPECT_NE(features.missing[0].find("--role test_loss="), std::string::npos);
  EXPECT_NE(features.missing[1].find("weight_decay"), std::string::npos);
}

TEST(Features, RolesOfTheUserAreHonoured) {
  series::Run run = synthetic::make_run(3, true);
  const auto before = prefix_features(run, 500.0, 2000.0, FeatureSet::grokking);
  for (auto& signal : run.signals) {
    if (signal.name == "test_accuracy") signal.name = "quality";
  }
  const auto lost = prefix_features(run, 500.0, 2000.0, FeatureSet::grokking);
  EXPECT_FALSE(lost.missing.empty());
  const series::RoleChoices roles{{series::Role::test_accuracy, "quality"}};
  expect_same(before, prefix_features(run, 500.0, 2000.0, FeatureSet::grokking, roles));
}

TEST(Features, NonFiniteRecordsAreStepsNotTaken) {
  series::Run run = synthetic::make_run(3, true);
  series::Run broken = run;
  for (series::Signal& signal : broken.signals) signal.values[20] = std::nan("");
  const auto features = prefix_features(broken, 500.0, 2000.0, FeatureSet::grokking);
  EXPECT_TRUE(features.missing.empty());
  for (const double x : features.values) EXPECT_TRUE(std::isfinite(x));
}

TEST(Features, RefuseAPositionBeyondTheDeadline) {
  const series::Run run = synthetic::make_run(3, true);
  EXPECT_THROW(prefix_features(run, 0.0, 10.0, FeatureSet::grokking), ConfigError);
  EXPECT_THROW(prefix_features(run, 11.0, 10.0, FeatureSet::grokking), ConfigError);
}

TEST(Features, EveryFeatureIsDescribedOnce) {
  std::set<std::string_view> names;
  for (const FeatureSpec& spec : feature_specs()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.factor.empty());
    EXPECT_FALSE(spec.summary.empty());
  }
  EXPECT_THROW(feature_spec("nonsense"), DataError);
  EXPECT_THROW(feature_set_from_word("nonsense"), ConfigError);
}

TEST(Features, PositionsGrowDenserTowardsTheStart) {
  const auto positions = forecast_positions(1000.0, 40);
  ASSERT_EQ(positions.size(), 40u);
  EXPECT_GT(positions.front(), 0.0);
  EXPECT_LT(positions.back(), 1000.0);
  for (std::size_t i = 2; i < positions.size(); ++i) {  // Whole steps: a gap may fall short by one.
    EXPECT_GE(positions[i] - positions[i - 1] + 1.0, positions[i - 1] - positions[i - 2]);
    EXPECT_EQ(positions[i], std::floor(positions[i]));
  }
  EXPECT_GT(positions[39] - positions[38], positions[1] - positions[0] + 10.0);
  EXPECT_NE(forecast_positions(1.0, 40)[3], std::floor(forecast_positions(1.0, 40)[3]));
}

TEST(History, LeavesOutWhatALaterSegmentWroteOver) {
  series::Signal signal{.name = "x"};
  for (const double t : {1.0, 2.0, 3.0, 4.0}) signal.append(t, t);
  for (const double t : {3.0, 4.0, 5.0}) signal.append(t, 10.0 * t);
  const History all = history(signal, 10.0, NonFinite::drop);
  EXPECT_EQ(all.positions, (std::vector<double>{1, 2, 3, 4, 5}));
  EXPECT_EQ(all.values, (std::vector<double>{1, 2, 30, 40, 50}));
  EXPECT_EQ(history(signal, 2.5, NonFinite::drop).values, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace emdyn::forecast
