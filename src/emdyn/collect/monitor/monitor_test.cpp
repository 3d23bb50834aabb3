#include "emdyn/collect/monitor/monitor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
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
    options.recorder.watch.alpha = 2e-3;
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

}  // namespace
}  // namespace emdyn::collect::monitor
