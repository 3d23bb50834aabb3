#include <gtest/gtest.h>

#include <new>
#include <vector>

#include "emdyn/collect/store/check.hpp"
#include "emdyn/collect/store/failing_new_test.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"

namespace emdyn::collect::store {
namespace {

constexpr int kAcknowledged = 1500;
constexpr int kMore = 700;  // Enough for a full chunk, from an open one with pieces on disk.

/// Makes the n-th allocation of `work` fail. What failed is tried again once.
/// @return whether there was such an allocation.
template <class Work>
bool with_failure(long n, const Work& work) {
  test::fail_allocation(n);
  try {
    work();
  } catch (const std::bad_alloc&) {
    EXPECT_TRUE(test::allocation_failed());
    work();
    return true;
  }
  return test::allocation_failed();
}

class WriterSafety : public testing::Test {
 protected:
  /// A run with acknowledged points of two signals, one with wall times.
  std::string acknowledged_run() {
    RunWriter writer = store_.create({});
    for (int i = 0; i < kAcknowledged; ++i) add(writer, i);
    writer.sync();
    return writer.id();
  }
  static void add(RunWriter& writer, int i) {
    writer.append(writer.add_signal("a"), i, 0.5 * i);
    writer.append(writer.add_signal("b"), i, -1.0 * i, 1e9 + i);
  }
  void judge(const std::string& id, int points, long n) {
    const series::Run run = store_.load(id);
    ASSERT_EQ(run.signals.size(), 2U) << n;
    for (const series::Signal& signal : run.signals) {
      ASSERT_EQ(signal.size(), static_cast<std::size_t>(points)) << signal.name << ", " << n;
      for (int i = 0; i < points; ++i) {
        const auto at = static_cast<std::size_t>(i);
        ASSERT_EQ(signal.positions[at], i) << n;
        ASSERT_EQ(signal.values[at], signal.name == "a" ? 0.5 * i : -1.0 * i) << n;
      }
    }
    for (const Problem& problem : check(store_.folder()).problems) {
      ADD_FAILURE() << problem.file << ": " << problem.what << " after failure " << n;
    }
  }

  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
};

// Every allocation of adding points fails once: the point that was refused is added again, and what comes out is
// what went in.
TEST_F(WriterSafety, AFailedAllocationInAppendTakesThePointOrLeavesIt) {
  const std::string id = acknowledged_run();
  long n = 0;
  int points = kAcknowledged;
  for (bool failed = true; failed; ++n) {
    failed = false;
    RunWriter writer = store_.resume(id);
    const SignalId a = writer.add_signal("a");
    const SignalId b = writer.add_signal("b");
    long left = n;
    for (int i = points; i < points + kMore; ++i) {
      failed |= with_failure(failed ? -1 : left, [&] { writer.append(a, i, 0.5 * i); });
      failed |= with_failure(failed ? -1 : left, [&] { writer.append(b, i, -1.0 * i, 1e9 + i); });
      left = failed ? -1 : n;
    }
    points += kMore;
    writer.finish();
  }
  EXPECT_GE(n, 2);
  judge(id, points, n);
}

// A sync or an end that runs out of memory loses nothing, whether it is tried again or the writer goes away.
TEST_F(WriterSafety, AFailedAllocationInSyncLosesNothing) {
  for (const bool again : {true, false}) {
    bool failed = true;
    for (long n = 0; failed && n < 400; n += 1 + n / 4) {
      const std::string id = acknowledged_run();
      {
        RunWriter writer = store_.resume(id);
        for (int i = kAcknowledged; i < kAcknowledged + kMore; ++i) add(writer, i);
        test::fail_allocation(n);
        try {
          writer.sync();
        } catch (const std::bad_alloc&) {
        }
        failed = test::allocation_failed();
        if (again) writer.sync();
      }
      judge(id, kAcknowledged + kMore, n);
      store_.remove(id);
      if (HasFailure()) return;
    }
  }
}

TEST_F(WriterSafety, AFailedAllocationInANewSignalLeavesNone) {
  bool failed = true;
  for (long n = 0; failed; ++n) {
    const std::string id = acknowledged_run();
    RunWriter writer = store_.resume(id);
    failed = with_failure(
        n, [&] { writer.append(writer.add_signal("a name too long for no memory"), 1, 2); });
    writer.finish();
    const series::Run run = store_.load(id);
    ASSERT_EQ(run.signals.size(), 3U);
    EXPECT_GE(run.signals[2].size(), 1U);
    EXPECT_TRUE(check(store_.folder()).sound());
    store_.remove(id);
  }
}

}  // namespace
}  // namespace emdyn::collect::store
