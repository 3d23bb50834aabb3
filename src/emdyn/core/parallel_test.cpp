#include "emdyn/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

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

}  // namespace
}  // namespace emdyn
