#include "emdyn/core/task.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace emdyn {
namespace {

TEST(Task, DefaultNeverStopsAndTellsNobody) {
  const Task task;
  EXPECT_FALSE(task.stopped());
  EXPECT_FALSE(task.has_listener());
  EXPECT_NO_THROW(task.check());
  task.tell({.what = "reading", .done = 1, .planned = 2, .unit = "rows"});
}

TEST(Task, StopsByFlagAndByToken) {
  std::atomic<bool> flag{false};
  const Task by_flag(&flag);
  EXPECT_FALSE(by_flag.stopped());
  flag = true;
  EXPECT_TRUE(by_flag.stopped());
  EXPECT_THROW(by_flag.check(), Task::Stopped);

  std::stop_source source;
  const Task by_token(source.get_token());
  EXPECT_FALSE(by_token.stopped());
  source.request_stop();
  EXPECT_TRUE(by_token.stopped());
}

TEST(Task, APartSharesTheSwitchAndHasItsOwnListener) {
  std::stop_source source;
  std::vector<std::uint64_t> heard;
  const Task whole(source.get_token());
  const Task part = whole.with([&](const TaskProgress& p) { heard.push_back(p.done); });
  part.tell({.what = "runs", .done = 3, .planned = 5, .unit = "runs"});
  whole.tell({.what = "runs", .done = 4, .planned = 5, .unit = "runs"});
  EXPECT_EQ(heard, std::vector<std::uint64_t>{3});
  source.request_stop();
  EXPECT_TRUE(part.stopped());
}

TEST(Task, StopsAtTheEarliestDeadline) {
  using Clock = std::chrono::steady_clock;
  const auto now = Clock::now();
  const Task task;
  EXPECT_TRUE(task.until(now).stopped());
  EXPECT_FALSE(task.until(Clock::time_point::max()).stopped());
  EXPECT_TRUE(task.until(now + std::chrono::hours(1)).until(now).stopped());
  EXPECT_TRUE(task.until(now).until(now + std::chrono::hours(1)).stopped());
  EXPECT_FALSE(task.stopped());
}

}  // namespace
}  // namespace emdyn
