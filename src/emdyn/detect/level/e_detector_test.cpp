#include "emdyn/detect/level/e_detector.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: M <- (M + 1)(1 + 0.8 (x - 0.5)) crosses 1000 at sample 1013.
TEST(EDetector, CrossesWhereKnown) {
  ESr detector({.alpha = 1e-3, .baseline_samples = 0, .mean = 0.5, .side = ESr::Side::rise});
  const auto uniform = test::lcg_uniform(2000);
  for (std::size_t i = 0; i < uniform.size(); ++i) {
    if (detector.update(i < 1000 ? uniform[i] : 0.5 + 0.5 * uniform[i]) > 1.0) {
      EXPECT_EQ(i, 1013U);
      EXPECT_EQ(detector.evidence().direction, Direction::rise);
      return;
    }
  }
  FAIL() << "no alarm";
}

// The guarantee: average run length at least 1 / alpha, for any distribution of the given mean.
template <class D>
double run_length(bool two_point) {
  Philox random(3);
  D detector({.alpha = 0.01, .baseline_samples = 0, .mean = 0.3});
  long samples = 0;
  constexpr int kRuns = 500;
  for (int run = 0; run < kRuns; ++run) {
    detector.rearm();
    double score = 0.0;
    do {
      const double sample =
          two_point ? (random.uniform() < 0.3 ? 1.0 : 0.0) : 0.6 * random.uniform();
      score = detector.update(sample);
      ++samples;
    } while (score <= 1.0 && samples < 2'000'000);
  }
  return static_cast<double>(samples) / kRuns;
}

TEST(EDetector, KeepsItsRunLength) {
  EXPECT_GE(run_length<ESr>(true), 100.0);
  EXPECT_GE(run_length<ESr>(false), 100.0);
  EXPECT_GE(run_length<ECusum>(true), 100.0);
}

TEST(EDetector, LearnsItsClass) {
  ECusum detector(ECusum::Config{});
  Philox random(4);
  double most = 0.0;
  for (int i = 0; i < 2000; ++i) most = std::max(most, detector.update(0.2 * random.uniform()));
  EXPECT_LE(most, 1.0);
  for (int i = 0; i < 100; ++i) most = std::max(most, detector.update(0.5));
  EXPECT_GT(most, 1.0);
}

TEST(EDetector, RejectsABetAboveOne) { EXPECT_THROW(ESr({.bet = 1.5}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
