#include "emdyn/pipeline/live_forecast.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/collect/monitor/monitor.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/forecast/features/features.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/pipeline/target_forecast.hpp"

namespace emdyn::pipeline {
namespace {

constexpr double kDeadline = 4000.0;

class LiveForecastTest : public testing::Test {
 protected:
  ~LiveForecastTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  static const series::Run& grokking() {
    static const series::Run run =
        collect::ingest::read_runs(EMDYN_SOURCE_DIR "/examples/grokking.csv").front();
    return run;
  }

  /// Logs the rows of the run in the order of their positions, up to `end`, values beyond `altered`
  /// replaced by nonsense.
  std::vector<series::Forecast> watch(LiveForecastOptions options, const Json& configuration,
                                      double end = 1e9, double altered = 1e9) {
    auto store = collect::store::Store::open(folder_, collect::store::Mode::write);
    collect::monitor::MonitorOptions monitor_options{.overflow = collect::monitor::Overflow::wait};
    monitor_options.recorder.detect = false;
    collect::monitor::Monitor monitor(
        store.create({}), monitor_options, {},
        std::make_unique<LiveForecast>(std::move(options), configuration));
    std::vector<std::size_t> next(grokking().signals.size(), 0);
    for (;;) {
      double nearest = end;
      for (std::size_t i = 0; i < next.size(); ++i) {
        const series::Signal& signal = grokking().signals[i];
        if (next[i] < signal.size()) nearest = std::min(nearest, signal.positions[next[i]]);
      }
      if (!(nearest < end)) break;
      for (std::size_t i = 0; i < next.size(); ++i) {
        const series::Signal& signal = grokking().signals[i];
        if (next[i] >= signal.size() || signal.positions[next[i]] != nearest) continue;
        const double value = signal.values[next[i]++];
        monitor.log(monitor.add_signal(signal.name), nearest, nearest > altered ? 0.5 : value);
      }
    }
    monitor.finish(series::RunStatus::finished);
    return store.forecasts(monitor.run_id());
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("emdyn_live_forecast_" + std::to_string(::getpid()));
};

// What is said live is what `forecast --at` says later of the finished run.
TEST_F(LiveForecastTest, EqualsTheForecastsOfTheFinishedRun) {
  std::vector<series::Forecast> heard;
  LiveForecastOptions options;
  options.deadline = kDeadline;
  options.on_forecast = [&](const series::Forecast& made) { heard.push_back(made); };
  const auto stored = watch(options, grokking().info.configuration);
  EXPECT_EQ(stored, heard);
  ASSERT_GE(stored.size(), 5U);
  const auto positions = forecast::forecast_positions(kDeadline);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    EXPECT_EQ(stored[i].at, positions[i]);
    forecast::ForecastOptions later;
    later.deadline = kDeadline;
    later.at = positions[i];
    series::Run run = grokking();
    run.info.id = stored[i].run;
    EXPECT_EQ(stored[i], forecast::forecast(forecast::choose_predictor(run, later), run, later));
  }
  EXPECT_EQ(stored.back().status, series::ForecastStatus::already_past);  // It generalises.
}

TEST_F(LiveForecastTest, SeesNothingBeyondItsPosition) {
  LiveForecastOptions options;
  options.deadline = kDeadline;
  const auto whole = watch(options, {});
  const double cut = whole[whole.size() / 2].at;
  const auto part = watch(options, {}, cut + 1e-9);
  const auto altered = watch(options, {}, 1e9, cut);
  ASSERT_GE(part.size(), 2U);
  for (std::size_t i = 0; i < part.size() && part[i].at <= cut; ++i) {
    for (const auto* other : {&part, &altered}) {
      series::Forecast same = (*other)[i];
      same.run = whole[i].run;
      EXPECT_EQ(same, whole[i]);
    }
  }
}

TEST_F(LiveForecastTest, TheDeadlineIsTheRunsOwnSettingOrThereIsNone) {
  EXPECT_EQ(watch({}, Json{{"steps", kDeadline}}).size(),
            watch({.deadline = kDeadline}, Json::object()).size());
  EXPECT_TRUE(watch({}, Json::object()).empty());
  EXPECT_TRUE(watch({}, Json{{"steps", -1}}).empty());
}

TEST_F(LiveForecastTest, ARoleThatNamesNothingIsAnAbstentionNotAnEnd) {
  LiveForecastOptions options;
  options.deadline = kDeadline;
  options.roles[series::Role::test_accuracy] = "absent";
  const auto stored = watch(options, Json::object());
  ASSERT_FALSE(stored.empty());
  for (const series::Forecast& each : stored) {
    EXPECT_EQ(each.status, series::ForecastStatus::abstained);
    EXPECT_NE(each.reason->find("absent"), std::string::npos);
  }
}

// Declared targets too: what is said live is what is said later.
TEST_F(LiveForecastTest, ForecastsDeclaredTargets) {
  LiveForecastOptions options;
  options.targets = {forecast::parse_signal_target("test_loss <= 0.5 before 4000"),
                     forecast::parse_signal_target("train_loss spike within 200")};
  const auto stored = watch(options, Json::object(), 1500);
  ASSERT_GE(stored.size(), 10U);
  std::size_t told = 0;
  for (const series::Forecast& one : stored) {
    series::Run run = grokking();
    run.info.id = one.run;
    TargetOptions later;
    later.at = one.at;
    const auto& target = options.targets[one.target.find("spike") != std::string::npos ? 1 : 0];
    EXPECT_EQ(one, forecast_target(run, target, later).forecast);
    told += one.probability ? 1U : 0U;
  }
  EXPECT_GT(told, 5U);
}

TEST_F(LiveForecastTest, ATargetOnASignalThatIsNotThereAbstains) {
  LiveForecastOptions options;
  options.targets = {forecast::parse_signal_target("absent <= 1 before 4000")};
  const auto stored = watch(options, Json::object(), 500);
  ASSERT_FALSE(stored.empty());
  EXPECT_EQ(stored.front().status, series::ForecastStatus::abstained);
  EXPECT_NE(stored.front().reason->find("absent"), std::string::npos);
}

TEST_F(LiveForecastTest, RefusesBadOptions) {
  EXPECT_THROW(LiveForecast({.deadline = -1.0}), ConfigError);
  EXPECT_THROW(LiveForecast({.level = 1.0}), ConfigError);
}

TEST(LatestForecast, SaysTheNewest) {
  LatestForecast latest;
  EXPECT_EQ(latest.text(), "forecast –");
  series::Forecast made;
  made.target = "x >= 1";
  made.at = 610.0;
  made.probability = series::Interval{0.41, 0.62, 0.8, 0.9};
  latest.take(made);
  EXPECT_EQ(latest.text(), "forecast 0.62");
  EXPECT_EQ(live_forecast_line(made),
            "forecast at 610: P(x >= 1) = 0.62 [0.41, 0.80], seen from 610");
  made.probability.reset();
  made.status = series::ForecastStatus::abstained;
  latest.take(made);
  EXPECT_EQ(latest.text(), "forecast abstained");
  EXPECT_EQ(latest.count(), 2U);
}

}  // namespace
}  // namespace emdyn::pipeline
