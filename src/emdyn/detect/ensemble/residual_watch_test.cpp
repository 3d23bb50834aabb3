#include "emdyn/detect/ensemble/residual_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/ensemble/auto_detector.hpp"

namespace emdyn::detect {
namespace {

/// Where `auto` alarms within a budget, rearmed after each, as `emdyn detect` runs it.
std::vector<std::size_t> told(const std::vector<double>& stream, double alpha = 1e-5) {
  AutoDetector detector{AutoDetector::Config{}};
  AlarmPolicy policy({.alpha = alpha, .trusts_null = true});
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t < stream.size(); ++t) {
    const double score = detector.update(stream[t]);
    if (!policy.step(score, detector.p_value()).alarm) continue;
    found.push_back(t);
    detector.rearm();
  }
  return found;
}

using Places = std::vector<std::size_t>;

// Nothing for thousands of samples, then one event: whatever the length, the level and the side.
TEST(SingleEvents, AreHeardInFlatStreamsOfAnyLength) {
  for (const std::size_t at : {1200UL, 2100UL, 4900UL, 20'000UL}) {
    for (const double event : {10.0, -5.0, 3e-7, 1e9}) {
      std::vector<double> stream(at + 100, event < 1.0 ? 0.0 : 1.0);
      stream[at] += event;
      EXPECT_EQ(told(stream), Places{at}) << event;
    }
  }
}

TEST(SingleEvents, AreHeardInNearlyFlatAndQuantisedStreams) {
  for (const int kind : {0, 1, 2}) {
    Philox random(7, static_cast<std::uint64_t>(kind));
    std::vector<double> stream(3000);
    for (std::size_t t = 0; t < stream.size(); ++t) {
      if (kind == 0) stream[t] = 1.0 - 0.001 * random.below(2);
      if (kind == 1) stream[t] = t % 300 == 17 ? 12.25 : 12.0;
      if (kind == 2) stream[t] = random.below(6);
    }
    stream[2500] = kind == 2 ? 400.0 : 0.1;
    EXPECT_EQ(told(stream), Places{2500}) << kind;
  }
}

// A ramp that ends on a plateau is no event; a fall from the plateau is one.
TEST(SingleEvents, AnAccuracyThatCollapsesFromItsPlateau) {
  std::vector<double> accuracy(1500);
  for (std::size_t t = 0; t < accuracy.size(); ++t)
    accuracy[t] = t >= 1200 ? 0.1 : std::min(0.005 * static_cast<double>(t), 1.0);
  EXPECT_EQ(told(accuracy), Places{1200});
}

// The first one among zeros is no news where ones are rare events; after thousands it is.
TEST(SingleEvents, ZerosAndOnesAreOftenRareEvents) {
  std::size_t found = 0;
  for (std::uint64_t s = 0; s < 300; ++s) {
    Philox random(8, s);
    std::vector<double> stream(300);
    for (double& x : stream) x = random.uniform() < 0.02 ? 1.0 : 0.0;
    found += told(stream).size();
  }
  EXPECT_LE(found, 2U);
  std::vector<double> once(4000, 0.0);
  once[3500] = 1.0;
  EXPECT_EQ(told(once), Places{3500});
}

// Budgets on noise that is skewed, heavy-tailed, of few values, or follows its level: expected are at
// most five alarms in 50,000 samples at 1e-4, and no more than chance makes of them.
TEST(ResidualWatch, KeepsTheBudgetOnNoiseThatIsNotNormal) {
  using Next = std::function<double(Philox&, double)>;
  const auto exponential = [](Philox& r) { return -std::log1p(-r.uniform()); };
  const std::vector<std::pair<std::string, Next>> nulls{
      {"uniform", [](Philox& r, double) { return r.uniform(); }},
      {"integers", [](Philox& r, double) { return static_cast<double>(r.below(10)); }},
      {"skewed", [&](Philox& r, double) { return exponential(r); }},
      {"log-normal", [](Philox& r, double) { return std::exp(0.6 * r.normal()); }},
      {"rare", [](Philox& r, double) { return r.uniform() < 0.02 ? 1.0 : 0.0; }},
      {"decay", [&](Philox& r, double t) {
         return (0.1 + 2.0 / std::sqrt(1.0 + t / 20.0)) * (0.5 + 0.5 * exponential(r));
       }}};
  for (const auto& [name, next] : nulls) {
    std::size_t found = 0;
    for (std::uint64_t s = 0; s < 25; ++s) {
      Philox random(9, s);
      std::vector<double> stream(2000);
      for (std::size_t t = 0; t < stream.size(); ++t)
        stream[t] = next(random, static_cast<double>(t));
      found += told(stream, 1e-4).size();
    }
    EXPECT_LE(found, 11U) << name;
  }
}

TEST(ResidualWatch, HearsAPoisonedBatchInSkewedNoise) {
  int heard = 0;
  for (std::uint64_t s = 0; s < 20; ++s) {
    Philox random(10, s);
    std::vector<double> loss(900);
    for (std::size_t t = 0; t < loss.size(); ++t)
      loss[t] =
          (0.2 + 2.0 / (1.0 + static_cast<double>(t) / 50.0)) * std::exp(0.4 * random.normal());
    loss[800] *= 60.0;
    const auto found = told(loss);
    heard += std::ranges::count(found, 800UL) > 0;
  }
  EXPECT_GE(heard, 19);
}

}  // namespace
}  // namespace emdyn::detect
