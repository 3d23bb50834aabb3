#include "emdyn/detect/alarm/residual_tail.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

/// A side that has learned |residuals| of a law, each with the chance it was given.
template <class Law>
ResidualTail learned(std::size_t count, Law law) {
  ResidualTail tail;
  for (std::size_t i = 0; i < count; ++i) {
    const double size = law();
    tail.learn(size, tail.beyond(size));
  }
  return tail;
}

TEST(ResidualTail, FallsFromOneAndNeverReachesZero) {
  const ResidualTail tail;
  double last = 1.0;
  EXPECT_NEAR(tail.beyond(0.0), 1.0, 1e-12);
  for (const double size : {0.5, 1.0, 3.0, 10.0, 100.0, 1e4, 1e6}) {
    const double now = tail.beyond(size);
    EXPECT_LT(now, last);
    EXPECT_GT(now, 0.0);
    last = now;
  }
  EXPECT_LT(tail.beyond(1e6), 1e-11);
}

// Noise whose body nobody can tell from a logistic one (Student's t with 6 degrees) has a tail of its own.
TEST(ResidualTail, LeavesRoomForATailThatTheBodyDoesNotShow) {
  double near = 0.0;
  double far = 0.0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Philox random(seed, 5);
    const ResidualTail tail = learned(2000, [&] {
      double squares = 0.0;
      for (int i = 0; i < 6; ++i) squares += std::pow(random.normal(), 2);
      return std::abs(random.normal() / std::sqrt(squares / 6.0));
    });
    near += std::log10(tail.beyond(6.7)) / 20.0;
    far += std::log10(tail.beyond(11.9)) / 20.0;
  }
  // The exact logarithms of 5.4e-4 and 2.1e-5.
  EXPECT_NEAR(near, -3.27, 0.3);
  EXPECT_NEAR(far, -4.67, 0.5);
}

TEST(ResidualTail, BelievesANormalTailOnceTheBodyBearsItOut) {
  Philox random(1);
  const ResidualTail tail = learned(400, [&] { return std::abs(random.normal()); });
  EXPECT_LT(tail.beyond(8.0), 2e-6);
  EXPECT_GT(tail.beyond(8.0), 1e-12);
  EXPECT_NEAR(tail.beyond(2.0), 0.0455, 0.025);
}

// Of the same deviation: the heavier the law, the less rare what is far out.
TEST(ResidualTail, OrdersLawsByTheirTails) {
  Philox random(2);
  const ResidualTail normal = learned(1000, [&] { return std::abs(random.normal()); });
  const ResidualTail exponential = learned(1000, [&] { return -std::log1p(-random.uniform()); });
  const ResidualTail cauchy =
      learned(1000, [&] { return std::abs(random.normal() / (std::abs(random.normal()) + 1e-3)); });
  EXPECT_LT(normal.beyond(10.0), 0.1 * exponential.beyond(10.0));
  EXPECT_LT(exponential.beyond(10.0), 0.1 * cauchy.beyond(10.0));
  EXPECT_GT(normal.light(), 0.9);
  EXPECT_LT(cauchy.light(), 0.1);
}

TEST(ResidualTail, AnomaliesTeachNothingUntilTheyAreTheNormalState) {
  Philox random(3);
  ResidualTail tail = learned(1000, [&] { return std::abs(random.normal()); });
  const double before = tail.beyond(12.0);
  for (int i = 0; i < 5; ++i) tail.learn(12.0, tail.beyond(12.0));
  EXPECT_EQ(tail.beyond(12.0), before);
  for (int i = 0; i < 400; ++i) tail.learn(12.0, tail.beyond(12.0));
  EXPECT_GT(tail.beyond(12.0), 1e-3);
  tail.reset();
  EXPECT_EQ(tail, ResidualTail());
}

}  // namespace
}  // namespace emdyn::detect
