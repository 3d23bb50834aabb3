#include "emdyn/collect/monitor/ring.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace emdyn::collect::monitor {
namespace {

TEST(Ring, RefusesWhenFullAndLosesNothing) {
  Ring<int> ring(3);
  EXPECT_EQ(ring.capacity(), 4U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(4));
  std::vector<int> taken;
  EXPECT_EQ(ring.drain([&](int item) { taken.push_back(item); }), 4U);
  EXPECT_EQ(taken, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(ring.push(5));
}

TEST(Ring, KeepsTheOrderBetweenTwoThreads) {
  Ring<int> ring(64);
  constexpr int kItems = 20000;
  std::thread writer([&] {
    for (int i = 0; i < kItems; ++i) {
      while (!ring.push(i)) std::this_thread::yield();
    }
  });
  int expected = 0;
  bool in_order = true;
  while (expected < kItems) {
    ring.drain([&](int item) { in_order = in_order && item == expected++; });
  }
  writer.join();
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace emdyn::collect::monitor
