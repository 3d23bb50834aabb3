#include "emdyn/emergence/warning/early_warning.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

std::vector<double> steps(std::size_t count) {
  std::vector<double> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = 5.0 * static_cast<double>(i);
  return positions;
}

std::vector<double> simulated_ar(double phi, std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  double state = random.normal() / std::sqrt(1.0 - phi * phi);
  std::vector<double> values(count);
  for (double& value : values) value = state = phi * state + random.normal();
  return values;
}

EarlyWarningOptions options(std::int64_t window, std::int64_t replicates = 19) {
  EarlyWarningOptions chosen;
  chosen.window = window;
  chosen.replicates = replicates;
  return chosen;
}

double average(const EarlyWarning& warning, std::size_t indicator) {
  math::Moments moments;
  for (const double value : warning.indicators[indicator].values) moments.add(value);
  return moments.mean();
}

TEST(EarlyWarning, KnownAnswersOfAnAutoregression) {
  for (const double phi : {0.0, 0.5, 0.9}) {
    const std::vector<double> values = simulated_ar(phi, 60'000, 3);
    const EarlyWarning warning = early_warning("y", steps(60'000), values, options(3000, 0));
    EXPECT_NEAR(average(warning, 0), 1.0 / (1.0 - phi * phi), 0.06 / (1.0 - phi * phi)) << phi;
    EXPECT_NEAR(average(warning, 1), phi, 0.01) << phi;
    EXPECT_NEAR(average(warning, 2), 0.0, 0.08) << phi;
    // Integral of the spectrum 1/(1 + φ² − 2φ cos 2πf) up to f = 1/8.
    const double share = 2.0 / std::numbers::pi *
                         std::atan((1.0 + phi) / (1.0 - phi) * std::tan(std::numbers::pi / 8.0));
    EXPECT_NEAR(average(warning, 3), share, 0.012) << phi;
  }
}

TEST(EarlyWarning, FoldNormalForm) {
  // dx = (μ − x²)dt + σ dW about √μ is nearly linear with rate 2√μ: sampled every unit of time,
  // lag-1 autocorrelation e^(−2√μ), variance σ²/(4√μ).
  for (const double mu : {0.25, 0.04}) {
    Philox random(9);
    constexpr double kStep = 0.01;
    constexpr double kSigma = 0.02;
    double x = std::sqrt(mu);
    std::vector<double> values(20'000);
    for (double& value : values) {
      for (int i = 0; i < 100; ++i) {
        x += (mu - x * x) * kStep + kSigma * std::sqrt(kStep) * random.normal();
      }
      value = x;
    }
    const EarlyWarning warning = early_warning("y", steps(20'000), values, options(2000, 0));
    EXPECT_NEAR(average(warning, 1), std::exp(-2.0 * std::sqrt(mu)), 0.02) << mu;
    EXPECT_NEAR(average(warning, 0), kSigma * kSigma / (4.0 * std::sqrt(mu)), 4e-5) << mu;
  }
}

TEST(EarlyWarning, ByHand) {
  // One window of 16: ±1 in turn has no trend to speak of, autocorrelation near −1, high frequency.
  std::vector<double> values(32);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 1.0 : -1.0;
  EarlyWarningOptions chosen = options(16);
  chosen.detrending = Detrending::mean;
  const EarlyWarning warning = early_warning("y", steps(32), values, chosen);
  EXPECT_NEAR(warning.indicators[0].values[0], 16.0 / 15.0, 1e-14);
  EXPECT_NEAR(warning.indicators[1].values[0], -15.0 / 16.0, 1e-14);
  EXPECT_NEAR(warning.indicators[2].values[0], 0.0, 1e-14);
  EXPECT_NEAR(warning.indicators[3].values[0], 0.0, 1e-14);
  EXPECT_EQ(warning.positions[0], 75.0);
}

TEST(EarlyWarning, NothingChangesWhenTheFutureIsCut) {
  Philox random(1);
  const std::vector<double> values = simulated_ar(0.7, 900, 4);
  const std::vector<double> positions = steps(900);
  const EarlyWarning whole = early_warning("y", positions, values, options(60, 0));
  for (int round = 0; round < 20; ++round) {
    const std::size_t cut = 130 + random.below(760);
    const EarlyWarning part = early_warning("y", std::span(positions).first(cut),
                                            std::span(values).first(cut), options(60, 0));
    ASSERT_GE(part.positions.size(), 1U);
    for (std::size_t k = 0; k < part.indicators.size(); ++k) {
      for (std::size_t i = 0; i < part.positions.size(); ++i) {
        ASSERT_EQ(part.positions[i], whole.positions[i]);
        ASSERT_EQ(part.indicators[k].values[i], whole.indicators[k].values[i]);
      }
    }
  }
}

TEST(EarlyWarning, PrecursorsSeeNothingFromTheOnsetOn) {
  series::Signal signal{.name = "accuracy"};
  const std::vector<double> values = simulated_ar(0.4, 600, 6);
  for (std::size_t i = 0; i < values.size(); ++i) {
    signal.append(static_cast<double>(i), values[i] + (i >= 400 ? 1e6 : 0.0));
  }
  series::Signal quiet = signal;
  for (std::size_t i = 400; i < 600; ++i) quiet.values[i] = 0.0;
  const auto a = early_warning_before(signal, 400.0, options(50));
  const auto b = early_warning_before(quiet, 400.0, options(50));
  EXPECT_EQ(precursors("accuracy", a), precursors("accuracy", b));
  EXPECT_LT(a.positions.back(), 400.0);
  EXPECT_EQ(a.points, 400U);
  EXPECT_EQ(precursors("accuracy", a).size(), kIndicatorNames.size());
  EXPECT_EQ(early_warning_before(signal, 50.0, options(100)).window, 25U);
  EXPECT_EQ(early_warning_before(signal, 24.0, options(100)).window, 12U);
  EXPECT_FALSE(early_warning_before(signal, 19.0, options(100)).note.empty());
}

TEST(EarlyWarning, FalseAlarmsAndPower) {
  int false_alarms = 0;
  int found = 0;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    const auto quiet =
        early_warning("y", steps(500), simulated_ar(0.6, 500, seed), options(100, 99));
    false_alarms += quiet.indicators[1].p_value <= 0.05;
    // Autocorrelation rising from 0 to .97 on the way to a fold.
    Philox random(100 + seed);
    double state = 0.0;
    std::vector<double> rising(500);
    for (std::size_t i = 0; i < rising.size(); ++i) {
      state = 0.97 * static_cast<double>(i) / 500.0 * state + random.normal();
      rising[i] = state;
    }
    const auto slow = early_warning("y", steps(500), rising, options(100, 99));
    found += slow.indicators[1].p_value <= 0.05;
  }
  EXPECT_LE(false_alarms, 6);  // 5 % of 40 and three standard errors
  EXPECT_GE(found, 30);
  std::printf("lag-1 autocorrelation: %d of %d null series, %d of %d slowing ones with p <= .05\n",
              false_alarms, kRounds, found, kRounds);
}

TEST(EarlyWarning, FalseAlarmsOfTheShortestSeries) {
  constexpr int kRounds = 200;
  std::array<int, 4> alarms{};
  for (int round = 0; round < kRounds; ++round) {
    const auto series = simulated_ar(0.5, 20, 1000 + static_cast<std::uint64_t>(round));
    const EarlyWarning warning = early_warning("y", steps(20), series, options(10, 99));
    for (std::size_t k = 0; k < alarms.size(); ++k) {
      alarms[k] += warning.indicators[k].p_value <= 0.05;
    }
  }
  for (const int count : alarms) EXPECT_LE(count, 19);  // 5 % of 200 and three standard errors
}

TEST(EarlyWarning, WarnsOfSlowingAndNotOfAFallingVariance) {
  int slowing = 0, falling = 0;
  for (std::uint64_t round = 0; round < 10; ++round) {
    Philox random(200 + round);
    double state = 0.0;
    std::vector<double> rising(600), shrinking(600);
    for (std::size_t i = 0; i < rising.size(); ++i) {
      const double along = static_cast<double>(i) / 600.0;
      rising[i] = state = 0.97 * along * state + random.normal();
      shrinking[i] = std::exp(-3.0 * along) * random.normal();
    }
    slowing += warns(early_warning("y", steps(600), rising, options(100, 99)));
    falling += warns(early_warning("y", steps(600), shrinking, options(100, 99)));
  }
  EXPECT_GE(slowing, 9);
  EXPECT_LE(falling, 2);
}

TEST(EarlyWarning, FlatNonFiniteAndRejected) {
  const std::vector<double> flat(300, 2.0);
  const EarlyWarning warning = early_warning("y", steps(300), flat, options(50));
  EXPECT_EQ(warning.indicators[0].values[0], 0.0);
  EXPECT_TRUE(std::isnan(warning.indicators[1].values[0]));
  EXPECT_EQ(warning.indicators[1].p_value, 1.0);
  EXPECT_NO_THROW(json_text(Json(warning)));

  std::vector<double> holes = simulated_ar(0.5, 300, 2);
  holes[7] = std::nan("");
  holes[9] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(early_warning("y", steps(300), holes, options(50)).points, 298U);
  EXPECT_FALSE(early_warning("y", steps(30), std::span(holes).first(30), options(50)).note.empty());
  EXPECT_THROW(early_warning("y", steps(300), holes, options(3)), ConfigError);
  EXPECT_THROW(early_warning("y", steps(299), holes, options(50)), DataError);
  std::vector<double> back = steps(300);
  back[200] = 0.0;
  EXPECT_THROW(early_warning("y", back, holes, options(50)), DataError);
}

TEST(EarlyWarning, SameWhateverTheThreads) {
  const std::vector<double> values = simulated_ar(0.8, 400, 8);
  const auto text = [&] { return json_text(Json(early_warning("y", steps(400), values))); };
  const std::string many = text();
  const ThreadLimit one(1);
  EXPECT_EQ(text(), many);
}

}  // namespace
}  // namespace emdyn::emergence
