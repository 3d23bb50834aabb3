#include "emdyn/model/lab/sinusoid/sinusoid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/model/lab/registry.hpp"

namespace emdyn::model::lab {
namespace {

SinusoidConfig short_config() {
  SinusoidConfig config;
  config.points = 128;
  config.batch = 32;
  config.steps = 400;
  config.probe_every = 40;
  return config;
}

TEST(Sinusoid, LearnsWhatItIsShownAndNotWhatIsBeyond) {
  SinusoidConfig config = short_config();
  config.steps = 1500;
  config.learning_rate = 2e-3;
  const series::Run run = record(*make_sinusoid(config));
  EXPECT_LT(run.find("train_loss")->values.back(), 0.02);
  EXPECT_LT(run.find("test_loss_inside")->values.back(), 0.05);
  EXPECT_GT(run.find("test_loss_outside")->values.back(),
            5.0 * run.find("test_loss_inside")->values.back());
}

TEST(Sinusoid, EqualRecordsForEqualSeeds) {
  const auto first = record(*make_sinusoid(short_config())).signals;
  EXPECT_EQ(record(*make_sinusoid(short_config())).signals, first);
  SinusoidConfig other = short_config();
  other.seed = 2;
  EXPECT_NE(record(*make_sinusoid(other)).signals, first);
}

TEST(Sinusoid, HistogramCountsEveryPredictionAndMarksTheRange) {
  const auto experiment = make_sinusoid(short_config());
  const series::Run run = record(*experiment);
  EXPECT_EQ(run.signals.size(), experiment->signals().size());
  const Json& histogram = run.info.notes["data"]["histogram"];
  const auto sum = [&](const char* key) {
    const auto counts = histogram[key].get<std::vector<std::int64_t>>();
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  };
  EXPECT_EQ(sum("train_counts"), 128);
  EXPECT_EQ(sum("test_counts"), 256);
  EXPECT_EQ(histogram["edges"].size(), 61U);
  // 2(1 − Φ(3)), Abramowitz and Stegun table 26.1.
  EXPECT_NEAR(histogram["p_emergent"].get<double>(), 0.0026997960632602, 1e-12);
  const double mean = histogram["mean"].get<double>();
  const double stddev = histogram["stddev"].get<double>();
  EXPECT_NEAR(histogram["high_mark"].get<double>() - mean, 3.0 * stddev, 1e-12);
  EXPECT_LE(histogram["edges"][0].get<double>(), histogram["low_mark"].get<double>());
  EXPECT_EQ(run.find("outside_fraction")->values.back(),
            histogram["outside_fraction"].get<double>());
}

TEST(Sinusoid, WithoutAShiftNothingLiesOutside) {
  SinusoidConfig config = short_config();
  config.phase = 0.0;
  const series::Run run = record(*make_sinusoid(config));
  EXPECT_EQ(run.find("test_loss_outside"), nullptr);
  EXPECT_TRUE(std::isfinite(run.find("test_loss_inside")->values.back()));
}

TEST(Sinusoid, RefusesBadSettings) {
  EXPECT_THROW(make_experiment("sinusoid", {{"low", "5"}, {"high", "5"}}), ConfigError);
  EXPECT_THROW(make_experiment("sinusoid", {{"points", "1"}}), ConfigError);
  EXPECT_THROW(make_experiment("sinusoid", {{"learning_rate", "-1"}}), ConfigError);
  EXPECT_THROW(make_experiment("sinusoid", {{"k_sigma", "-0.1"}}), ConfigError);
  EXPECT_THROW(make_experiment("sinusoid", {{"p", "59"}}), ConfigError);
}

}  // namespace
}  // namespace emdyn::model::lab
