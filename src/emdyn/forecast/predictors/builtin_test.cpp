#include "emdyn/forecast/predictors/builtin.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"

namespace emdyn::forecast {
namespace {

TEST(Builtin, BothPredictorsAreThereAndSayWhereTheyComeFrom) {
  const auto predictors = builtin_predictors();
  ASSERT_EQ(predictors.size(), 2u);
  EXPECT_EQ(predictors[0].name, "grokking");
  EXPECT_EQ(predictors[1].name, "signals_only");
  for (const Predictor& predictor : predictors) {
    EXPECT_GE(predictor.provenance.at("runs").get<int>(), 150);
    const int never = predictor.provenance.at("runs").get<int>() -
                      predictor.provenance.at("runs_reached").get<int>();
    EXPECT_GE(3 * never, predictor.provenance.at("runs").get<int>()) << "a third never generalise";
    EXPECT_GE(predictor.replicates.size(), 100u);
    EXPECT_TRUE(predictor.provenance.at("held_out").is_object());
    EXPECT_EQ(&builtin_predictor(predictor.name), &predictor);
  }
  EXPECT_THROW(builtin_predictor("nonsense"), ConfigError);
}

TEST(Builtin, ABareLogIsForecastFromItsSignals) {
  series::Run run = synthetic::make_run(1, true);
  const ForecastOptions options{.deadline = 2000.0, .at = 800.0};
  run.info.configuration = Json::object();
  EXPECT_EQ(choose_predictor(run, options).name, "signals_only");
  run.signals.clear();
  const Predictor& last = choose_predictor(run, options);
  const auto abstained = forecast(last, run, options);
  EXPECT_EQ(abstained.status, series::ForecastStatus::abstained);
  EXPECT_NE(abstained.reason->find("--role"), std::string::npos);
}

}  // namespace
}  // namespace emdyn::forecast
