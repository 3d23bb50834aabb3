#include "emdyn/emergence/segment/segment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::emergence::segment {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> ar1(std::size_t count, double phi, std::uint64_t seed) {
  Philox random(seed, 77);
  std::vector<double> values(count);
  double state = random.normal() / std::sqrt(1.0 - phi * phi);
  for (double& value : values) {
    value = state;
    state = phi * state + random.normal();
  }
  return values;
}

SegmentOptions options_of(SearchMethod search, Regime regime, Noise noise = Noise::null_model) {
  SegmentOptions options;
  options.search = search;
  options.regime = regime;
  options.noise = noise;
  return options;
}

/// Share of `trials` series without change in which something is found.
double false_alarms(const SegmentOptions& options, double phi, int trials, std::size_t samples) {
  int found = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const auto values = ar1(samples, phi, 1000 + static_cast<std::uint64_t>(trial));
    found += segment(values, options).changes.empty() ? 0 : 1;
  }
  return found / static_cast<double>(trials);
}

// Annual flow of the Nile at Aswan 1871-1970, 10^8 m³; the fall of 1898/99 is the textbook example
// (Cobb, Biometrika 65 (1978)).
const std::vector<double> kNile{
    1120, 1160, 963, 1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994,  1020,
    960,  1180, 799, 958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,
    874,  694,  940, 833,  701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,
    1120, 1100, 832, 764,  821,  768,  845,  864,  862,  698,  845,  744,  796,  1040, 759,
    781,  865,  845, 944,  984,  897,  822,  1010, 771,  676,  649,  846,  812,  742,  801,
    1040, 860,  874, 848,  890,  744,  749,  838,  1050, 918,  986,  797,  923,  975,  815,
    1020, 906,  901, 1170, 912,  746,  919,  718,  714,  740};

TEST(Segment, FindsTheFallOfTheNileIn1899WithEverySearch) {
  for (const SearchMethod search :
       {SearchMethod::pelt, SearchMethod::binary, SearchMethod::bocpd}) {
    const Segmentation found = segment(kNile, options_of(search, Regime::mean));
    ASSERT_EQ(found.changes.size(), 1U) << kSearchWords[static_cast<std::size_t>(search)];
    EXPECT_EQ(found.changes[0].index, 28U);  // 1899.
    EXPECT_EQ(found.changes[0].direction, series::Direction::fall);
    EXPECT_LE(found.changes[0].onset.low, 28.0);
    EXPECT_GE(found.changes[0].onset.high, 28.0);
    EXPECT_LT(found.changes[0].onset.high - found.changes[0].onset.low, 15.0);
    ASSERT_EQ(found.segments.size(), 2U);
    EXPECT_NEAR(found.segments[0].mean, 1097.75, 0.01);
    EXPECT_NEAR(found.segments[1].mean, 849.97, 0.01);
  }
  ASSERT_EQ(segment(kNile).changes.size(), 1U);
  EXPECT_EQ(segment(kNile).changes[0].index, 28U);
}

TEST(Segment, FindsABendOfTheTrend) {
  std::vector<double> values(300);
  Philox random(4);
  for (std::size_t t = 0; t < 300; ++t) {
    const double x = static_cast<double>(t);
    values[t] = (t < 180 ? 0.05 * x : 9.0 - 0.08 * (x - 180.0)) + 0.4 * random.normal();
  }
  const Segmentation found = segment(values);
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(found.changes[0].index), 180.0, 6.0);
  EXPECT_EQ(found.changes[0].kind, series::EventKind::trend);
  EXPECT_EQ(found.changes[0].direction, series::Direction::fall);
  EXPECT_NEAR(found.segments[0].slope, 0.05, 0.003);
}

TEST(Segment, ATrendIsNoChange) {
  std::vector<double> values = ar1(400, 0.0, 8);
  for (std::size_t t = 0; t < 400; ++t) values[t] += 0.2 * static_cast<double>(t);
  EXPECT_TRUE(segment(values).changes.empty());
}

TEST(Segment, FindsAChangeOfVarianceOnly) {
  std::vector<double> values = ar1(400, 0.0, 21);
  for (std::size_t t = 250; t < 400; ++t) values[t] *= 4.0;
  for (const Regime regime : {Regime::mean_variance, Regime::distribution}) {
    const Segmentation found = segment(values, options_of(SearchMethod::pelt, regime));
    ASSERT_EQ(found.changes.size(), 1U) << kRegimeWords[static_cast<std::size_t>(regime)];
    EXPECT_NEAR(static_cast<double>(found.changes[0].index), 250.0, 8.0);
    EXPECT_EQ(found.changes[0].kind, series::EventKind::variance);
    EXPECT_EQ(found.changes[0].direction, series::Direction::rise);
  }
}

// Independent noise without change: the automatic penalty keeps false alarms rare.
TEST(Segment, RarelyAlarmsOnIndependentNoise) {
  for (const Regime regime :
       {Regime::trend, Regime::mean, Regime::mean_variance, Regime::distribution}) {
    EXPECT_LE(false_alarms(options_of(SearchMethod::pelt, regime), 0.0, 100, 200), 0.05)
        << kRegimeWords[static_cast<std::size_t>(regime)];
  }
  EXPECT_LE(false_alarms(options_of(SearchMethod::binary, Regime::trend), 0.0, 100, 200), 0.05);
  EXPECT_LE(false_alarms(options_of(SearchMethod::bocpd, Regime::mean), 0.0, 100, 200), 0.05);
}

// Correlated noise wanders: counted as changes by default, not with noise=autoregressive.
TEST(Segment, AutoregressiveNoiseIsNotTakenForChanges) {
  for (const Regime regime : {Regime::trend, Regime::mean}) {
    const SegmentOptions aware = options_of(SearchMethod::pelt, regime, Noise::autoregressive);
    EXPECT_LE(false_alarms(aware, 0.5, 60, 300), 0.05);
    EXPECT_LE(false_alarms(aware, 0.9, 60, 300), 0.1);
  }
  auto values = ar1(400, 0.5, 3);
  for (std::size_t t = 200; t < 400; ++t) values[t] += 6.0;
  const auto found =
      segment(values, options_of(SearchMethod::pelt, Regime::mean, Noise::autoregressive));
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(found.changes[0].index), 200.0, 3.0);
  EXPECT_NEAR(found.autocorrelation, 0.5, 0.15);
}

// The stated level of the onset interval holds.
TEST(Segment, OnsetIntervalsCoverTheTruth) {
  int covered = 0;
  int found = 0;
  for (std::uint64_t trial = 0; trial < 150; ++trial) {
    auto values = ar1(200, 0.0, 500 + trial);
    for (std::size_t t = 120; t < 200; ++t) values[t] += 1.5;
    const auto result =
        segment(values, options_of(SearchMethod::pelt, Regime::mean, Noise::differences));
    if (result.changes.size() != 1) continue;
    ++found;
    const auto& onset = result.changes[0].onset;
    covered += onset.low <= 120.0 && 120.0 <= onset.high ? 1 : 0;
  }
  EXPECT_GT(found, 135);
  EXPECT_GE(covered, found * 85 / 100);
}

TEST(Segment, DoesNotDependOnUnits) {
  auto values = kNile;
  const auto plain = segment(values);
  for (double& value : values) value = 1e6 - 0.003 * value;
  const auto other = segment(values);
  ASSERT_EQ(plain.changes.size(), other.changes.size());
  EXPECT_EQ(plain.changes[0].index, other.changes[0].index);
}

TEST(Segment, LeavesOutWhatIsNotFinite) {
  auto values = kNile;
  values.insert(values.begin() + 10, {kNaN, std::numeric_limits<double>::infinity()});
  const auto found = segment(values, options_of(SearchMethod::pelt, Regime::mean));
  EXPECT_EQ(found.missing, 2U);
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_EQ(found.changes[0].index, 30U);
}

TEST(Segment, SurvivesDegenerateSeries) {
  const std::vector<std::vector<double>> hostile{
      {},
      {kNaN},
      {1.0},
      {1.0, 2.0},
      std::vector<double>(50, 7.0),
      {1e300, -1e300, 1e300, 1e300, -1e300, 1e300, 1e300},
      {5e-324, 0.0, 5e-324, 0.0, 5e-324, 0.0, 0.0, 0.0}};
  for (const auto& values : hostile) {
    for (std::size_t search = 0; search < kSearchWords.size(); ++search) {
      for (std::size_t regime = 0; regime < kRegimeWords.size(); ++regime) {
        const auto found = segment(
            values, options_of(static_cast<SearchMethod>(search), static_cast<Regime>(regime)));
        for (const Segment& one : found.segments) EXPECT_TRUE(std::isfinite(one.mean));
      }
    }
  }
  EXPECT_TRUE(segment(hostile[4]).changes.empty());
}

TEST(Segment, LongSeriesAreCutOnAGridAndRefined) {
  auto values = ar1(60000, 0.0, 31);
  for (std::size_t t = 31001; t < 60000; ++t) values[t] += 3.0;
  const auto found = segment(values, options_of(SearchMethod::binary, Regime::mean));
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(found.changes[0].index), 31001.0, 3.0);
}

TEST(SegmentJson, NamesPositionsAndOptions) {
  std::vector<double> years(kNile.size());
  for (std::size_t i = 0; i < years.size(); ++i) years[i] = 1871.0 + static_cast<double>(i);
  const Json json = segment_json(years, kNile);
  EXPECT_EQ(json["change_points"][0]["position"], 1899.0);
  EXPECT_EQ(json["change_points"][0]["index"], 28);
  EXPECT_EQ(json["options"]["regime"], "trend");
  EXPECT_EQ(json["segments"].size(), 2U);
  EXPECT_THROW((void)segment_json(std::vector<double>{1.0}, kNile), DataError);
}

TEST(Segment, RejectsBadOptions) {
  SegmentOptions options;
  options.penalty = -1.0;
  EXPECT_THROW((void)segment(kNile, options), ConfigError);
  options = {};
  EXPECT_THROW(apply_params("segment", kFields, {{"search", "magic"}}, options), ConfigError);
  EXPECT_THROW(apply_params("segment", kFields, {{"level", "1.5"}}, options), ConfigError);
}

// Beyond 20,000 samples as well: 60 pulses of 20 samples in 100,000.
TEST(Segment, LevelsAreExactAtAnyLength) {
  constexpr std::size_t kPulses = 60;
  Philox random(77);
  std::vector<double> values(100'000);
  for (double& value : values) value = random.normal();
  for (std::size_t pulse = 0; pulse < kPulses; ++pulse)
    for (std::size_t t = 0; t < 20; ++t) values[800 + 1600 * pulse + t] += 8.0;
  const auto found = segment(values, options_of(SearchMethod::pelt, Regime::mean));
  ASSERT_EQ(found.changes.size(), 2 * kPulses);
  for (std::size_t pulse = 0; pulse < kPulses; ++pulse) {
    EXPECT_NEAR(static_cast<double>(found.changes[2 * pulse].index),
                800.0 + 1600.0 * static_cast<double>(pulse), 1.0);
    EXPECT_EQ(found.changes[2 * pulse].direction, series::Direction::rise);
    EXPECT_EQ(found.changes[2 * pulse + 1].direction, series::Direction::fall);
  }
}

// A change of the mean is a shift, however the spread differs by chance.
TEST(Segment, MeanShiftsAreNeverCalledVariance) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    auto values = ar1(120, 0.0, 900 + seed);
    for (std::size_t t = 70; t < 120; ++t) values[t] += 2.0;
    for (const Regime regime :
         {Regime::mean, Regime::mean_variance, Regime::distribution, Regime::kernel}) {
      const auto found = segment(values, options_of(SearchMethod::pelt, regime));
      for (const ChangePoint& change : found.changes) {
        if (change.index < 60 || change.index > 80) continue;
        EXPECT_EQ(change.kind, series::EventKind::shift)
            << seed << " " << kRegimeWords[static_cast<std::size_t>(regime)];
      }
    }
    for (const ChangePoint& change :
         segment(values, options_of(SearchMethod::pelt, Regime::mean)).changes)
      EXPECT_EQ(change.kind, series::EventKind::shift);
  }
}

TEST(Segment, TheKernelSeesAnyChangeAndRarelyAlarms) {
  auto spread = ar1(400, 0.0, 22);
  for (std::size_t t = 250; t < 400; ++t) spread[t] *= 4.0;
  const auto found = segment(spread, options_of(SearchMethod::pelt, Regime::kernel));
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(found.changes[0].index), 250.0, 10.0);
  EXPECT_EQ(found.changes[0].kind, series::EventKind::variance);
  // The same mean and variance, another shape: two points instead of a normal law.
  Philox random(6);
  std::vector<double> shape(2000);
  for (std::size_t t = 0; t < 2000; ++t)
    shape[t] =
        t < 1000 ? random.normal() : (random.below(2) == 0 ? 1.0 : -1.0) + 0.05 * random.normal();
  const auto other = segment(shape, options_of(SearchMethod::pelt, Regime::kernel));
  ASSERT_EQ(other.changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(other.changes[0].index), 1000.0, 40.0);
  EXPECT_LE(false_alarms(options_of(SearchMethod::pelt, Regime::kernel), 0.0, 60, 200), 0.05);
}

TEST(Segment, AFixedNumberOfChanges) {
  auto values = ar1(300, 0.0, 12);
  for (std::size_t t = 100; t < 200; ++t) values[t] += 4.0;
  for (const SearchMethod search :
       {SearchMethod::pelt, SearchMethod::binary, SearchMethod::bocpd}) {
    for (std::size_t regime = 0; regime < kRegimeWords.size(); ++regime) {
      auto options = options_of(search, static_cast<Regime>(regime));
      options.changes = 2;
      const auto found = segment(values, options);
      ASSERT_EQ(found.changes.size(), 2U) << regime;
      EXPECT_NEAR(static_cast<double>(found.changes[0].index), 100.0, 6.0) << regime;
      EXPECT_NEAR(static_cast<double>(found.changes[1].index), 200.0, 6.0) << regime;
      EXPECT_EQ(found.penalty, 0.0);
      options.changes = 7;
      EXPECT_EQ(segment(values, options).changes.size(), 7U);
      options.changes = 400;
      EXPECT_THROW((void)segment(values, options), ConfigError);
    }
  }
}

// A change of 1.2 deviations in each of six channels is clear together and in none alone.
TEST(SegmentTogether, ChannelsLendEachOtherTheirEvidence) {
  std::vector<std::vector<double>> channels;
  int alone = 0;
  for (std::uint64_t c = 0; c < 6; ++c) {
    channels.push_back(ar1(120, 0.0, 40 + c));
    for (std::size_t t = 60; t < 120; ++t) channels.back()[t] += c == 5 ? 3.0 : 0.7;
    const auto single = segment(channels.back(), options_of(SearchMethod::pelt, Regime::mean));
    alone += single.changes.empty() ? 0 : 1;
  }
  for (const Regime regime : {Regime::mean, Regime::trend, Regime::mean_variance, Regime::kernel}) {
    const auto found = segment_together(channels, options_of(SearchMethod::pelt, regime));
    ASSERT_EQ(found.changes.size(), 1U) << kRegimeWords[static_cast<std::size_t>(regime)];
    EXPECT_NEAR(static_cast<double>(found.changes[0].index), 60.0, 4.0);
    ASSERT_EQ(found.changes[0].shares.size(), 6U);
    EXPECT_EQ(std::ranges::max_element(found.changes[0].shares) - found.changes[0].shares.begin(),
              5);
    ASSERT_EQ(found.segments.size(), 6U);
    EXPECT_EQ(found.segments[3].size(), 2U);
  }
  EXPECT_LT(alone, 6);
}

TEST(SegmentTogether, RowsWithAHoleAreLeftOutAndLengthsMustAgree) {
  std::vector<std::vector<double>> channels(2, kNile);
  channels[1][3] = kNaN;
  const auto found = segment_together(channels, options_of(SearchMethod::pelt, Regime::mean));
  EXPECT_EQ(found.missing, 1U);
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_EQ(found.changes[0].index, 28U);
  // A constant channel says nothing.
  channels[1].assign(kNile.size(), 4.0);
  EXPECT_EQ(segment_together(channels, options_of(SearchMethod::pelt, Regime::mean)).changes.size(),
            1U);
  channels[1].pop_back();
  EXPECT_THROW((void)segment_together(channels), DataError);
  const std::vector<std::string> names{"one"};
  EXPECT_THROW((void)segment_together_json({}, names, channels), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::segment
