#include "emdyn/detect/ensemble/auto_detector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numbers>
#include <string>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/alarm/policy.hpp"

namespace emdyn::detect {
namespace {

std::vector<double> run_auto(const std::vector<double>& stream,
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
    const auto scores = run_auto(stream);
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
    const auto scores = run_auto(stream);
    const auto alarms = std::ranges::count_if(scores, [](double score) { return score > 1.0; });
    EXPECT_GE(alarms, 5);
    EXPECT_LE(alarms, 48);
  }
}

TEST(AutoDetector, CountsAnEpisodeOnce) {
  auto stream = daily(4000, 0.5);
  for (std::size_t t = 3000; t < 3060; ++t) stream[t] += 40.0;
  const auto scores = run_auto(stream);
  const auto alarms = std::count_if(scores.begin() + 3000, scores.begin() + 3100,
                                    [](double score) { return score > 1.0; });
  EXPECT_GE(alarms, 1);
  EXPECT_LE(alarms, 6);
}

TEST(AutoDetector, DoesNotDependOnUnits) {
  const auto plain = daily(1500, 0.5);
  auto scaled = plain;
  for (double& value : scaled) value = value * 1024.0;
  const auto first = run_auto(plain);
  const auto second = run_auto(scaled);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(first[i], second[i], 1e-6);
}

/// Where it alarms within the default budget, rearmed after each, as `emdyn detect` runs it.
std::vector<std::size_t> alarms(const std::vector<double>& stream) {
  AutoDetector detector{AutoDetector::Config{}};
  AlarmPolicy policy({.trusts_null = true});
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t < stream.size(); ++t) {
    const double score = detector.update(stream[t]);
    if (!policy.step(score, detector.p_value()).alarm) continue;
    found.push_back(t);
    detector.rearm();
  }
  return found;
}

double auto_ar(Philox& random, double& state, double phi) {
  state = phi * state + std::sqrt(1.0 - phi * phi) * random.normal();
  return state;
}

using Trend = std::function<double(double)>;
const std::vector<std::pair<std::string, Trend>> kTrends{
    {"none", [](double) { return 0.0; }},
    {"line", [](double t) { return 0.01 * t; }},
    {"slow line", [](double t) { return -0.002 * t; }},
    {"log", [](double t) { return 20.0 * std::log1p(t); }},
    {"decay", [](double t) { return 60.0 * std::exp(-t / 800.0); }}};

// The price of the default: at most one alarm in 10^4 samples where nothing happens, whatever the
// trend.
TEST(AutoDetector, RarelyAlarmsOnTrends) {
  for (const double phi : {0.0, 0.5}) {
    std::size_t found = 0;
    for (const auto& [name, trend] : kTrends) {
      Philox random(41);
      double state = 0.0;
      std::vector<double> stream(10'000);
      for (std::size_t t = 0; t < stream.size(); ++t) {
        stream[t] = trend(static_cast<double>(t)) + auto_ar(random, state, phi);
      }
      const std::size_t here = alarms(stream).size();
      EXPECT_LE(here, 2U) << name << ", phi " << phi;
      found += here;
    }
    EXPECT_LE(found, kTrends.size()) << phi;
  }
}

// A spike that came before is as strange as the first one, on a trend or on none.
TEST(AutoDetector, FindsEightSigmaSpikesAgainAndAgain) {
  for (const double phi : {0.0, 0.5}) {
    for (const auto& [name, trend] : kTrends) {
      Philox random(42);
      double state = 0.0;
      std::vector<double> stream(8000);
      for (std::size_t t = 0; t < stream.size(); ++t) {
        const bool hit = t >= 300 && t % 250 == 0;
        const double spike = hit ? (random.below(2) == 0 ? 8.0 : -8.0) : 0.0;
        stream[t] = trend(static_cast<double>(t)) + auto_ar(random, state, phi) + spike;
      }
      const auto found = alarms(stream);
      const auto hits =
          std::ranges::count_if(found, [](std::size_t t) { return t >= 300 && t % 250 == 0; });
      EXPECT_GE(hits, 26) << name << ", phi " << phi;  // Of 30.
    }
  }
}

// Short histories: hundreds of samples with a change of level, and as many without.
TEST(AutoDetector, NoticesLevelChangesInShortSeries) {
  int changes = 0;
  int placed = 0;
  std::size_t false_ones = 0;
  for (std::uint64_t s = 0; s < 60; ++s) {
    Philox random(s, 43);
    const std::size_t length = 100 + 25 * (s % 9);
    const double phi = s % 3 == 0 ? 0.3 : 0.0;
    double state = 0.0;
    std::vector<double> calm(length);
    std::vector<double> changed(length);
    for (std::size_t t = 0; t < length; ++t) {
      calm[t] = 50.0 + auto_ar(random, state, phi);
      changed[t] = calm[t] + (t >= length / 2 ? 5.0 : 0.0);
    }
    false_ones += alarms(calm).size();
    const auto found = alarms(changed);
    changes += !found.empty() && found.front() >= length / 2;
    placed += !found.empty() && found.front() <= length / 2 + 20;
  }
  EXPECT_GE(changes, 54);
  EXPECT_GE(placed, 48);
  EXPECT_LE(false_ones, 1U);
}

// A step before the 32nd sample, when there is next to no past.
TEST(AutoDetector, NoticesAStepAmongThirtySamples) {
  int found = 0;
  int small_found = 0;
  for (std::uint64_t s = 0; s < 60; ++s) {
    Philox random(s, 47);
    std::vector<double> few(30);
    for (std::size_t t = 0; t < few.size(); ++t) few[t] = random.normal() + (t >= 16 ? 12.0 : 0.0);
    found += !alarms(few).empty();
    // Half of the budget is for steps: three deviations in a hundred samples are seen.
    std::vector<double> more(100);
    for (std::size_t t = 0; t < more.size(); ++t) more[t] = random.normal() + (t >= 50 ? 3.0 : 0.0);
    small_found += !alarms(more).empty();
  }
  EXPECT_GE(found, 48);  // None, were 33 samples needed.
  EXPECT_GE(small_found, 48);
}

TEST(AutoDetector, SaysWhatKindOfEventItWas) {
  Philox random(44);
  std::vector<double> stream(200);
  for (std::size_t t = 0; t < stream.size(); ++t) {
    stream[t] = random.normal() + (t >= 120 ? 3.5 : 0.0) + (t == 60 ? 60.0 : 0.0);
  }
  AutoDetector detector{AutoDetector::Config{}};
  AlarmPolicy policy({.trusts_null = true});
  std::vector<EventKind> kinds;
  for (std::size_t t = 0; t < stream.size(); ++t) {
    const double score = detector.update(stream[t]);
    if (!policy.step(score, detector.p_value()).alarm) continue;
    const Evidence evidence = detector.evidence();
    kinds.push_back(evidence.kind.value());
    EXPECT_EQ(evidence.direction, Direction::rise);
    EXPECT_FALSE(detector.shares().empty());
    if (kinds.back() == EventKind::shift) {
      EXPECT_NEAR(static_cast<double>(t - evidence.onset_samples_ago), 120.0, 3.0);
    }
    detector.rearm();
  }
  EXPECT_EQ(kinds, (std::vector{EventKind::spike, EventKind::shift}));
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
