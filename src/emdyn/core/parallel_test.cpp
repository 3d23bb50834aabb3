#include "emdyn/core/parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace emdyn {
namespace {

double sum_of_reciprocals() {
  return parallel_reduce(
      100000, 1000, 0.0,
      [](std::size_t begin, std::size_t end) {
        double sum = 0.0;
        for (std::size_t i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1);
        return sum;
      },
      [](double a, double b) { return a + b; });
}

TEST(ParallelReduce, IsBitEqualForEveryNumberOfThreads) {
  double one = 0.0;
  {
    const ThreadLimit limit(1);
    one = sum_of_reciprocals();
  }
  const ThreadLimit limit(4);
  EXPECT_EQ(sum_of_reciprocals(), one);
  EXPECT_NEAR(one, 12.090146129863428, 1e-11);  // The harmonic number H(100000).
}

TEST(ParallelFor, CallsEachIndexOnceAndRethrows) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(calls.size(), [&](std::size_t i) { ++calls[i]; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_THROW(parallel_for(10,
                            [](std::size_t i) {
                              if (i == 5) throw std::runtime_error("five");
                            }),
               std::runtime_error);
}

// An outer loop that throws must not leave an inner one half done.
TEST(ParallelFor, InnerLoopsFinishWhateverTheOuterOneThrows) {
  std::atomic<int> half_done{0};
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(parallel_for(16,
                              [&](std::size_t i) {
                                if (i == 3) throw std::runtime_error("outer");
                                std::vector<int> seen(200, 0);
                                parallel_for(seen.size(), [&](std::size_t j) { seen[j] = 1; });
                                if (std::count(seen.begin(), seen.end(), 1) != 200) ++half_done;
                              }),
                 std::runtime_error);
  }
  EXPECT_EQ(half_done.load(), 0);
}

}  // namespace
}  // namespace emdyn
