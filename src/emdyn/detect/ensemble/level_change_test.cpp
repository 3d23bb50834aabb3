#include "emdyn/detect/ensemble/level_change.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

/// The F statistic of a step at `k` on top of a line, by the normal equations of three columns.
double step_f(const std::vector<double>& y, std::size_t k) {
  const std::size_t n = y.size();
  const auto column = [&](int c, std::size_t i) {
    return c == 0 ? 1.0 : c == 1 ? static_cast<double>(i) : (i >= k ? 1.0 : 0.0);
  };
  const auto left_by = [&](int columns) {  // Gram-Schmidt, then what remains of y.
    std::vector<std::vector<double>> basis;
    std::vector<double> rest = y;
    for (int c = 0; c <= columns; ++c) {
      std::vector<double> v(n);
      for (std::size_t i = 0; i < n; ++i) v[i] = c < columns ? column(c, i) : y[i];
      for (int pass = 0; pass < 2; ++pass) {
        for (const auto& b : basis) {
          double dot = 0.0;
          for (std::size_t i = 0; i < n; ++i) dot += b[i] * v[i];
          for (std::size_t i = 0; i < n; ++i) v[i] -= dot * b[i];
        }
      }
      double square = 0.0;
      for (const double x : v) square += x * x;
      if (c == columns) return square;
      for (double& x : v) x /= std::sqrt(square);
      basis.push_back(v);
    }
    return 0.0;
  };
  const double with = left_by(3);
  return (left_by(2) - with) / with;
}

// The place is the one where the F statistic, computed from scratch, is largest.
TEST(LevelChange, FindsTheStepThatExplainsMost) {
  Philox random(5);
  for (int trial = 0; trial < 20; ++trial) {
    LevelChange change;
    std::vector<double> y;
    const std::size_t at = 30 + random.below(20);
    for (std::size_t i = 0; i < 60; ++i) {
      y.push_back(0.02 * static_cast<double>(i) + random.normal() + (i >= at ? 3.0 : 0.0));
      change.push(y.back());
    }
    std::size_t best = 0;
    double most = 0.0;
    for (std::size_t k = 30; k + LevelChange::kFewestAfter <= 60; ++k) {
      if (step_f(y, k) <= most) continue;
      most = step_f(y, k);
      best = k;
    }
    EXPECT_EQ(change.onset_samples_ago(), 59 - best) << trial;
  }
}

/// Share of series whose last sample has p <= level.
double share_below(double level, std::size_t samples, int series,
                   const std::function<double(Philox&, double&, std::size_t)>& next) {
  int found = 0;
  for (int s = 0; s < series; ++s) {
    Philox random(static_cast<std::uint64_t>(s), samples);
    LevelChange change;
    double state = 0.0;
    for (std::size_t i = 0; i < samples; ++i) change.push(next(random, state, i));
    found += change.p_value() <= level;
  }
  return static_cast<double>(found) / series;
}

double ar(Philox& random, double& state, double phi) {
  state = phi * state + std::sqrt(1.0 - phi * phi) * random.normal();
  return state;
}

// The price: p is no smaller than it should be, for any noise and any line or curve.
TEST(LevelChange, KeepsItsPrice) {
  using Next = std::function<double(Philox&, double&, std::size_t)>;
  const std::vector<std::pair<std::string, Next>> nulls{
      {"white", [](Philox& r, double&, std::size_t) { return r.normal(); }},
      {"uniform", [](Philox& r, double&, std::size_t) { return r.uniform(); }},
      {"line", [](Philox& r, double&,
                  std::size_t i) { return 0.05 * static_cast<double>(i) + r.normal(); }},
      {"log",
       [](Philox& r, double&, std::size_t i) {
         return 3.0 * std::log(1.0 + static_cast<double>(i)) + r.normal();
       }},
      {"ar .5", [](Philox& r, double& s, std::size_t) { return ar(r, s, 0.5); }},
      {"ar .8", [](Philox& r, double& s, std::size_t) { return ar(r, s, 0.8); }},
      {"log, ar .5", [](Philox& r, double& s, std::size_t i) {
         return 3.0 * std::log(1.0 + static_cast<double>(i)) + ar(r, s, 0.5);
       }}};
  for (const auto& [name, next] : nulls) {
    for (const std::size_t samples : {40UL, 120UL, 400UL}) {
      const int series = samples > 200 ? 300 : 1500;
      // Forty samples with a correlation of .8 are worth four: their dependence is underrated.
      const double factor = name == "ar .8" && samples < 100 ? 12.0 : 2.0;
      const double allowed = factor * 0.01 + 3.0 * std::sqrt(factor * 0.01 / series);
      EXPECT_LE(share_below(0.01, samples, series, next), allowed) << name << ", " << samples;
    }
  }
}

TEST(LevelChange, NoticesAStepWithinSamples) {
  for (const double phi : {0.0, 0.5}) {
    int found = 0;
    for (std::uint64_t s = 0; s < 100; ++s) {
      Philox random(s, 3);
      LevelChange change;
      double state = 0.0;
      for (std::size_t i = 0; i < 80; ++i) change.push(ar(random, state, phi));
      for (std::size_t i = 0; i < 20; ++i) change.push(4.0 + ar(random, state, phi));
      found += change.p_value() <= 1e-5 && change.rising();
    }
    EXPECT_GE(found, phi == 0.0 ? 99 : 15) << phi;
  }
}

TEST(LevelChange, BeginsAnewAtTheStep) {
  Philox random(8);
  LevelChange change;
  for (int i = 0; i < 60; ++i) change.push(random.normal());
  for (int i = 0; i < 20; ++i) change.push(6.0 + random.normal());
  EXPECT_LE(change.p_value(), 1e-6);
  EXPECT_NEAR(static_cast<double>(change.onset_samples_ago()), 19.0, 1.0);
  change.restart_at_step();
  EXPECT_EQ(change.p_value(), 1.0);
  for (int i = 0; i < 40; ++i) {
    change.push(6.0 + random.normal());
    EXPECT_GT(change.p_value(), 1e-5) << i;
  }
  for (int i = 0; i < 20; ++i) change.push(random.normal());
  EXPECT_LE(change.p_value(), 1e-6);
  EXPECT_FALSE(change.rising());
}

TEST(LevelChange, IsCalmOnConstantsAndRamps) {
  LevelChange constant;
  LevelChange ramp;
  for (int i = 0; i < 600; ++i) {
    constant.push(7.0);
    ramp.push(0.25 * i);
    EXPECT_GT(constant.p_value(), 0.01);
    EXPECT_GT(ramp.p_value(), 1e-5) << i;
  }
}

}  // namespace
}  // namespace emdyn::detect
