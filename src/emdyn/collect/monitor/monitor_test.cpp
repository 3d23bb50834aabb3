#include "emdyn/collect/monitor/monitor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::monitor {
namespace {

class MonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::temp_directory_path() / ("emdyn-monitor-" + name);
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  collect::store::Store store() const {
    return collect::store::Store::open(folder_, collect::store::Mode::write);
  }
  static series::RunInfo info() {
    series::RunInfo info;
    info.name = "test";
    return info;
  }

  std::filesystem::path folder_;
};

TEST_F(MonitorTest, StoresEveryPointOfEveryThread) {
  auto store = this->store();
  constexpr int kThreads = 4;
  constexpr int kPoints = 5000;
  std::string id;
  {
    Monitor monitor(store.create(info()), {.ring_points = 64, .overflow = Overflow::wait});
    id = monitor.run_id();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&monitor, t] {
        const auto signal = monitor.add_signal("signal " + std::to_string(t));
        for (int i = 0; i < kPoints; ++i) monitor.log(signal, i, t);
      });
    }
    for (auto& thread : threads) thread.join();
    monitor.finish(series::RunStatus::finished);
    EXPECT_EQ(monitor.points(), static_cast<std::uint64_t>(kThreads * kPoints));
    EXPECT_EQ(monitor.dropped(), 0U);
  }
  const series::Run run = store.load(id);
  ASSERT_EQ(run.signals.size(), static_cast<std::size_t>(kThreads));
  for (const series::Signal& signal : run.signals)
    EXPECT_EQ(signal.size(), static_cast<std::size_t>(kPoints));
}

// Of many signals with a bounded share of false discoveries: what is sure is told and stored, a
// value that is not finite as well, and what a loose budget lets through by chance is not.
TEST_F(MonitorTest, BoundsFalseDiscoveriesOverAllSignals) {
  auto store = this->store();
  const auto events_with = [&](double rate) {
    MonitorOptions options{.overflow = Overflow::wait};
    options.recorder.detection.detector = detect::kWatch;
    options.recorder.detection.alpha = 2e-3;
    options.recorder.false_discovery_rate = rate;
    Monitor monitor(store.create(info()), options);
    std::vector<Monitor::SignalId> signals;
    for (int s = 0; s < 10; ++s) signals.push_back(monitor.add_signal(std::to_string(s)));
    Philox random(15);
    for (int t = 0; t < 600; ++t) {
      for (std::size_t s = 0; s < signals.size(); ++s) {
        const double spike = s % 2 == 1 && t == 300 ? 15.0 : 0.0;
        const bool gone = s == 4 && t == 400;
        monitor.log(signals[s], t, gone ? std::nan("") : random.normal() + spike);
      }
    }
    monitor.finish(series::RunStatus::finished);
    return store.events(monitor.run_id());
  };
  const auto everything = events_with(0.0);
  const auto sure = events_with(0.1);
  const auto has = [](const auto& events, std::string_view signal, double position) {
    return std::ranges::any_of(events, [&](const auto& event) {
      return event.signal == signal && event.position == position;
    });
  };
  int told = 0;
  for (const std::string_view signal : {"1", "3", "5", "7", "9"}) told += has(sure, signal, 300.0);
  EXPECT_GE(told, 4);  // Of 5; a chance alarm just before may silence one.
  EXPECT_TRUE(has(sure, "4", 400.0));
  EXPECT_LE(sure.size(), 8U);
  EXPECT_GT(everything.size(), sure.size());
  MonitorOptions impossible;
  impossible.recorder.false_discovery_rate = 1.5;
  EXPECT_THROW(Monitor(store.create(info()), impossible), ConfigError);
}

TEST_F(MonitorTest, RaisesAndStoresTheEventOfASpikeAndOfANonFiniteValue) {
  auto store = this->store();
  std::vector<series::Event> seen;
  Monitor monitor(store.create(info()), {.overflow = Overflow::wait},
                  [&](const series::Event& event) { seen.push_back(event); });
  const auto loss = monitor.add_signal("loss");
  Philox random(5);
  for (int i = 0; i < 2000; ++i) {
    const double spike = i == 1500 ? 3.0 : 0.0;
    monitor.log(loss, i, i == 1800 ? std::nan("") : 2.0 + 0.05 * random.normal() + spike);
  }
  monitor.finish(series::RunStatus::finished);
  EXPECT_EQ(monitor.nonfinite(), 1U);
  const auto stored = store.events(monitor.run_id());
  EXPECT_EQ(stored, seen);
  const auto at = [&](double position) {
    return std::ranges::count_if(stored,
                                 [&](const auto& event) { return event.position == position; });
  };
  EXPECT_EQ(at(1500), 1);
  EXPECT_EQ(at(1800), 1);
  EXPECT_LE(stored.size(), 4U);
}

TEST_F(MonitorTest, AFullRingDropsAndCounts) {
  auto store = this->store();
  Monitor monitor(store.create(info()), {.ring_points = 2});
  const auto signal = monitor.add_signal("x");
  std::uint64_t taken = 0;
  constexpr std::uint64_t kPoints = 200000;
  for (std::uint64_t i = 0; i < kPoints; ++i)
    taken += monitor.log(signal, static_cast<double>(i), 0.0) ? 1U : 0U;
  EXPECT_FALSE(monitor.log(signal, std::nan(""), 0.0));
  monitor.finish(series::RunStatus::finished);
  EXPECT_EQ(monitor.points(), taken);
  EXPECT_EQ(monitor.dropped(), kPoints - taken + 1);
  EXPECT_GT(monitor.dropped(), 1U);
  EXPECT_FALSE(monitor.log(signal, 1.0, 0.0));  // After the end, too.
}

TEST_F(MonitorTest, ARunThatWasNotFinishedKeepsItsPoints) {
  auto store = this->store();
  std::string id;
  {
    Monitor monitor(store.create(info()), {});
    id = monitor.run_id();
    monitor.log(monitor.add_signal("x"), 1.0, 2.0);
  }
  EXPECT_EQ(store.load(id).find("x")->values, std::vector<double>{2.0});
  EXPECT_EQ(store.info(id).status, series::RunStatus::interrupted);
}

// Whatever the registries hold can watch a run, and gives the events it gives anywhere.
TEST_F(MonitorTest, RunsAnyEntryAndGivesItsEvents) {
  auto store = this->store();
  for (const std::string_view name : {"auto", "watch", "cusum", "bocpd"}) {
    MonitorOptions options{.overflow = Overflow::wait};
    options.recorder.detection.detector = name;
    options.recorder.detection.alpha = 1e-4;
    Monitor monitor(store.create(info()), options);
    detect::SeriesDetector alone("loss", series::Axis::step, options.recorder.detection);
    std::vector<series::Event> expected;
    const auto loss = monitor.add_signal("loss");
    Philox random(8);
    for (int i = 0; i < 800; ++i) {
      const double value = random.normal() + (i >= 500 ? 9.0 : 0.0);
      monitor.log(loss, i, i == 300 ? std::nan("") : value);
      (void)alone.push(i, i == 300 ? std::nan("") : value, expected);
    }
    monitor.finish(series::RunStatus::finished);
    for (series::Event& event : expected) event.run = monitor.run_id();
    EXPECT_EQ(store.events(monitor.run_id()), expected) << name;
    EXPECT_GE(expected.size(), 2U) << name;
  }
  MonitorOptions unknown;
  unknown.recorder.detection.detector = "cusun";
  EXPECT_THROW(Monitor(store.create(info()), unknown), ConfigError);
}

// A detector of rows sees, as one row, what has one position.
TEST_F(MonitorTest, ADetectorOfRowsSeesAllSignalsTogether) {
  auto store = this->store();
  MonitorOptions options{.overflow = Overflow::wait};
  options.recorder.detection.detector = "mahalanobis";
  Monitor monitor(store.create(info()), options);
  std::vector<Monitor::SignalId> signals;
  for (const char* name : {"a", "b", "c"}) signals.push_back(monitor.add_signal(name));
  Philox random(9);
  for (int i = 0; i < 400; ++i) {
    for (std::size_t s = 0; s < signals.size(); ++s) {
      monitor.log(signals[s], i, random.normal() + (i == 399 && s == 1 ? 12.0 : 0.0));
    }
  }
  monitor.finish(series::RunStatus::finished);  // The last row is closed by it.
  const auto events = store.events(monitor.run_id());
  const auto last = std::ranges::find(events, 399.0, &series::Event::position);
  ASSERT_NE(last, events.end());
  EXPECT_EQ(last->signal, "row");
  EXPECT_EQ(last->shares.front().name, "b");
}

/// Counts what it is told; throws at a point if asked to.
class CountingObserver final : public RunObserver {
 public:
  CountingObserver(std::vector<std::string>& heard, int throws_at)
      : heard_(heard), throws_at_(throws_at) {}
  void on_signal(std::uint32_t signal, std::string_view name, series::Axis) override {
    heard_.push_back(std::to_string(signal) + " " + std::string(name));
  }
  void on_point(std::uint32_t, double position, double, RunRecorder& run) override {
    if (++points_ == throws_at_) throw std::runtime_error("broken");
    if (position != 2.0) return;
    series::Forecast forecast;
    forecast.run = run.run_id();
    forecast.at = position;
    run.record(forecast);
  }
  void on_end(RunRecorder&) override { heard_.push_back("end " + std::to_string(points_)); }

 private:
  std::vector<std::string>& heard_;
  int throws_at_;
  int points_ = 0;
};

TEST_F(MonitorTest, AnObserverSeesEveryPointAddsRecordsAndMayFail) {
  auto store = this->store();
  for (const int throws_at : {0, 2}) {
    std::vector<std::string> heard;
    std::string warning;
    MonitorOptions options{.overflow = Overflow::wait};
    options.recorder.on_warning = [&](std::string_view text) { warning = text; };
    Monitor monitor(store.create(info()), options, {},
                    std::make_unique<CountingObserver>(heard, throws_at));
    const auto signal = monitor.add_signal("x");
    for (int i = 0; i < 5; ++i) monitor.log(signal, i, 1.0);
    monitor.finish(series::RunStatus::finished);
    EXPECT_EQ(monitor.points(), 5U);
    EXPECT_EQ(heard.front(), "0 x");
    EXPECT_EQ(heard.size(), throws_at == 0 ? 2U : 1U);
    if (throws_at == 0) {
      EXPECT_EQ(heard.back(), "end 5");
    }
    EXPECT_EQ(store.forecasts(monitor.run_id()).size(), throws_at == 0 ? 1U : 0U);
    EXPECT_EQ(warning.empty(), throws_at == 0);
  }
}

}  // namespace
}  // namespace emdyn::collect::monitor
