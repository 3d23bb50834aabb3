#include "emdyn/detect/ensemble/auto_detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

std::vector<double> run(const std::vector<double>& stream,
                        AutoDetector detector = AutoDetector{AutoDetector::Config{}}) {
  std::vector<double> scores;
  for (const double sample : stream) scores.push_back(detector.update(sample));
  return scores;
}

std::vector<double> daily(std::size_t count, double noise) {
  Philox random(12);
  std::vector<double> stream(count);
  for (std::size_t t = 0; t < count; ++t) {
    stream[t] = 10.0 * std::sin(2.0 * std::numbers::pi * static_cast<double>(t) / 96.0) +
                noise * random.normal();
  }
  return stream;
}

TEST(SurpriseScale, RanksWithinAndExtrapolatesBeyondThePast) {
  SurpriseScale scale;
  Philox random(1);
  for (int i = 0; i < 20000; ++i) scale.learn(-std::log(1.0 - random.uniform()));  // Exponential.
  EXPECT_NEAR(scale.surprise(std::log(2.0)), std::log10(2.0), 0.01);
  EXPECT_NEAR(scale.surprise(std::log(5.0)), std::log10(5.0), 0.02);
  EXPECT_NEAR(scale.surprise(std::log(1e3)), 3.0, 0.15);
  EXPECT_NEAR(scale.surprise(std::log(1e6)), 6.0, 0.35);
  EXPECT_EQ(scale.surprise(0.0), 0.0);
  EXPECT_EQ(scale.surprise(1e300), SurpriseScale::kMost);
}

TEST(SurpriseScale, HasNoUnit) {
  SurpriseScale small;
  SurpriseScale large;
  Philox random(2);
  for (int i = 0; i < 3000; ++i) {
    const double value = std::abs(random.normal());
    small.learn(value * 0x1p-200);
    large.learn(value * 0x1p+150);
  }
  for (const double value : {0.1, 1.0, 2.0, 4.0}) {
    EXPECT_DOUBLE_EQ(small.surprise(value * 0x1p-200), large.surprise(value * 0x1p+150));
  }
}

// The first value was rounding noise; the bins follow the values up and keep their number.
TEST(SurpriseScale, FollowsValuesUp) {
  SurpriseScale scale;
  scale.learn(1e-17);
  for (int i = 1; i <= 99; ++i) scale.learn(static_cast<double>(i));
  EXPECT_NEAR(scale.surprise(50.0), -std::log10(51.0 / 101.0), 0.01);
  EXPECT_GT(scale.surprise(300.0), 5.0);
}

TEST(SurpriseScale, NeverKnowsBeforeItHasSeenEnough) {
  SurpriseScale scale;
  for (std::uint64_t i = 0; i + 1 < SurpriseScale::kEnough; ++i) scale.learn(1.0);
  EXPECT_EQ(scale.surprise(1e9), 0.0);
  scale.learn(1.0);
  EXPECT_GT(scale.surprise(1e9), 5.0);
}

// Against every earlier stretch, one by one.
TEST(HistoryMatch, EqualsBruteForce) {
  Philox random(9);
  HistoryMatch match(4096);
  std::vector<float> values;
  for (std::size_t t = 0; t < 700; ++t) {
    values.push_back(static_cast<float>(random.normal()));
    match.push(values.back());
    for (std::size_t length = 0; length < 3; ++length) {
      const std::size_t m = HistoryMatch::kLength[length];
      if (t + 1 < 2 * m) {
        EXPECT_LT(match.distance(length), 0.0);
        continue;
      }
      double best = 1e30;
      for (std::size_t end = m - 1; end + m <= t; ++end) {
        double sum = 0.0;
        for (std::size_t k = 0; k < m; ++k) {
          sum += std::pow(static_cast<double>(values[t - k]) - values[end - k], 2);
        }
        best = std::min(best, sum);
      }
      ASSERT_NEAR(match.distance(length), std::sqrt(best), 1e-4) << "t " << t << " m " << m;
    }
  }
}

TEST(HistoryMatch, KnowsARepetitionAtEveryLengthAndForgetsOldOnes) {
  HistoryMatch match(256);
  const auto wave = [](std::size_t t) { return static_cast<float>(t % 64); };
  for (std::size_t t = 0; t < 1536; ++t) match.push(wave(t));
  for (std::size_t length = 0; length < HistoryMatch::kLengths; ++length) {
    EXPECT_EQ(match.distance(length), 0.0) << HistoryMatch::kLength[length];
  }
  // A constant longer than the ring: single values of the wave are no longer known.
  for (std::size_t t = 0; t < 2000; ++t) match.push(1000.0F);
  match.push(1.0F);
  EXPECT_EQ(match.distance(0), 999.0);
}

TEST(AutoDetector, NoticesASpikeAShiftAFlatStretchAndAnUnseenShape) {
  const auto clean = daily(4000, 0.5);
  const auto alarms_near = [&](const std::vector<double>& stream, std::size_t from,
                               std::size_t to) {
    const auto scores = run(stream);
    return *std::max_element(scores.begin() + static_cast<std::ptrdiff_t>(from),
                             scores.begin() + static_cast<std::ptrdiff_t>(to)) > 1.0;
  };
  auto spike = clean;
  spike[3000] += 20.0;
  EXPECT_TRUE(alarms_near(spike, 3000, 3001));
  auto shift = clean;
  for (std::size_t t = 3000; t < 4000; ++t) shift[t] += 15.0;
  EXPECT_TRUE(alarms_near(shift, 3000, 3030));
  auto flat = clean;
  for (std::size_t t = 3000; t < 3096; ++t) flat[t] = 0.0;  // A value seen each half day.
  EXPECT_TRUE(alarms_near(flat, 3000, 3096));
  auto mirrored = clean;
  for (std::size_t t = 3000; t < 3192; ++t) mirrored[t] = std::abs(clean[t]);
  EXPECT_TRUE(alarms_near(mirrored, 3000, 3192));
}

// One setting, and a price: without an anomaly it alarms about as often as stated. Expected are 24
// alarms on each stream; the surprises of dependent samples come in clusters.
TEST(AutoDetector, KeepsItsAlarmRate) {
  constexpr std::size_t kSamples = 12000;
  Philox random(4);
  std::vector<double> white(kSamples);
  std::vector<double> correlated(kSamples);
  std::vector<double> counts(kSamples);
  for (std::size_t t = 0; t < kSamples; ++t) {
    white[t] = random.normal();
    correlated[t] = random.normal() + (t > 0 ? 0.5 * correlated[t - 1] : 0.0);
    counts[t] = std::floor(3.0 * std::abs(random.normal()));
  }
  for (const auto& stream : {white, correlated, counts, daily(kSamples, 1.0)}) {
    const auto scores = run(stream);
    const auto alarms = std::ranges::count_if(scores, [](double score) { return score > 1.0; });
    EXPECT_GE(alarms, 5);
    EXPECT_LE(alarms, 48);
  }
}

TEST(AutoDetector, CountsAnEpisodeOnce) {
  auto stream = daily(4000, 0.5);
  for (std::size_t t = 3000; t < 3060; ++t) stream[t] += 40.0;
  const auto scores = run(stream);
  const auto alarms = std::count_if(scores.begin() + 3000, scores.begin() + 3100,
                                    [](double score) { return score > 1.0; });
  EXPECT_GE(alarms, 1);
  EXPECT_LE(alarms, 6);
}

TEST(AutoDetector, DoesNotDependOnUnits) {
  const auto plain = daily(1500, 0.5);
  auto scaled = plain;
  for (double& value : scaled) value = value * 1024.0;
  const auto first = run(plain);
  const auto second = run(scaled);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(first[i], second[i], 1e-6);
}

TEST(AutoDetector, RejectsBadSettings) {
  AutoDetector::Config config;
  config.history = 10;
  EXPECT_THROW(AutoDetector{config}, ConfigError);
  config = {};
  config.alarm_rate = 0.0;
  EXPECT_THROW(AutoDetector{config}, ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
