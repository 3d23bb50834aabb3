#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/training/divergence.hpp"
#include "emdyn/detect/training/frozen.hpp"
#include "emdyn/detect/training/plateau.hpp"
#include "emdyn/detect/training/schedule.hpp"

namespace emdyn::detect {
namespace {

/// Places where a detector's price falls to alpha, rearmed after each.
template <class D>
std::vector<std::size_t> alarms_of(D detector, const std::vector<double>& stream,
                                   double alpha = 1e-5) {
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t < stream.size(); ++t) {
    detector.update(stream[t]);
    if (detector.p_value() > alpha) continue;
    found.push_back(t);
    detector.rearm();
  }
  return found;
}

std::vector<double> loss_of(std::size_t count, std::uint64_t seed,
                            const std::function<double(double)>& climb) {
  Philox random(seed, 61);
  std::vector<double> loss(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i);
    loss[i] = (0.3 + 2.0 / std::sqrt(1.0 + t / 10.0) + climb(t)) * (1.0 + 0.1 * random.normal());
  }
  return loss;
}

TEST(Divergence, TellsASlowClimbBeforeATenthOfIt) {
  std::vector<std::size_t> delays;
  for (std::uint64_t s = 0; s < 20; ++s) {
    const auto loss =
        loss_of(2000, s, [](double t) { return t < 1000.0 ? 0.0 : 3.0 * (t - 1000.0) / 1000.0; });
    const auto found = alarms_of(Divergence({}), loss);
    const auto first = std::ranges::find_if(found, [](std::size_t t) { return t >= 1000; });
    ASSERT_NE(first, found.end()) << s;
    delays.push_back(*first - 1000);
  }
  std::ranges::sort(delays);
  EXPECT_LE(delays[10], 100U);
}

TEST(Divergence, IsSilentWhileALossFallsOrStands) {
  std::size_t found = 0;
  for (std::uint64_t s = 0; s < 30; ++s)
    found += alarms_of(Divergence({}), loss_of(2000, s, [](double) { return 0.0; })).size();
  EXPECT_LE(found, 2U);  // Expected: 0.6.
}

TEST(Divergence, LooksForFallsWhereTheseAreBad) {
  auto accuracy = loss_of(2000, 3, [](double t) { return t < 1000.0 ? 0.0 : 3e-3 * (t - 1000.0); });
  for (double& value : accuracy) value = -value;
  const auto late = [&](Divergence detector) {
    return std::ranges::count_if(alarms_of(std::move(detector), accuracy),
                                 [](std::size_t t) { return t >= 1000; });
  };
  EXPECT_EQ(late(Divergence({})), 0);
  EXPECT_GT(late(Divergence({.direction = Divergence::Bad::fall})), 0);
}

TEST(NormGrowth, TellsExponentialGrowthBeforeItOverflows) {
  for (std::uint64_t s = 0; s < 10; ++s) {
    Philox random(s, 62);
    std::vector<double> norm(1400);
    for (std::size_t t = 0; t < norm.size(); ++t) {
      const double growth = t < 1000 ? 0.0 : 0.1 * static_cast<double>(t - 1000);
      norm[t] = std::exp(0.3 * random.normal() + growth);
    }
    const auto found = alarms_of(NormGrowth({}), norm);
    ASSERT_FALSE(found.empty()) << s;
    EXPECT_GE(found.front(), 1000U) << s;
    EXPECT_LE(found.front(), 1030U) << s;
  }
}

TEST(Frozen, TellsAStandWithinFiveSamplesAndOnce) {
  Philox random(5);
  std::vector<double> stream(1000);
  for (std::size_t t = 0; t < stream.size(); ++t)
    stream[t] = t < 600 ? random.normal() : stream[599];
  const auto found = alarms_of(Frozen({}), stream);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_GE(found[0], 602U);
  EXPECT_LE(found[0], 605U);
}

// By hand: 100 steps, none of them none; a run of 4 has the chance 1/2 3/2 5/2 7/2 / (101 102 103 104).
TEST(Frozen, PricesAStandByHand) {
  Frozen frozen({});
  for (int t = 0; t <= 100; ++t) frozen.update(t % 2 == 0 ? 0.0 : 1.0);
  for (int t = 0; t < 4; ++t) frozen.update(0.0);
  EXPECT_NEAR(frozen.p_value(), 0.5 * 1.5 * 2.5 * 3.5 / (101.0 * 102.0 * 103.0 * 104.0), 1e-15);
}

TEST(Frozen, IsSilentOnFlatSmoothSaturatedAndRepetitiveSignals) {
  const std::vector<std::function<double(int, Philox&)>> healthy{
      [](int, Philox&) { return 3.0; }, [](int t, Philox&) { return std::exp(-0.05 * t); },
      [](int t, Philox& r) { return t < 500 ? 0.9 + 0.1 * r.uniform() : 1.0; },
      [](int, Philox& r) { return static_cast<double>(r.below(3)); },
      [](int t, Philox&) { return std::floor(t / 50.0) * (t / 50 % 2 == 0 ? 1.0 : -1.0); }};
  for (std::size_t i = 0; i < healthy.size(); ++i) {
    Philox random(6);
    std::vector<double> stream;
    for (int t = 0; t < 3000; ++t) stream.push_back(healthy[i](t, random));
    EXPECT_TRUE(alarms_of(Frozen({}), stream).empty()) << i;
  }
}

TEST(Plateau, TellsWhereAFallEnds) {
  Philox random(7);
  std::vector<double> falls(3000);
  std::vector<double> stands(3000);
  for (std::size_t t = 0; t < falls.size(); ++t) {
    const double noise = 0.02 * random.normal();
    falls[t] = 10.0 - 0.002 * static_cast<double>(t) + noise;
    stands[t] = 10.0 - 0.002 * std::min(static_cast<double>(t), 1500.0) + noise;
  }
  EXPECT_TRUE(alarms_of(Plateau({}), falls).empty());
  const auto found = alarms_of(Plateau({}), stands);
  ASSERT_FALSE(found.empty());
  EXPECT_GE(found.front(), 1500U);
}

std::vector<std::size_t> steps_of(const std::vector<double>& stream) {
  ScheduleStep schedule{ScheduleStep::Config{}};
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t < stream.size(); ++t)
    if (schedule.update(stream[t]) > 1.0) found.push_back(t);
  return found;
}

TEST(ScheduleStep, TellsStepsAndNoCurves) {
  std::vector<double> stepped(1000);
  std::vector<double> curved(1000);
  for (std::size_t t = 0; t < stepped.size(); ++t) {
    const double at = static_cast<double>(t);
    stepped[t] = t < 400 ? 0.1 : t < 800 ? 0.01 : 0.001;
    curved[t] =
        t < 100 ? 3e-6 * (at + 1.0) : 1.5e-4 * (1.0 + std::cos(3.14159 * (at - 100.0) / 900.0));
  }
  EXPECT_EQ(steps_of(stepped), (std::vector<std::size_t>{400, 800}));
  EXPECT_TRUE(steps_of(curved).empty());
}

TEST(Training, RejectsBadSettings) {
  EXPECT_THROW(Divergence({.least_sigmas = -1.0}), ConfigError);
  EXPECT_THROW(NormGrowth({.least_sigmas = 1e9}), ConfigError);
  EXPECT_THROW(Frozen({.warmup_steps = 1}), ConfigError);
  EXPECT_THROW(Plateau({.least_share = 1.0}), ConfigError);
  EXPECT_THROW(ScheduleStep({.least_share = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
