#include "emdyn/collect/store/copy.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

class CopyOfStore : public testing::Test {
 protected:
  static void add(RunWriter& writer, int from, int to) {
    const SignalId loss = writer.add_signal("loss");
    for (int i = from; i < to; ++i) writer.append(loss, i, 0.1 * i);
  }
  std::filesystem::path from() const { return folder_.path() / "s"; }
  std::filesystem::path to() const { return folder_.path() / "copy"; }

  TestFolder folder_;
  Store store_ = Store::open(from(), Mode::write);
};

// While a writer is at it, each copy is sound and holds what was acknowledged before it began, in the order of logging.
TEST_F(CopyOfStore, OfARunBeingWrittenHoldsWhatWasAcknowledged) {
  std::atomic<int> acknowledged{0};
  std::atomic<bool> enough{false};
  RunWriter writer = store_.create({});
  const std::string id = writer.id();
  std::thread writing([&] {
    for (int points = 0; !enough; points += 700) {
      add(writer, points, points + 700);
      writer.sync();
      acknowledged = points + 700;
    }
  });
  while (acknowledged == 0) std::this_thread::yield();
  for (int copies = 0; copies < 8; ++copies) {
    const int before = acknowledged;
    const StoreCopy done = copy_store(from(), to());
    EXPECT_EQ(done.runs, 1U);
    EXPECT_TRUE(done.lost.empty());
    for (const Problem& problem : check(to()).problems) ADD_FAILURE() << problem.what;
    const series::Signal loss = Store::open(to(), Mode::read).load_signal(id, "loss");
    EXPECT_GE(loss.size(), static_cast<std::size_t>(before));
    for (std::size_t i = 0; i < loss.size(); ++i)
      ASSERT_EQ(loss.positions[i], static_cast<double>(i));
  }
  enough = true;
  writing.join();
  writer.finish();
  EXPECT_EQ(Store::open(to(), Mode::read).info(id).status, series::RunStatus::interrupted);
  copy_store(from(), to());
  EXPECT_EQ(Store::open(to(), Mode::read).info(id).status, series::RunStatus::finished);
  EXPECT_EQ(Store::open(to(), Mode::read).load_signal(id, "loss").size(),
            static_cast<std::size_t>(acknowledged));
}

TEST_F(CopyOfStore, LargerThanACacheKeepsItsChecksums) {
  RunWriter writer = store_.create({});
  std::uint64_t state = 1;
  for (int signal = 0; signal < 4; ++signal) {
    const SignalId id = writer.add_signal("s" + std::to_string(signal));
    for (int i = 0; i < 200'000; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      writer.append(id, i, static_cast<double>(state >> 11));
    }
  }
  writer.finish();
  EXPECT_GT(copy_store(from(), to()).bytes, 4U << 20);
  EXPECT_TRUE(check(to()).sound());
}

TEST_F(CopyOfStore, LeavesOutWhatCannotBeReadAndSaysSo) {
  std::string damaged;
  for (int run = 0; run < 2; ++run) {
    RunWriter writer = store_.create({});
    add(writer, 0, 10);
    writer.finish();
    damaged = writer.id();
  }
  copy_store(from(), to());
  std::ofstream(run_path(from(), damaged), std::ios::binary) << "no run";
  const StoreCopy again = copy_store(from(), to());
  EXPECT_EQ(again.runs, 1U);
  ASSERT_EQ(again.lost.size(), 1U);
  EXPECT_EQ(again.lost[0].file, "runs/" + damaged + ".db");
  // The copy of before is what is left of it.
  EXPECT_EQ(Store::open(to(), Mode::read).load_signal(damaged, "loss").size(), 10U);
  EXPECT_TRUE(check(to()).sound());
  EXPECT_EQ(check(to()).leftovers, 0U);
  EXPECT_THROW(copy_store(from(), from()), StoreError);
  EXPECT_THROW(copy_store(folder_.path() / "none", to()), StoreError);
}

}  // namespace
}  // namespace emdyn::collect::store
