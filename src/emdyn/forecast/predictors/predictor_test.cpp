#include "emdyn/forecast/predictors/predictor.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"
#include "emdyn/forecast/training/train.hpp"

namespace emdyn::forecast {
namespace {

using series::ForecastStatus;

const Predictor& predictor() {
  static const Predictor fitted =
      train_predictor(synthetic::make_bank(40), FeatureSet::grokking, {.replicates = 30});
  return fitted;
}
const Predictor& bare_predictor() {
  static const Predictor fitted =
      train_predictor(synthetic::make_bank(40), FeatureSet::signals_only, {.replicates = 30});
  return fitted;
}

TEST(Predictor, TellsRunsApartItHasNotSeen) {
  const auto will =
      forecast(predictor(), synthetic::make_run(101, true), {.deadline = 2000.0, .at = 800.0});
  const auto never =
      forecast(predictor(), synthetic::make_run(102, false), {.deadline = 2000.0, .at = 800.0});
  ASSERT_EQ(will.status, ForecastStatus::ok);
  ASSERT_EQ(never.status, ForecastStatus::ok);
  EXPECT_GT(will.probability->estimate, 0.8);
  EXPECT_LT(never.probability->estimate, 0.2);
  EXPECT_LE(will.probability->low, will.probability->estimate);
  EXPECT_LE(will.probability->estimate, will.probability->high);
  EXPECT_EQ(will.target, "test_accuracy >= 0.9, sustained, before step 2000");
}

TEST(Predictor, ForecastsAreCausal) {
  const series::Run run = synthetic::make_run(101, true);
  for (const double at : {100.0, 333.0, 901.0, 1400.0}) {
    const ForecastOptions options{.deadline = 2000.0, .at = at};
    const auto whole = forecast(predictor(), run, options);
    EXPECT_EQ(whole, forecast(predictor(), run.prefix(at), options));
    series::Run altered = run;
    for (auto& signal : altered.signals) {
      for (std::size_t i = 0; i < signal.size(); ++i) {
        if (signal.positions[i] > at) signal.values[i] = 0.5;
      }
    }
    EXPECT_EQ(whole, forecast(predictor(), altered, options));
  }
}

TEST(Predictor, SaysWhenTheTargetIsPast) {
  const series::Run run = synthetic::make_run(101, true);
  const auto past = forecast(predictor(), run, {.deadline = 2000.0});
  EXPECT_EQ(past.status, ForecastStatus::already_past);
  EXPECT_FALSE(past.probability);
}

TEST(Predictor, AbstainsWhenARoleIsMissingAndSaysHowToGiveIt) {
  series::Run run = synthetic::make_run(101, true);
  std::erase_if(run.signals, [](const auto& s) { return s.name == "train_accuracy"; });
  const auto result = forecast(bare_predictor(), run, {.deadline = 2000.0, .at = 500.0});
  EXPECT_EQ(result.status, ForecastStatus::abstained);
  EXPECT_NE(result.reason->find("--role train_accuracy=SIGNAL"), std::string::npos);
}

TEST(Predictor, SignalsOnlyNeedsNoConfiguration) {
  series::Run run = synthetic::make_run(101, true);
  run.info.configuration = Json::object();
  const ForecastOptions options{.deadline = 2000.0, .at = 800.0};
  EXPECT_EQ(forecast(predictor(), run, options).status, ForecastStatus::abstained);
  EXPECT_EQ(forecast(bare_predictor(), run, options).status, ForecastStatus::ok);
}

TEST(Predictor, AbstainsFarOutsideWhatItHasSeen) {
  series::Run run = synthetic::make_run(101, true);
  run.info.configuration["p"] = 10007;
  const auto result = forecast(predictor(), run, {.deadline = 2000.0, .at = 800.0});
  EXPECT_EQ(result.status, ForecastStatus::abstained);
  EXPECT_NE(result.reason->find("log10_"), std::string::npos);
}

TEST(Predictor, AbstainsAfterTheDeadlineAndBeforeTheFirstRecords) {
  const series::Run run = synthetic::make_run(102, false);
  EXPECT_EQ(forecast(predictor(), run, {.deadline = 1000.0}).status, ForecastStatus::abstained);
  EXPECT_EQ(forecast(predictor(), run, {.deadline = 2000.0, .at = 5.0}).status,
            ForecastStatus::abstained);
  EXPECT_EQ(forecast(predictor(), series::Run{}, {.deadline = 2000.0}).status,
            ForecastStatus::abstained);
  EXPECT_THROW(forecast(predictor(), run, {}), ConfigError);
}

TEST(Predictor, PathEndsWhenTheTargetIsPast) {
  const auto path = forecast_path(predictor(), synthetic::make_run(101, true), {.deadline = 2000});
  ASSERT_GT(path.size(), 10u);
  EXPECT_EQ(path.back().status, ForecastStatus::already_past);
  EXPECT_NE(path[path.size() - 2].status, ForecastStatus::already_past);
}

TEST(Predictor, CrossedAtFollowsTheFrozenRule) {
  Predictor rule = predictor();
  rule.alarm = {.threshold = 0.5, .consecutive = 2, .budget = 0.1};
  std::vector<series::Forecast> path(5);
  const double probabilities[] = {0.1, 0.0, 0.6, 0.7, 0.8};
  for (std::size_t i = 0; i < path.size(); ++i) {
    path[i].at = static_cast<double>(i);
    path[i].probability = series::Interval{0, probabilities[i], 1, 0.9};
  }
  path[1].status = ForecastStatus::abstained;
  EXPECT_EQ(crossed_at(rule, path), 3.0);
  path[0].probability->estimate = 0.9;
  EXPECT_FALSE(crossed_at(rule, path)) << "it started above";
}

TEST(Predictor, JsonBothWays) {
  const Predictor back =
      predictor_from_json(parse_json(json_text(predictor_json(predictor())), ""));
  const series::Run run = synthetic::make_run(104, true);
  const ForecastOptions options{.deadline = 2000.0, .at = 700.0};
  const auto before = forecast(predictor(), run, options);
  const auto after = forecast(back, run, options);
  EXPECT_EQ(before.probability->estimate, after.probability->estimate);
  EXPECT_NEAR(before.probability->low, after.probability->low, 1e-4);
  EXPECT_EQ(back.alarm, predictor().alarm);
}

TEST(Predictor, RefusesBrokenJson) {
  const Json good = predictor_json(predictor());
  EXPECT_THROW(predictor_from_json(Json::object()), DataError);
  for (const char* key : {"beta", "scale", "alarm", "target", "replicates", "features", "low"}) {
    Json broken = good;
    broken.erase(key);
    EXPECT_THROW(predictor_from_json(broken), DataError) << key;
  }
  Json zero = good;
  zero["scale"][0] = 0.0;
  EXPECT_THROW(predictor_from_json(zero), DataError);
  Json words = good;
  words["beta"][0] = "x";
  EXPECT_THROW(predictor_from_json(words), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
