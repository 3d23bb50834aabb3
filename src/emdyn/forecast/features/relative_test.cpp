#include "emdyn/forecast/features/relative.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn::forecast {
namespace {

struct RunShape {
  double step = 1.0;       ///< Unit of time.
  double percent = 1.0;    ///< 100: accuracies in per cent.
  double loss_base = 1.0;  ///< Factor on losses: 1 / ln 2 for bits.
  double weight_unit = 1.0;
  int every = 10;           ///< Cadence, in hundredths of a per cent of the run.
  double rise_later = 0.0;  ///< Added to the accuracy after half the run.
};

// 20 classes; memorised early, generalising slowly.
series::Run relative_run(const RunShape& shape) {
  series::Run run;
  for (const char* name : {"train_loss", "test_loss", "train_accuracy", "test_accuracy",
                           "gradient_norm", "weight_norm"}) {
    run.signals.push_back({.name = name});
  }
  for (int i = 0; i <= 10'000; i += shape.every) {
    const double t = i / 10'000.0;
    const double later = t > 0.5 ? shape.rise_later : 0.0;
    const double values[] = {shape.loss_base * std::log(20.0) * std::exp(-8.0 * t),
                             shape.loss_base * std::log(20.0) * (1.0 + t - 0.8 * t * t + later),
                             shape.percent * std::min(1.0, 0.05 + 5.0 * t),
                             shape.percent * (0.05 + 0.3 * t * t + later),
                             2.0 * std::exp(-3.0 * t) + later,
                             shape.weight_unit * (30.0 + 20.0 * t - 30.0 * t * t + later)};
    for (std::size_t s = 0; s < 6; ++s) run.signals[s].append(shape.step * i, values[s]);
  }
  return run;
}

std::vector<double> features_at(const series::Run& run, double at, double deadline) {
  return relative_features(observe(run, at, deadline));
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  const auto names = relative_names();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t j = 0; j < a.size(); ++j) {
    if (std::isnan(a[j])) {
      EXPECT_TRUE(std::isnan(b[j])) << names[j];
    } else {
      EXPECT_NEAR(a[j], b[j], tolerance) << names[j];
    }
  }
}

TEST(RelativeRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(relative_registry());
  for (const RelativeFeature& each : relative_registry().entries()) {
    EXPECT_FALSE(each.factor.empty()) << each.name;
  }
}

TEST(RelativeFeatures, AllAreKnownOfAFullRun) {
  for (const double value : features_at(relative_run({}), 4000, 10'000)) {
    EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(RelativeFeatures, NothingAfterThePositionMatters) {
  const series::Run whole = relative_run({});
  const series::Run other = relative_run({.rise_later = 0.5});
  const auto seen = features_at(whole, 4000, 10'000);
  EXPECT_EQ(seen, features_at(whole.prefix(4000), 4000, 10'000));
  EXPECT_EQ(seen, features_at(other, 4000, 10'000));
}

TEST(RelativeFeatures, UnitsDoNotMatter) {
  const auto plain = features_at(relative_run({}), 4000, 10'000);
  expect_near(plain, features_at(relative_run({.step = 512.0}), 512.0 * 4000, 512.0 * 10'000),
              1e-9);
  expect_near(plain, features_at(relative_run({.percent = 100.0}), 4000, 10'000), 1e-9);
  expect_near(plain, features_at(relative_run({.weight_unit = 0.01}), 4000, 10'000), 1e-9);
}

TEST(RelativeFeatures, BaseOfTheLossDoesNotMatterWhereChanceIsKnown) {
  const double chance = 0.05;
  const auto nats = relative_features(observe(relative_run({}), 4000, 10'000, {}, chance));
  const auto bits = relative_features(
      observe(relative_run({.loss_base = 1.0 / std::log(2.0)}), 4000, 10'000, {}, chance));
  expect_near(nats, bits, 1e-9);
  // Not known: exp(-loss in bits) contradicts the first accuracy, which is then taken.
  EXPECT_NEAR(observe(relative_run({.loss_base = 1.0 / std::log(2.0)}), 4000, 10'000).chance, 0.05,
              0.01);
}

TEST(RelativeFeatures, CadenceHardlyMatters) {
  expect_near(features_at(relative_run({.every = 10}), 4000, 10'000),
              features_at(relative_run({.every = 100}), 4000, 10'000), 0.06);
}

TEST(RelativeFeatures, ChanceFromTheFirstLoss) {
  EXPECT_NEAR(observe(relative_run({}), 4000, 10'000).chance, 0.05, 1e-3);
  series::Run squared = relative_run({});
  for (double& value : squared.signals[0].values) value *= 0.01;
  for (double& value : squared.signals[1].values) value *= 0.01;
  EXPECT_NEAR(observe(squared, 4000, 10'000).chance, 0.05, 1e-3) << "the first accuracy";
}

TEST(RelativeFeatures, MissingSignalsAreMissingValues) {
  series::Run bare;
  bare.signals.push_back(relative_run({}).signals[1]);
  const Observed observed = observe(bare, 4000, 10'000);
  EXPECT_TRUE(is_informative(observed));
  const auto values = relative_features(observed);
  const auto names = relative_names();
  for (std::size_t j = 0; j < values.size(); ++j) {
    const bool of_test_loss = names[j].starts_with("test_loss") || names[j].ends_with("time_share");
    EXPECT_EQ(std::isfinite(values[j]), of_test_loss) << names[j];
  }
  EXPECT_FALSE(is_informative(observe(series::Run{}, 1.0, 2.0)));
  EXPECT_THROW(observe(bare, 3.0, 2.0), ConfigError);
}

TEST(RelativeRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "relative_features",
      registry_page(
          {.title = "Features free of units",
           .intro = "What stacked models see of a run up to a position. No unit of time, "
                    "percentage, base of a logarithm or number of classes changes them; "
                    "what a log lacks is a missing value. Shares of a forecast are summed "
                    "under the `factor`; the sign of a `trend` says whether it rises or "
                    "falls.",
           .see = "explaining.md"},
          described(relative_registry())));
}

}  // namespace
}  // namespace emdyn::forecast
