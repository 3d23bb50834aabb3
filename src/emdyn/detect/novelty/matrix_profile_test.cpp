#include "emdyn/detect/novelty/matrix_profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

using Wide = long double;

/// (x - mean) / norm; empty when flat.
std::vector<Wide> normalised(std::span<const double> window) {
  Wide mean = 0;
  Wide squares = 0;
  Wide largest = 0;
  for (const double x : window) mean += static_cast<Wide>(x) / static_cast<Wide>(window.size());
  for (const double x : window) {
    squares += (x - mean) * (x - mean);
    largest = std::max(largest, std::abs(static_cast<Wide>(x)));
  }
  if (squares <= static_cast<Wide>(window.size()) * largest * largest * 1e-24L) return {};
  std::vector<Wide> values;
  for (const double x : window) values.push_back((x - mean) / std::sqrt(squares));
  return values;
}

/// The definition, window against window: k-th neighbour, each apart from the others.
std::vector<double> brute_force_profile(const std::vector<double>& stream, std::size_t m,
                                        std::size_t history, std::size_t k) {
  std::vector<std::vector<Wide>> windows;
  for (std::size_t end = m; end <= stream.size(); ++end) {
    windows.push_back(normalised(std::span(stream).subspan(end - m, m)));
  }
  std::vector<double> distances(stream.size(), -1.0);
  for (std::size_t i = m; i < windows.size(); ++i) {
    std::vector<std::size_t> chosen;
    Wide nearest = -1;
    while (chosen.size() < k) {
      nearest = -1;
      std::optional<std::size_t> at;
      for (std::size_t j = i - std::min(i, m + history - 1); j + m <= i; ++j) {
        if (std::ranges::any_of(
                chosen, [=](std::size_t c) { return std::max(c, j) - std::min(c, j) < m; })) {
          continue;
        }
        Wide sum = 0;
        const auto& a = windows[i];
        const auto& b = windows[j];
        if (a.empty() || b.empty()) {
          sum = a.empty() == b.empty() ? 0 : 1;
        } else {
          for (std::size_t t = 0; t < m; ++t) sum += (a[t] - b[t]) * (a[t] - b[t]);
        }
        const Wide distance = std::sqrt(static_cast<Wide>(m) * sum);
        if (!at || distance < nearest) {
          nearest = distance;
          at = j;
        }
      }
      if (!at) break;
      chosen.push_back(*at);
    }
    if (chosen.size() == k) distances[i + m - 1] = static_cast<double>(nearest);
  }
  return distances;
}

std::vector<double> streamed(const std::vector<double>& stream, std::size_t m, std::size_t history,
                             std::size_t k) {
  LeftProfile profile(m, history, k);
  std::vector<double> distances;
  for (const double x : stream) {
    profile.push(x);
    distances.push_back(profile.distance());
  }
  return distances;
}

std::vector<double> random_walk(std::uint64_t seed, std::size_t count) {
  Philox random(seed);
  std::vector<double> stream(count);
  double level = 0.0;
  for (double& x : stream) x = level += random.normal();
  return stream;
}

void expect_equal(const std::vector<double>& found, const std::vector<double>& wanted,
                  double tolerance) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], wanted[i], tolerance) << "sample " << i;
  }
}

// Known answer by hand: 0 1 0 1 and 0 2 0 2 have one shape, 1 0 1 0 is its mirror image.
TEST(LeftProfile, KnowsAShapeAtAnySizeAndItsMirrorImage) {
  expect_equal(streamed({0, 1, 0, 1, 0, 2, 0, 2}, 4, 1, 1), {-1, -1, -1, -1, -1, -1, -1, 0}, 1e-12);
  expect_equal(streamed({0, 1, 0, 1, 9, 7, 9, 7}, 4, 1, 1), {-1, -1, -1, -1, -1, -1, -1, 4}, 1e-12);
}

// The definition, over random walks, whole and short histories and further neighbours.
TEST(LeftProfile, EqualsBruteForceOnRandomWalks) {
  for (const std::size_t m : {4UL, 15UL, 32UL}) {
    for (const std::size_t history : {70UL, 1000UL}) {
      for (const std::size_t k : {1UL, 3UL}) {
        if (history < k * m) continue;
        const auto stream = random_walk(m + history, 420);
        expect_equal(streamed(stream, m, history, k), brute_force_profile(stream, m, history, k),
                     1e-6);
      }
    }
  }
}

// Cancellation: a level of 1e7 deviations, and freak values of 1e9 deviations in the history.
TEST(LeftProfile, EqualsBruteForceWhereSumsCancel) {
  Philox random(4);
  std::vector<double> high(600);
  std::vector<double> freaks(600);
  for (std::size_t i = 0; i < high.size(); ++i) {
    high[i] = 1e7 + random.normal();
    freaks[i] = random.normal() + (i % 97 == 50 ? 1e9 : 0.0);
  }
  expect_equal(streamed(high, 16, 400, 1), brute_force_profile(high, 16, 400, 1), 1e-6);
  expect_equal(streamed(freaks, 16, 400, 1), brute_force_profile(freaks, 16, 400, 1), 1e-6);
}

TEST(LeftProfile, EqualsBruteForceOnFlatAndTiedWindows) {
  Philox random(5);
  std::vector<double> stream(500);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const bool rests = i % 100 < 40;
    stream[i] = rests ? 3.0 : static_cast<double>(random.below(3));
  }
  for (const std::size_t k : {1UL, 2UL}) {
    expect_equal(streamed(stream, 8, 300, k), brute_force_profile(stream, 8, 300, k), 1e-6);
  }
}

// Nothing a freak value did lasts once no window holds it.
TEST(LeftProfile, AFreakOfAnySizeLeavesNoTrace) {
  const auto stream = random_walk(6, 900);
  for (const double freak : {1e30, 1e140}) {
    LeftProfile clean(16, 200, 1);
    LeftProfile hit(16, 200, 1);
    for (std::size_t i = 0; i < stream.size(); ++i) {
      clean.push(stream[i]);
      hit.push(i == 300 || i == 330 ? freak : stream[i]);
      if (i <= 330 + 200 + 2 * 16) continue;
      ASSERT_NEAR(hit.distance(), clean.distance(), 1e-6) << i;
    }
  }
}

TEST(LeftProfile, NoWindowSpansAGap) {
  LeftProfile profile(8, 100, 1);
  const auto stream = random_walk(7, 100);
  for (const double x : stream) profile.push(x);
  EXPECT_GE(profile.distance(), 0.0);
  profile.skip();
  for (std::size_t i = 0; i < 7; ++i) {
    profile.push(stream[i]);
    EXPECT_LT(profile.distance(), 0.0);
  }
  profile.push(stream[7]);
  EXPECT_NEAR(profile.distance(), 0.0, 1e-6);
  EXPECT_EQ(profile.neighbour_lag(), 100U);
}

std::vector<double> beats(std::size_t count, double noise) {
  Philox random(8);
  std::vector<double> stream(count);
  for (std::size_t t = 0; t < count; ++t) {
    const double phase = 2.0 * std::numbers::pi * static_cast<double>(t) / 40.0;
    stream[t] = std::sin(phase) + 0.6 * std::sin(3.0 * phase) + noise * random.normal();
  }
  return stream;
}

// A beat of the same range but reversed in time.
void plant(std::vector<double>& stream, std::size_t at) {
  std::reverse(stream.begin() + static_cast<std::ptrdiff_t>(at),
               stream.begin() + static_cast<std::ptrdiff_t>(at) + 30);
}

TEST(MatrixProfile, FindsAPlantedDiscord) {
  auto stream = beats(4000, 0.1);
  plant(stream, 3000);
  MatrixProfile detector(MatrixProfile::Config{});
  std::vector<double> scores;
  for (const double x : stream) scores.push_back(detector.update(x));
  const auto top = std::max_element(scores.begin(), scores.end()) - scores.begin();
  EXPECT_GE(top, 3000);
  EXPECT_LT(top, 3000 + 30 + 32);
  EXPECT_GT(scores[static_cast<std::size_t>(top)], 2.0);
}

TEST(MatrixProfile, ATwinHidesADiscordFromTheFirstNeighbourOnly) {
  auto stream = beats(4000, 0.02);
  plant(stream, 2005);
  plant(stream, 3005);
  for (const std::int64_t k : {1, 2}) {
    MatrixProfile detector({.neighbour = k});
    double most = 0.0;
    for (std::size_t t = 0; t < stream.size(); ++t) {
      const double score = detector.update(stream[t]);
      if (t >= 3005 && t < 3060) most = std::max(most, score);
    }
    if (k == 1) {
      EXPECT_LT(most, 1.5);
    } else {
      EXPECT_GT(most, 3.0);
    }
  }
}

// The price: at the default one block in twenty, on streams that are like their past.
TEST(MatrixProfile, AlarmsAsOftenAsItsLevelSays) {
  int blocks = 0;
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Philox random(seed);
    MatrixProfile detector({.window_samples = 16, .history_samples = 512});
    bool alarmed = false;
    for (int t = 0; t < 6000; ++t) {
      alarmed |= detector.update(random.normal()) > 1.0;
      if (t % 16 != 15) continue;
      if (t > 2000) {
        ++blocks;
        alarms += alarmed;
      }
      alarmed = false;
    }
  }
  const double rate = static_cast<double>(alarms) / blocks;
  EXPECT_GT(rate, 0.02);
  EXPECT_LT(rate, 0.1);
}

// A constant has nothing to compare; its first move is unlike anything before.
TEST(MatrixProfile, NoiseDistanceIsWhatNoiseHas) {
  constexpr std::size_t kWindow = 16;
  constexpr int kRounds = 300;
  double before = 1e9;
  for (const std::size_t count : {30U, 300U}) {
    Philox random(11, count);
    const auto window = [&] {
      std::vector<double> values(kWindow);
      for (double& value : values) value = random.normal();
      return normalised(values);
    };
    Wide sum = 0;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<Wide> newest = window();
      Wide correlation = -1;
      for (std::size_t i = 0; i < count; ++i) {
        const std::vector<Wide> other = window();
        Wide product = 0;
        for (std::size_t t = 0; t < kWindow; ++t) product += newest[t] * other[t];
        correlation = std::max(correlation, product);
      }
      sum += std::sqrt(2 * static_cast<Wide>(kWindow) * (1 - correlation));
    }
    const double expected = noise_distance(kWindow, count);
    EXPECT_NEAR(expected / static_cast<double>(sum / kRounds), 1.04, 0.04) << count;
    EXPECT_LT(expected, before);  // More windows to choose from: a nearer one.
    before = expected;
  }
}

// The share of p <= .01 on noise, whose windows overlap and whose history grows.
TEST(MatrixProfile, PValuesAreNotTooSmallOnNoise) {
  std::size_t small = 0;
  std::size_t all = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Philox random(seed + 40);
    MatrixProfile detector({});
    for (int i = 0; i < 6000; ++i) {
      detector.update(random.normal());
      if (!detector.ready()) continue;
      ++all;
      small += detector.p_value() <= 0.01;
    }
  }
  const double share = static_cast<double>(small) / static_cast<double>(all);
  EXPECT_GT(share, 0.002);
  EXPECT_LT(share, 0.03);
}

TEST(MatrixProfile, IsSilentOnAConstantAndHearsItsFirstMove) {
  MatrixProfile detector(MatrixProfile::Config{});
  for (int t = 0; t < 2000; ++t) ASSERT_EQ(detector.update(5.0), 0.0);
  EXPECT_GT(detector.update(5.1), 1.0);
}

TEST(MatrixProfile, RejectsSettingsThatCannotWork) {
  EXPECT_THROW(MatrixProfile({.window_samples = 3}), ConfigError);
  EXPECT_THROW(MatrixProfile({.level = 0.99, .blocks = 98}), ConfigError);
  EXPECT_NO_THROW(MatrixProfile({.level = 0.99, .blocks = 99}));
  EXPECT_THROW(MatrixProfile({.window_samples = 64, .history_samples = 100, .neighbour = 2}),
               ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
