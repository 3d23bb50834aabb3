#include "emdyn/detect/front_end/season.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

std::vector<double> shape(std::size_t period, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(period);
  for (double& value : values) value = 5.0 * random.normal();
  return values;
}

/// Days of 24 whose last two of seven are weaker, in the given shape.
double week(const std::vector<double>& day, std::size_t t) {
  return (t / day.size()) % 7 >= 5 ? 0.3 * day[t % day.size()] : day[t % day.size()];
}

TEST(Season, FindsThePeriodAfterFourCyclesOrFive) {
  for (const std::size_t period : {7UL, 24UL, 100UL, 288UL}) {
    Philox random(period);
    FrontEnd front_end;
    const auto values = shape(period, 1);
    std::size_t t = 0;
    for (; t < 8 * period + 300 && front_end.period() == 0; ++t) {
      front_end.update(values[t % period] + 0.01 * static_cast<double>(t) + random.normal());
    }
    EXPECT_EQ(front_end.period(), period);
    EXPECT_GE(t, 4 * period);
    EXPECT_LE(t, std::max<std::size_t>(6 * period, 200)) << period;
  }
}

/// How often two-sided p-values of the residuals fall below 1e-2, 1e-3 and 1e-4, over that.
std::array<double, 3> calibration(const std::function<double(std::size_t)>& signal, double phi,
                                  std::size_t from) {
  constexpr std::size_t kSamples = 20'000;
  std::array<double, 3> found{};
  double judged = 0.0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Philox random(100 + seed);
    FrontEnd front_end;
    double noise = 0.0;
    for (std::size_t t = 0; t < kSamples; ++t) {
      noise = phi * noise + std::sqrt(1.0 - phi * phi) * random.normal();
      const double z = front_end.update(signal(t) + noise);
      if (t < from) continue;
      const double p = math::two_sided_normal(std::abs(z));
      for (std::size_t i = 0; i < 3; ++i)
        found[i] += p < std::pow(10.0, -2.0 - static_cast<double>(i));
      judged += 1.0;
    }
  }
  for (std::size_t i = 0; i < 3; ++i)
    found[i] *= std::pow(10.0, 2.0 + static_cast<double>(i)) / judged;
  return found;
}

void expect_calibrated_season(const std::array<double, 3>& rates, const std::string& name) {
  for (const double rate : rates) {
    EXPECT_GT(rate, 0.5) << name;
    EXPECT_LT(rate, 2.0) << name;
  }
}

// The price on seasonal nulls: p-values of 1e-2, 1e-3 and 1e-4 are right within a factor of two.
TEST(Season, LeavesResidualsCalibrated) {
  for (const std::size_t period : {24UL, 288UL}) {
    const auto values = shape(period, 2);
    for (const double phi : {0.0, 0.5}) {
      expect_calibrated_season(
          calibration([&](std::size_t t) { return values[t % period]; }, phi, 6 * period),
          "shape of " + std::to_string(period));
      const double turn = 2.0 * std::numbers::pi / static_cast<double>(period);
      expect_calibrated_season(
          calibration([=](std::size_t t) { return 5.0 * std::sin(turn * static_cast<double>(t)); },
                      phi, 6 * period),
          "sine of " + std::to_string(period));
    }
  }
}

TEST(Season, TakesTheWeekThatHoldsTheDay) {
  Philox random(4);
  FrontEnd front_end;
  const auto day = shape(24, 3);
  std::size_t first = 0;
  for (std::size_t t = 0; t < 24 * 7 * 12; ++t) {
    front_end.update(week(day, t) + random.normal());
    if (first == 0) first = front_end.period();
  }
  EXPECT_EQ(first, 24U);
  EXPECT_EQ(front_end.period(), 168U);
  EXPECT_LT(front_end.sigma(), 1.3);
}

// A week beyond the longest period: the day is removed as far as it goes, nothing breaks.
TEST(Season, DegradesGracefullyWhereTheWeekIsTooLong) {
  const auto day = shape(288, 3);
  Philox random(5);
  FrontEnd with;
  FrontEnd without({.longest_period = 0});
  for (std::size_t t = 0; t < 288 * 7 * 4; ++t) {
    const double sample = week(day, t) + random.normal();
    ASSERT_TRUE(std::isfinite(with.update(sample)));
    without.update(sample);
  }
  EXPECT_LE(with.sigma(), 1.05 * without.sigma());
}

/// Samples of 20 streams of 5,000 that pass with a season although there is none.
std::size_t believed(const std::function<double(Philox&, double&)>& next) {
  std::size_t samples = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Philox random(200 + seed);
    FrontEnd front_end;
    double memory = 0.0;
    for (int t = 0; t < 5000; ++t) {
      front_end.update(next(random, memory));
      samples += front_end.period() > 0;
    }
  }
  return samples;
}

// The price: a stream without a season is not given one.
TEST(Season, BelievesInNoSeasonWhereThereIsNone) {
  for (const double phi : {0.0, 0.5, 0.9, 1.0}) {
    EXPECT_EQ(believed([phi](Philox& random, double& x) { return x = phi * x + random.normal(); }),
              0U)
        << phi;
  }
  EXPECT_EQ(believed([](Philox& random, double&) {  // Student's t, three degrees of freedom.
              const double a = random.normal();
              const double b = random.normal();
              const double c = random.normal();
              return random.normal() / std::sqrt((a * a + b * b + c * c) / 3.0);
            }),
            0U);
  EXPECT_EQ(believed([](Philox& random, double&) { return random.uniform() < 0.02 ? 1.0 : 0.0; }),
            0U);
}

// Property: without a season the trend filter's residuals pass bit for bit.
TEST(Season, WithoutOneNothingChanges) {
  Philox random(6);
  FrontEnd with;
  FrontEnd without({.longest_period = 0});
  for (int t = 0; t < 5000; ++t) {
    const double sample = 0.01 * t + random.normal();
    ASSERT_EQ(with.update(sample), without.update(sample));
  }
}

TEST(Season, AnAnomalyDoesNotEnterIt) {
  const auto values = shape(24, 7);
  Philox random(7);
  FrontEnd clean;
  FrontEnd hit;
  for (std::size_t t = 0; t < 1000; ++t) {
    const double sample = values[t % 24] + random.normal();
    // One among the cycles the index is first taken from, one later.
    const double z = hit.update(t == 40 || t == 700 ? 1e6 : sample);
    clean.update(sample);
    if (t == 700) {
      EXPECT_GT(z, 10.0);
    }
    if (t <= 700 || t >= 900) continue;
    ASSERT_NEAR(hit.prediction(), clean.prediction(), 1.5) << t;
  }
  EXPECT_EQ(hit.period(), 24U);
}

TEST(Season, IsDroppedWhenItEnds) {
  const auto values = shape(24, 8);
  Philox random(8);
  FrontEnd front_end;
  for (std::size_t t = 0; t < 1500; ++t) front_end.update(values[t % 24] + random.normal());
  EXPECT_EQ(front_end.period(), 24U);
  for (std::size_t t = 0; t < 2400; ++t) front_end.update(random.normal());
  EXPECT_EQ(front_end.period(), 0U);
  EXPECT_NEAR(front_end.sigma(), 1.0, 0.25);
}

// Integers keep their quantum: one step more than the season says is no surprise once it was seen.
TEST(Season, KeepsTheQuantumOfIntegers) {
  FrontEnd front_end;
  double largest = 0.0;
  for (int t = 0; t < 3000; ++t) {
    const double z = front_end.update(100.0 * (t % 24 < 8) + (t % 97 == 0 ? 1.0 : 0.0));
    if (t > 1000) largest = std::max(largest, std::abs(z));
  }
  EXPECT_EQ(front_end.period(), 24U);
  EXPECT_LT(largest, 2.5);
}

TEST(Season, KeepsItsPlaceOverGaps) {
  const auto values = shape(24, 9);
  Philox random(9);
  FrontEnd front_end;
  std::size_t t = 0;
  for (; t < 1000; ++t) front_end.update(values[t % 24] + random.normal());
  for (const std::size_t gap : {5UL, 1000UL}) {
    front_end.skip(gap);
    t += gap;
    for (std::size_t end = t + 300; t < end; ++t) {
      ASSERT_LT(std::abs(front_end.update(values[t % 24] + random.normal())), 5.5) << gap;
    }
    EXPECT_EQ(front_end.period(), 24U);
  }
}

TEST(Season, RearmForgetsItAndExpectsItsVariance) {
  const auto values = shape(24, 10);
  Philox random(10);
  FrontEnd front_end;
  for (std::size_t t = 0; t < 1000; ++t) front_end.update(values[t % 24] + random.normal());
  EXPECT_LT(front_end.sigma(), 1.5);
  front_end.rearm();
  EXPECT_EQ(front_end.period(), 0U);
  EXPECT_NEAR(front_end.sigma(), 5.0, 2.0);
}

TEST(Season, StateRoundTripsAndReplays) {
  const auto values = shape(24, 11);
  for (const std::size_t cut : {100UL, 700UL}) {
    Philox random(11);
    FrontEnd first;
    for (std::size_t t = 0; t < cut; ++t) first.update(values[t % 24] + random.normal());
    StateWriter saved;
    FrontEnd::state(std::as_const(first), saved);
    FrontEnd second;
    StateReader reader(saved.bytes());
    FrontEnd::state(second, reader);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(first, second);
    for (std::size_t t = cut; t < 2000; ++t) {
      const double sample = values[t % 24] + random.normal();
      ASSERT_EQ(first.update(sample), second.update(sample));
    }
    EXPECT_EQ(first.period(), 24U);
    first.reset();
    EXPECT_EQ(first, FrontEnd());
  }
}

// Bytes that were altered are refused or harmless.
TEST(Season, SurvivesAlteredBytes) {
  const auto values = shape(24, 12);
  Philox random(12);
  FrontEnd good;
  for (std::size_t t = 0; t < 900; ++t) good.update(values[t % 24] + random.normal());
  StateWriter saved;
  FrontEnd::state(std::as_const(good), saved);
  for (int trial = 0; trial < 200; ++trial) {
    auto bytes = saved.bytes();
    for (int i = 0; i < 3; ++i) {
      const std::size_t size = trial % 2 == 0 ? bytes.size() : 100;  // Often the last counters.
      const auto at = random.below(static_cast<std::uint32_t>(size));
      bytes[bytes.size() - 1 - at] = static_cast<std::byte>(random.below(256));
    }
    FrontEnd forged;
    StateReader reader(bytes);
    FrontEnd::state(forged, reader);
    if (!reader.ok()) continue;
    for (std::size_t t = 0; t < 700; ++t) {
      ASSERT_FALSE(std::isnan(forged.update(values[t % 24] + random.normal())));
    }
  }
}

TEST(Season, RejectsAPeriodTooLongToRemember) {
  EXPECT_THROW(FrontEnd({.longest_period = 5000}), ConfigError);
  EXPECT_THROW(FrontEnd({.longest_period = -1}), ConfigError);
  EXPECT_NO_THROW(FrontEnd({.longest_period = 0}));
}

}  // namespace
}  // namespace emdyn::detect
