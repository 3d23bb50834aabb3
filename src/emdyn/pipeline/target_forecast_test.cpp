#include "emdyn/pipeline/target_forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::pipeline {
namespace {

using forecast::parse_signal_target;
using series::ForecastStatus;

/// A training of 800 steps: losses that follow a law, an accuracy, a rate, tokens.
series::Run training() {
  Philox random(17, 1);
  series::Run run;
  run.info.id = "run";
  series::Signal train{"train_loss"}, valid{"val_loss"}, accuracy{"val/acc"}, rate{"lr"},
      tokens{"tokens"};
  for (double t = 1; t <= 800; t += 1) {
    train.append(t, 2.0 + 4.0 * std::pow(t / 10.0, -0.5) + 0.05 * random.normal());
    rate.append(t, 1e-3);
    tokens.append(t, 1024.0 * t);
    if (std::fmod(t, 10.0) != 0.0) continue;
    valid.append(t, 2.1 + 4.0 * std::pow(t / 10.0, -0.5) + 0.01 * random.normal());
    accuracy.append(t, 0.8 - 0.7 * std::pow(t / 10.0, -0.5) + 0.005 * random.normal());
  }
  run.signals = {train, valid, accuracy, rate, tokens};
  return run;
}

TargetForecast told(std::string_view target, std::optional<double> deadline = {},
                    std::optional<double> at = {}) {
  TargetOptions options;
  options.deadline = deadline;
  options.at = at;
  return forecast_target(training(), parse_signal_target(target), options);
}

TEST(ForecastTarget, AnswersInTheWordsOfTheRecord) {
  const TargetForecast one = told("val_loss <= 2.4", 3000);
  EXPECT_EQ(one.forecast.target, "val_loss <= 2.4, sustained, before step 3000");
  EXPECT_EQ(one.forecast.status, ForecastStatus::ok);
  EXPECT_EQ(one.forecast.predictor, "curves");
  EXPECT_EQ(one.forecast.at, 800);
  ASSERT_TRUE(one.forecast.probability && one.outlook && one.outlook->value);
  const Json json = target_json(one);
  for (const char* name :
       {"forecast", "signal", "axis", "deadline", "competitors", "value", "record", "path"})
    EXPECT_TRUE(json.contains(name)) << name;
  for (const std::string& line : target_lines(one)) EXPECT_LE(line.size(), 90U) << line;
}

TEST(ForecastTarget, SeesOnlyWhatWasThereAtThePosition) {
  series::Run whole = training();
  const TargetForecast before = told("val_loss <= 2.4", 3000, 400);
  for (series::Signal& signal : whole.signals) {
    for (std::size_t i = 0; i < signal.size(); ++i) {
      if (signal.positions[i] > 400 && signal.name != "tokens") signal.values[i] = 99.0;
    }
  }
  TargetOptions options;
  options.deadline = 3000;
  options.at = 400;
  EXPECT_EQ(forecast_target(whole, parse_signal_target("val_loss <= 2.4"), options).forecast,
            before.forecast);
}

TEST(ForecastTarget, FindsSignalsByNameRoleAndAlias) {
  EXPECT_EQ(told("test_loss <= 2.4", 3000).signal, "val_loss");
  EXPECT_EQ(told("test_accuracy >= 0.75", 3000).signal, "val/acc");
  EXPECT_EQ(told("loss spike within 100").signal, "train_loss");
  EXPECT_EQ(told("collapse", 3000).signal, "val/acc");
}

TEST(ForecastTarget, GoesAlongAnotherAxis) {
  const TargetForecast steps = told("val_loss <= 2.4 before 3000 steps");
  const TargetForecast tokens = told("val_loss <= 2.4 before 3072000 tokens");
  EXPECT_EQ(tokens.axis, series::Axis::tokens);
  EXPECT_EQ(tokens.forecast.at, 800 * 1024.0);
  EXPECT_NEAR(tokens.forecast.probability->estimate, steps.forecast.probability->estimate, 0.02);
}

TEST(ForecastTarget, UnderstandsPercent) {
  const TargetForecast one = told("test_accuracy >= 75", 3000);
  EXPECT_EQ(one.forecast.target, "val/acc >= 0.75, sustained, before step 3000");
  EXPECT_EQ(one.notes.size(), 1U);
  EXPECT_EQ(told("test_accuracy >= 75%", 3000).forecast.probability, one.forecast.probability);
}

TEST(ForecastTarget, PastAndTooLateAreSaid) {
  EXPECT_EQ(told("val_loss <= 5", 3000).forecast.status, ForecastStatus::already_past);
  const TargetForecast late = told("val_loss <= 1", 700);
  EXPECT_EQ(late.forecast.status, ForecastStatus::abstained);
  EXPECT_NE(late.forecast.reason->find("deadline has passed"), std::string::npos);
}

TEST(ForecastTarget, RefusesInOneLine) {
  const auto refusal = [](std::string_view target, std::optional<double> deadline) -> std::string {
    try {
      told(target, deadline);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal("val_los <= 2", 3000).find("did you mean \"val_loss\""), std::string::npos);
  EXPECT_NE(refusal("val_loss <= 2", {}).find("--deadline"), std::string::npos);
  EXPECT_NE(refusal("val_loss <= 2", -5).find("-5"), std::string::npos);
  EXPECT_NE(refusal("val_loss <= 2 before 1e9 flops", {}).find("flops"), std::string::npos);
}

TEST(OutlookRun, HasTheMainSignalsFirstAndNoSettings) {
  TargetOptions options;
  options.deadline = 1600;
  const RunOutlook outlook = outlook_run(training(), options);
  ASSERT_EQ(outlook.signals.size(), 4U);
  EXPECT_EQ(outlook.signals[0].signal, "val/acc");
  EXPECT_EQ(outlook.signals[1].signal, "val_loss");
  EXPECT_FALSE(outlook.assumed);
  for (const SignalOutlook& one : outlook.signals)
    EXPECT_TRUE(one.outlook.value) << one.outlook.reason;
  const Json json = outlook_json(outlook);
  for (const char* event : {"jump", "spike", "stall", "divergence"})
    EXPECT_TRUE(json["signals"][2][event]["probability"].is_object()) << event;
  EXPECT_TRUE(outlook_run(training(), {}).assumed);
  EXPECT_DOUBLE_EQ(outlook_run(training(), {}).deadline, 1600.0);
  EXPECT_THROW(outlook_run({}, {}), DataError);
}

}  // namespace
}  // namespace emdyn::pipeline
