#include "emdyn/emergence/transition/transition_words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/transition/fitted.hpp"
#include "emdyn/emergence/transition/transition.hpp"

namespace emdyn::emergence {
namespace {

using series::Direction;
using series::Transition;
using series::TransitionKind;

TEST(TransitionWords, PositionsInFull) {
  EXPECT_EQ(position_text(12345900), "12345900");
  EXPECT_EQ(position_text(143000.4, 1200.0), "143000");
  EXPECT_EQ(position_text(3.14159, 0.02), "3.142");
  EXPECT_EQ(position_text(0.5), "0.5");
  EXPECT_EQ(position_text(1.5e12), "1500000000000");
  EXPECT_EQ(interval_text({1405, 1412.35, 1420.9, 0.9}), "1412 [1405, 1421]");
  EXPECT_EQ(interval_text({1199, 1199.1, 1200, 0.9}), "1199 [1199, 1200]");
  EXPECT_EQ(interval_text({150, 150, 150, 0.9}), "150 [150, 150]");
}

TEST(TransitionWords, ValuesInTheDigitsTheirDifferenceHas) {
  const ValueRange share{0.0, 1.0, true, false};
  const ValueRange percent{0.0, 100.0, true, true};
  EXPECT_EQ(value_text(0.0213, 0.95, share), "2 %");
  EXPECT_EQ(value_text(0.5613, 0.02, share), "56.1 %");
  EXPECT_EQ(value_text(56.13, 40.0, percent), "56 %");
  EXPECT_EQ(value_text(4.12345, 3.1, {}), "4.12");
  EXPECT_EQ(value_text(-0.00001, 1.0, {}), "0.00");
  EXPECT_EQ(value_text(123456.0, 50000.0, {}), "123456");
}

TEST(TransitionWords, SentencesOfEachKind) {
  Transition told;
  told.control_parameter = "step";
  told.kind = TransitionKind::rise;
  told.direction = Direction::rise;
  told.onset = series::Interval{1405, 1412, 1421, 0.9};
  told.before = 0.02;
  told.after = 0.98;
  const ValueRange share{0.0, 1.0, true, false};
  EXPECT_EQ(sentence(told, share), "rose from 2 % to 98 % at step 1412 [1405, 1421]");
  told.kind = TransitionKind::spike;
  told.ended = 1500.0;
  EXPECT_EQ(sentence(told, share),
            "spiked from 2 % to 98 % at step 1412 [1405, 1421], back at 1500");
  Transition bend;
  bend.control_parameter = "step";
  bend.kind = TransitionKind::bend;
  bend.direction = Direction::fall;
  bend.onset = series::Interval{150, 150, 150, 0.9};
  bend.slope_before = 0.0066;
  bend.slope_after = 0.00001;
  EXPECT_EQ(sentence(bend, {}),
            "bent downwards at step 150 [150, 150]: slope 0.0066 per step before, 1e-05 after");
  EXPECT_EQ(sentence({}, {}), "did not change suddenly");
}

/// A random course: steps, S-shapes, bends, spikes, collapses, drifts, under light or heavy noise.
std::vector<double> random_course(Philox& random, std::size_t n, double low, double high) {
  const auto kind = random.below(7);
  const double a = low + (high - low) * random.uniform();
  const double b = low + (high - low) * random.uniform();
  const double place = 0.1 + 0.8 * random.uniform();
  const double width = 0.005 + 0.3 * random.uniform();
  const double length = 0.03 + 0.4 * random.uniform();
  const double noise = (high - low) * std::pow(10.0, -3.0 + 2.3 * random.uniform());
  const bool heavy = random.below(3) == 0;
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(n - 1);
    double share = 0.0;
    if (kind == 0) share = u > place;
    if (kind == 1) share = 1.0 / (1.0 + std::exp(-(u - place) / (0.2 * width)));
    if (kind == 2) share = std::max(0.0, u - place) / (1.0 - place);
    if (kind == 3) share = u > place && u < place + length;
    if (kind == 4) share = 1.0 - std::exp(-u / width);
    if (kind == 5) share = std::min(1.0, u / place);
    double rest = random.normal();
    if (heavy) rest /= std::max(std::fabs(random.normal()), 0.05);
    values.push_back(std::clamp(a + (b - a) * share + noise * rest, low, high));
  }
  return values;
}

/// Every number of a sentence that stands for a value: "from X to Y".
bool within(const std::string& words, const ValueRange& range) {
  static const std::regex kPair("from (-?[0-9.e+-]+)( %)? to (-?[0-9.e+-]+)( %)?");
  std::smatch found;
  if (!std::regex_search(words, found, kPair)) return true;
  const double unit = range.share && !range.percent ? 100.0 : 1.0;
  for (const int group : {1, 3}) {
    const double value = std::stod(found[static_cast<std::size_t>(group)].str());
    if (value < unit * range.low - 1e-9 || value > unit * range.high + 1e-9) return false;
  }
  return true;
}

/// The verb agrees with the numbers.
bool agrees(const std::string& words, const Transition& told) {
  if (!told.before || !told.after) return told.kind == TransitionKind::bend;
  const bool up = *told.after > *told.before;
  if (up != (*told.size > 0.0) || up != (told.direction == Direction::rise)) return false;
  const bool says_up = words.find("rose") == 0 || words.find("spiked") == 0;
  return says_up == up;
}

TEST(TransitionWords, NoSentenceIsImpossible) {
  const char* text = std::getenv("EMDYN_SIMULATION_SERIES");
  const std::size_t count = text == nullptr ? 300 : std::strtoul(text, nullptr, 10);
  struct Kind {
    const char* name;
    double low, high;
  };
  const std::vector<Kind> kinds{{"test_accuracy", 0.0, 1.0},
                                {"val_acc", 0.0, 100.0},
                                {"loss", 0.0, 8.0},
                                {"reward", -5.0, 5.0}};
  std::size_t told = 0;
  TransitionOptions options;
  options.replicates = 19;
  options.interval_replicates = 19;
  for (std::size_t k = 0; k < count; ++k) {
    Philox random(91, k);
    const Kind& kind = kinds[k % kinds.size()];
    const std::size_t n = 5 + random.below(k % 3 == 0 ? 10U : 150U);
    const std::vector<double> values = random_course(random, n, kind.low, kind.high);
    std::vector<double> positions;
    for (std::size_t i = 0; i < n; ++i) positions.push_back(10.0 * static_cast<double>(i));
    const TransitionFit fit =
        fit_transition(kind.name, series::Axis::step, positions, values, options);
    const Transition& t = fit.transition;
    const auto [least, most] = std::ranges::minmax(values);
    for (const CurvePoint& point : fitted_transition(fit).curve) {
      ASSERT_TRUE(fit.range.holds(point.value.estimate)) << kind.name << " series " << k;
      ASSERT_TRUE(fit.range.holds(point.value.low) && fit.range.holds(point.value.high));
    }
    if (t.kind == TransitionKind::none) continue;
    ++told;
    const std::string words = sentence(t, fit.range);
    ASSERT_TRUE(t.onset->low <= t.onset->estimate && t.onset->estimate <= t.onset->high) << words;
    ASSERT_TRUE(within(words, fit.range)) << kind.name << " series " << k << ": " << words;
    ASSERT_TRUE(agrees(words, t)) << kind.name << " series " << k << ": " << words;
    if (t.before) {
      ASSERT_TRUE(*t.before >= least && *t.before <= most) << words;
      ASSERT_TRUE(*t.after >= least && *t.after <= most) << words;
    }
  }
  std::printf("%zu random series, %zu sentences, 0 impossible\n", count, told);
  EXPECT_GT(told, count / 5);
}

}  // namespace
}  // namespace emdyn::emergence
