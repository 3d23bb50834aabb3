#include "emdyn/detect/novelty/spectral_residual.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

using Complex = std::complex<double>;

/// Sum over the definition, O(n^2). @param sign -1 forward, +1 backward (not divided by n).
std::vector<Complex> dft(const std::vector<Complex>& values, double sign) {
  const auto n = static_cast<double>(values.size());
  std::vector<Complex> out(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    for (std::size_t t = 0; t < values.size(); ++t) {
      const double turn = static_cast<double>((k * t) % values.size()) / n;
      out[k] += values[t] * std::polar(1.0, sign * 2.0 * std::numbers::pi * turn);
    }
  }
  return out;
}

/// The saliency map of a window as the paper writes it, with q = 3 around the spectrum.
std::vector<double> saliency_map(const std::vector<double>& window, bool remove_mean) {
  const std::size_t n = window.size();
  double mean = 0.0;
  for (const double x : window) mean += x / static_cast<double>(n);
  std::vector<Complex> values;
  for (const double x : window) values.push_back(x - (remove_mean ? mean : 0.0));
  const auto spectrum = dft(values, -1.0);
  std::vector<double> log(n);
  for (std::size_t k = 0; k < n; ++k) log[k] = std::log(std::abs(spectrum[k]));
  if (remove_mean) log[0] = log[1];
  std::vector<Complex> residual(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double average = (log[(k + n - 1) % n] + log[k] + log[(k + 1) % n]) / 3.0;
    residual[k] = std::exp(Complex(log[k] - average, std::arg(spectrum[k])));
  }
  if (remove_mean) residual[0] = 0.0;
  std::vector<double> saliency;
  for (const Complex& value : dft(residual, 1.0)) {
    saliency.push_back(std::abs(value) / static_cast<double>(n));
  }
  return saliency;
}

std::vector<double> with_estimates(const std::vector<double>& past, std::size_t points,
                                   std::size_t ago) {
  const std::size_t n = past.size() - ago;
  double slope = 0.0;
  for (std::size_t i = 1; i <= 5; ++i) {
    slope += (past[n - 1] - past[n - 1 - i]) / static_cast<double>(i) / 5.0;
  }
  std::vector<double> window = past;
  window.insert(window.end(), points, past[n - 5] + 5.0 * slope);
  return window;
}

// Known answer: the definition with direct transforms.
TEST(SpectralResidual, EqualsTheDirectTransform) {
  for (const bool remove_mean : {false, true}) {
    Philox random(3);
    SpectralResidual detector({.estimate_from_newest = !remove_mean, .remove_mean = remove_mean});
    std::vector<double> stream;
    for (std::size_t t = 0; t < 150; ++t) {
      stream.push_back(2.0 + std::sin(0.3 * static_cast<double>(t)) + 0.2 * random.normal() +
                       (t == 120 ? 4.0 : 0.0));
      const double score = detector.update(stream.back());
      if (t < 58) {
        ASSERT_EQ(score, 0.0);
        continue;
      }
      const std::vector<double> past(stream.end() - 59, stream.end());
      const auto saliency = saliency_map(with_estimates(past, 5, remove_mean ? 1 : 0), remove_mean);
      double mean = 0.0;
      for (std::size_t i = 37; i < 58; ++i) mean += saliency[i] / 21.0;
      ASSERT_NEAR(score, std::max(0.0, (saliency[58] - mean) / mean / 3.0), 1e-9) << t;
    }
  }
}

// Known answer by hand: 0, 1, 2, 3, 4, 10 has slopes 6, 4, 11/3, ... from its end.
TEST(SpectralResidual, EstimatesThePointsThatFollow) {
  const std::vector<double> past{0.0, 1.0, 2.0, 3.0, 4.0, 10.0};
  const double slope = (6.0 + 7.0 / 2.0 + 8.0 / 3.0 + 9.0 / 4.0 + 10.0 / 5.0) / 5.0;
  EXPECT_NEAR(with_estimates(past, 1, 0).back(), 1.0 + 5.0 * slope, 1e-12);
}

std::vector<double> seasonal(std::size_t count, double level) {
  Philox random(9);
  std::vector<double> stream(count);
  for (std::size_t t = 0; t < count; ++t) {
    stream[t] = level + std::sin(2.0 * std::numbers::pi * static_cast<double>(t) / 16.0) +
                0.05 * random.normal();
  }
  return stream;
}

// A spike within the range of the season stands out; the level does not matter.
TEST(SpectralResidual, FindsASpikeWithinTheRangeOfASeason) {
  for (const double level : {0.0, 1e3}) {
    auto stream = seasonal(600, level);
    stream[508] = level + 0.9;  // In the trough, where -1 is due.
    SpectralResidual detector{SpectralResidual::Config{}};
    std::vector<double> scores;
    for (const double x : stream) scores.push_back(detector.update(x));
    EXPECT_GT(scores[508], 1.0);
    // The sample after it, whose estimate the spike enters, may stand out as much.
    const auto top = std::max_element(scores.begin(), scores.end()) - scores.begin();
    EXPECT_TRUE(top == 508 || top == 509) << top;
  }
}

// Why the newest sample is left out: extrapolated, a spike is lost beside its own plateau.
TEST(SpectralResidual, ThePapersFormulaLosesTheSpike) {
  auto stream = seasonal(600, 0.0);
  stream[508] = 4.0;
  SpectralResidual ours{SpectralResidual::Config{}};
  SpectralResidual papers({.estimate_from_newest = true});
  for (std::size_t t = 0; t <= 508; ++t) {
    const double with = ours.update(stream[t]);
    const double without = papers.update(stream[t]);
    if (t == 508) {
      EXPECT_GT(with, 1.5);
      EXPECT_LT(without, 0.7);
    }
  }
}

// Property: neither unit nor, with the mean removed, level changes a score.
TEST(SpectralResidual, DoesNotDependOnUnitOrLevel) {
  SpectralResidual plain{SpectralResidual::Config{}};
  SpectralResidual moved{SpectralResidual::Config{}};
  for (const double x : seasonal(300, 0.0)) {
    ASSERT_NEAR(plain.update(x), moved.update(500.0 + 1e-3 * x), 1e-6);
  }
}

TEST(SpectralResidual, AlarmsOnTwoOrThreePercentOfWhiteNoise) {
  Philox random(10);
  SpectralResidual detector{SpectralResidual::Config{}};
  int alarms = 0;
  for (int t = 0; t < 20'000; ++t) alarms += detector.update(random.normal()) > 1.0;
  EXPECT_LT(alarms, 700);
  EXPECT_GT(alarms, 300);
}

TEST(SpectralResidual, RejectsShapesThatDoNotFit) {
  EXPECT_THROW(SpectralResidual({.window_samples = 60}), ConfigError);
  EXPECT_THROW(SpectralResidual({.average_bins = 4}), ConfigError);
  EXPECT_THROW(SpectralResidual({.window_samples = 16}), ConfigError);
  EXPECT_NO_THROW(SpectralResidual({.window_samples = 32, .mean_samples = 26}));
  EXPECT_THROW(SpectralResidual({.window_samples = 32, .mean_samples = 27}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
