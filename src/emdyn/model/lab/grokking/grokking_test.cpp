#include "emdyn/model/lab/grokking/grokking.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/registry.hpp"

namespace emdyn::model::lab {
namespace {

GrokkingConfig small_config() {
  GrokkingConfig config;
  config.p = 23;
  config.width = 32;
  config.train_fraction = 0.5;
  config.learning_rate = 5e-3;
  config.init_scale = 1.0;
  config.steps = 120;
  config.probe_every = 10;
  return config;
}

series::Run run_of(const GrokkingConfig& config) { return record(*make_grokking(config)); }

std::vector<series::Signal> signals_of(const GrokkingConfig& config) {
  return run_of(config).signals;
}

TEST(Grokking, TrainingReducesTheLoss) {
  const series::Run run = run_of(small_config());
  const series::Signal* loss = run.find("train_loss");
  ASSERT_NE(loss, nullptr);
  ASSERT_EQ(loss->size(), 13U);
  EXPECT_EQ(loss->positions.front(), 0.0);
  EXPECT_EQ(loss->positions.back(), 120.0);
  EXPECT_LT(loss->values.back(), 0.5 * loss->values.front());
}

TEST(Grokking, MemorisesFirstAndGeneralisesLater) {
  GrokkingConfig config;
  config.p = 23;
  config.width = 64;
  config.train_fraction = 0.5;
  config.learning_rate = 3e-3;
  config.steps = 2500;
  config.probe_every = 25;
  const series::Run run = run_of(config);
  const auto first_above = [&](const char* name, double level) {
    const series::Signal* signal = run.find(name);
    for (std::size_t i = 0; i < signal->size(); ++i) {
      if (signal->values[i] >= level) return signal->positions[i];
    }
    return 1e9;
  };
  EXPECT_LE(3.0 * first_above("train_accuracy", 0.99), first_above("test_accuracy", 0.9));
  EXPECT_LT(first_above("test_accuracy", 0.9), 2500.0);
}

TEST(Grokking, WithoutDecayItNeverGeneralises) {
  GrokkingConfig config;
  config.p = 23;
  config.width = 64;
  config.train_fraction = 0.2;
  config.weight_decay = 0.0;
  config.steps = 1500;
  config.probe_every = 100;
  const series::Run run = run_of(config);
  EXPECT_EQ(run.find("train_accuracy")->values.back(), 1.0);
  EXPECT_LT(run.find("test_accuracy")->values.back(), 0.2);
}

TEST(Grokking, EqualRecordsForEqualSeedsAndEveryNumberOfThreads) {
  for (const std::int64_t batch : {0, 50}) {
    GrokkingConfig config = small_config();
    config.batch = batch;
    const auto first = signals_of(config);
    EXPECT_EQ(signals_of(config), first);
    const ThreadLimit limit(1);
    EXPECT_EQ(signals_of(config), first);
    config.seed = 2;
    EXPECT_NE(signals_of(config), first);
  }
}

TEST(Grokking, EverySignalIsRegisteredAndFinite) {
  const auto experiment = make_grokking(small_config());
  const series::Run run = record(*experiment);
  EXPECT_EQ(run.signals.size(), experiment->signals().size());
  for (const series::Signal& signal : run.signals) {
    EXPECT_THAT(signal.values,
                testing::Each(testing::Truly([](double v) { return std::isfinite(v); })))
        << signal.name;
  }
}

TEST(Grokking, AProbeThatThrowsIsSwitchedOffAndTrainingGoesOn) {
  const auto plain = signals_of(small_config());
  CustomProbe bad{"bad", {{"bad_signal", "fails in its third row"}}, 1, {}};
  bad.measure = [calls = 0](PairNetwork&) mutable {
    if (++calls > 2) throw std::runtime_error("no memory of that");
    return std::vector<double>{1.0};
  };
  const series::Run run = record(*make_grokking(small_config(), {bad}));
  ASSERT_EQ(run.events.size(), 1U);
  EXPECT_EQ(run.events[0].kind, series::EventKind::gap);
  EXPECT_EQ(run.events[0].signal, "bad_signal");
  EXPECT_EQ(run.events[0].position, 20.0);
  EXPECT_EQ(run.find("bad_signal")->size(), 2U);
  EXPECT_EQ(run.find("train_loss")->values, plain[0].values);
}

TEST(Grokking, StopsWhenAsked) {
  GrokkingConfig config = small_config();
  config.steps = 1'000'000'000;
  std::stop_source source;
  class StopAfter final : public SampleSink {
   public:
    explicit StopAfter(std::stop_source& stop) : stop_(stop) {}
    void row(std::int64_t step, std::span<const Sample>) override {
      if (step >= 50) stop_.request_stop();
    }
    void event(const series::Event&) override {}

   private:
    std::stop_source& stop_;
  } sink(source);
  const ExperimentResult outcome = make_grokking(config)->run(sink, Task(source.get_token()));
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.steps, 51);
}

TEST(Grokking, ScheduleFollowsTheBudget) {
  GrokkingConfig config = small_config();
  config.probe_every = 0;
  for (const double budget : {2.0, 5.0, 20.0}) {
    config.probe_budget_percent = budget;
    const series::Run run = run_of(config);
    double share = 0.0;
    for (const Json& probe : run.info.notes["probes"]) {
      share += probe["modelled_share"].get<double>();
    }
    EXPECT_LE(share, budget / 100.0) << budget;
    EXPECT_GT(share, 0.0);
  }
  config.probe_budget_percent = 0.0;
  EXPECT_TRUE(run_of(config).signals.empty());
}

TEST(Grokking, RefusesBadSettings) {
  const auto message = [](const Params& params) -> std::string {
    try {
      make_experiment("grokking", params);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message({{"p", "91"}}), testing::HasSubstr("grokking.p must be a prime, got 91"));
  EXPECT_THAT(message({{"p", "2"}}), testing::HasSubstr("grokking.p"));
  EXPECT_THAT(message({{"width", "0"}}), testing::HasSubstr("grokking.width"));
  EXPECT_THAT(message({{"learning_rate", "0"}}), testing::HasSubstr("grokking.learning_rate"));
  EXPECT_THAT(message({{"learning_rate", "nan"}}), testing::HasSubstr("grokking.learning_rate"));
  EXPECT_THAT(message({{"weight_decay", "-1"}}), testing::HasSubstr("grokking.weight_decay"));
  EXPECT_THAT(message({{"train_fraction", "0"}}), testing::HasSubstr("grokking.train_fraction"));
  EXPECT_THAT(message({{"train_fraction", "1"}}), testing::HasSubstr("grokking.train_fraction"));
  EXPECT_THAT(message({{"op", "xor"}}), testing::HasSubstr("grokking.op"));
  EXPECT_THAT(message({{"widht", "3"}}), testing::HasSubstr("widht"));
  EXPECT_THROW(make_experiment("groking", {}), ConfigError);
}

}  // namespace
}  // namespace emdyn::model::lab
