#include "emdyn/collect/monitor/recorder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::monitor {
namespace {

constexpr std::uint32_t kSignalsHeld = 6;
constexpr int kRowsHeld = 900;

class HeldSamples : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("emdyn-recorder-") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    store_.emplace(store::Store::open(folder_, store::Mode::write));
    Philox random(3);
    for (int row = 0; row < kRowsHeld; ++row) {
      for (std::uint32_t signal = 0; signal < kSignalsHeld; ++signal) {
        // Some jump at the same row, one repeats a value that is not finite.
        const double jump = row >= 600 && signal % 2 == 0 ? 9.0 : 0.0;
        const bool odd = signal == 5 && row % 100 == 50;
        values_.push_back(odd ? HUGE_VAL : random.normal() + jump);
      }
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RecorderOptions options() {
    RecorderOptions made;
    made.detection.alpha = 1e-3;
    made.history = [this](std::string_view run, std::string_view signal, const auto& visit) {
      store::Store(*store_).scan(run, signal, {}, [&](const store::Block& block) {
        visit(block.positions, block.values);
      });
    };
    return made;
  }

  struct Outcome {
    std::vector<series::Event> events;
    std::size_t woken = 0;
  };
  /// @param rows_a_phase 0: nothing is held.
  Outcome record(int rows_a_phase, const JudgeOptions& judge) {
    Outcome outcome;
    RunRecorder run(store_->create({}), options());
    if (rows_a_phase > 0) run.hold();
    std::uint64_t phase = 0;
    const auto end_phase = [&] {
      RunRecorder* const runs[] = {&run};
      outcome.woken += judge_held(runs, ++phase, judge).woken;
      EXPECT_EQ(run.held(), 0U);
      run.sync();
    };
    for (std::uint32_t s = 0; s < kSignalsHeld; ++s)
      run.add_signal("s" + std::to_string(s), series::Axis::step);
    for (int row = 0; row < kRowsHeld; ++row) {
      for (std::uint32_t s = 0; s < kSignalsHeld; ++s) {
        run.push(s, row, values_[static_cast<std::size_t>(row) * kSignalsHeld + s], {});
      }
      if (rows_a_phase > 0 && (row + 1) % rows_a_phase == 0) end_phase();
    }
    if (rows_a_phase > 0) end_phase();
    run.finish(series::RunStatus::finished);
    outcome.events = store_->events(run.run_id());
    return outcome;
  }
  static void expect_equal(const Outcome& left, const Outcome& right) {
    ASSERT_EQ(left.events.size(), right.events.size());
    for (std::size_t i = 0; i < left.events.size(); ++i) {
      Json a = left.events[i];
      Json b = right.events[i];
      a.erase("run");
      b.erase("run");
      EXPECT_EQ(a, b) << i;
    }
  }

  std::filesystem::path folder_;
  std::optional<store::Store> store_;
  std::vector<double> values_;
};

TEST_F(HeldSamples, RaiseTheSameEventsInTheSameOrderOnAnyNumberOfThreads) {
  const Outcome at_once = record(0, {});
  std::set<std::string> signals;
  for (const series::Event& event : at_once.events) signals.insert(event.signal);
  EXPECT_GE(signals.size(), 3U);
  for (const int rows : {50, kRowsHeld}) {
    for (const std::size_t threads : {1U, 3U}) {
      const ThreadLimit limit(threads);
      expect_equal(record(rows, {}), at_once);
    }
  }
  expect_equal(record(kRowsHeld, {.last = true}), at_once);
}

TEST_F(HeldSamples, DetectorsThatWentAreMadeAgainFromWhatIsStored) {
  const Outcome at_once = record(0, {});
  const Outcome none_stays = record(100, {.room = 0});
  expect_equal(none_stays, at_once);
  EXPECT_EQ(none_stays.woken, (kRowsHeld / 100 - 1) * kSignalsHeld);
  const Outcome some_stay = record(100, {.room = 2});
  expect_equal(some_stay, at_once);
  EXPECT_LT(some_stay.woken, none_stays.woken);
}

TEST_F(HeldSamples, AnotherDetectorMayBeChosenBeforeAnyIsJudged) {
  RecorderOptions asked = options();
  asked.detection.detector = detect::kWatch;
  const auto all_of = [&](const RecorderOptions& made, bool change) {
    RunRecorder run(store_->create({}), made);
    run.hold();
    for (std::uint32_t s = 0; s < kSignalsHeld; ++s)
      run.add_signal("s" + std::to_string(s), series::Axis::step);
    for (int row = 0; row < kRowsHeld; ++row) {
      for (std::uint32_t s = 0; s < kSignalsHeld; ++s) {
        run.push(s, row, values_[static_cast<std::size_t>(row) * kSignalsHeld + s], {});
      }
    }
    if (change) run.watch_by(asked.detection);
    RunRecorder* const runs[] = {&run};
    judge_held(runs, 1);
    run.finish(series::RunStatus::finished);
    return Outcome{store_->events(run.run_id()), 0};
  };
  expect_equal(all_of(options(), true), all_of(asked, false));
}

TEST_F(HeldSamples, StoppedJudgingSaysSo) {
  RunRecorder run(store_->create({}), options());
  run.hold();
  run.add_signal("s", series::Axis::step);
  for (int i = 0; i < 100; ++i) run.push(0, i, i, {});
  const std::atomic<bool> stop{true};
  RunRecorder* const runs[] = {&run};
  judge_held(runs, 1, {.task = Task(&stop)});
  EXPECT_TRUE(run.cut());
  EXPECT_EQ(run.held(), 0U);
}

}  // namespace
}  // namespace emdyn::collect::monitor
