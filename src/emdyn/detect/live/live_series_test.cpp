#include "emdyn/detect/live/live_series.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

using series::Event;

/// The detector `watch` behind the door that every verb uses.
SeriesDetector watching(std::string signal, std::optional<double> alpha = {}) {
  DetectOptions options;
  options.detector = kWatch;
  options.alpha = alpha;
  return SeriesDetector(std::move(signal), series::Axis::step, options);
}

/// A training signal in which nothing happens: trend(t) + sigma(t) * AR(1) noise.
struct Null {
  std::string name;
  std::function<double(int)> trend;
  std::function<double(int)> sigma;
};

std::vector<Null> nulls() {
  const auto constant = [](double value) { return [value](int) { return value; }; };
  const auto decay = [](int t) { return 0.1 + 3.0 * std::exp(-t / 800.0); };
  const auto power = [](int t) { return 6.0 * std::pow(t + 1.0, -0.3); };
  return {{"linear", [](int t) { return 5.0 - 4e-4 * t; }, constant(0.05)},
          {"exponential", decay, constant(0.02)},
          {"power law", power, constant(0.03)},
          {"heteroscedastic", decay, [=](int t) { return 0.03 * decay(t); }},
          {"heteroscedastic power law", power, [=](int t) { return 0.02 * power(t); }}};
}

struct Outcome {
  double alarms_per_10000 = 0.0;
  double spikes_found = 0.0;
};

/// `spike` deviations are added every 250 samples from 300 on.
Outcome watch_null(const Null& null, double phi, double spike, std::uint64_t seed, int runs) {
  constexpr int kSamples = 10'000;
  Philox random(seed);
  double alarms = 0.0;
  double injected = 0.0;
  double found = 0.0;
  std::vector<Event> events;
  for (int run = 0; run < runs; ++run) {
    SeriesDetector watch = watching("loss");
    double noise = 0.0;
    for (int t = 0; t < kSamples; ++t) {
      noise = phi * noise + std::sqrt(1.0 - phi * phi) * random.normal();
      const bool hit = spike != 0.0 && t >= 300 && t % 250 == 0;
      const double extra = hit ? (random.below(2) == 0 ? spike : -spike) : 0.0;
      events.clear();
      watch.push(t, null.trend(t) + null.sigma(t) * (noise + extra), events);
      alarms += static_cast<double>(events.size());
      injected += hit;
      found += hit && !events.empty();
    }
  }
  return {alarms / runs, injected > 0.0 ? found / injected : 1.0};
}

// The price of the default: at most one alarm in 10^4 samples where nothing happens.
TEST(WatchedSeries, RarelyAlarmsOnTrendingNulls) {
  for (const Null& null : nulls()) {
    for (const double phi : {0.0, 0.5}) {
      EXPECT_LE(watch_null(null, phi, 0.0, 31, 10).alarms_per_10000, 1.0)
          << null.name << ", phi " << phi;
    }
  }
}

// As accuracies and norms do at the beginning of a training: what was learned of the transient must
// not make the end of the warm-up look like an event.
TEST(WatchedSeries, ACurveThatSettlesDuringWarmUpIsSilent) {
  for (const double pace : {1.0, 2.0, 4.0, 8.0}) {
    for (const double ceiling : {1.0, 1e300}) {  // Cut off at it: an accuracy reaches 1 and stays.
      SeriesDetector watch = watching("y", 1e-3);
      std::vector<series::Event> events;
      for (int i = 0; i < 120; ++i) {
        const double value = 1.02 - std::exp(-static_cast<double>(i) / pace);
        watch.push(i, std::min(value, ceiling), events);
      }
      EXPECT_TRUE(events.empty()) << "pace " << pace << ", ceiling " << ceiling << ", at "
                                  << events.front().position;
    }
  }
}

TEST(WatchedSeries, FindsEightSigmaSpikes) {
  for (const Null& null : nulls()) {
    for (const double phi : {0.0, 0.5}) {
      EXPECT_GE(watch_null(null, phi, 8.0, 32, 3).spikes_found, 0.9)
          << null.name << ", phi " << phi;
    }
  }
}

// A spike within the range of a season is found once the season is known.
TEST(WatchedSeries, FindsSpikesWithinASeason) {
  for (const int period : {24, 168}) {
    double injected = 0.0;
    double found = 0.0;
    double alarms = 0.0;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Philox random(40 + seed);
      std::vector<double> shape;
      for (int p = 0; p < period; ++p) shape.push_back(5.0 * random.normal());
      SeriesDetector watch = watching("load");
      std::vector<Event> events;
      for (int t = 0; t < 6000; ++t) {
        const bool hit = t > 6 * period && t % 211 == 0;
        const double spike = hit ? (random.below(2) == 0 ? 8.0 : -8.0) : 0.0;
        events.clear();
        watch.push(t, shape[static_cast<std::size_t>(t % period)] + random.normal() + spike,
                   events);
        injected += hit;
        found += hit && !events.empty();
        alarms += hit ? 0.0 : static_cast<double>(events.size());
      }
    }
    EXPECT_GE(found, 0.9 * injected) << period;
    EXPECT_LE(alarms, 2.0) << period;
  }
}

TEST(WatchedSeries, NamesASpikeAndItsPlace) {
  Philox random(1);
  SeriesDetector watch = watching("loss");
  std::vector<Event> events;
  for (int t = 0; t < 500; ++t) {
    watch.push(10.0 * t, random.normal() + (t == 400 ? 12.0 : 0.0), events);
  }
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].signal, "loss");
  EXPECT_EQ(events[0].kind, EventKind::spike);
  EXPECT_EQ(events[0].position, 4000.0);
  EXPECT_EQ(events[0].direction, Direction::rise);
  EXPECT_EQ(events[0].onset->estimate, 4000.0);
  EXPECT_LT(*events[0].p_value, 1e-5);
  EXPECT_GT(*events[0].score, 1.0);
  EXPECT_FALSE(events[0].policy.empty());
}

TEST(WatchedSeries, FindsAShiftTooSmallForASpike) {
  int found = 0;
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Philox random(seed);
    SeriesDetector watch = watching("accuracy");
    std::vector<Event> events;
    for (int t = 0; t < 1100; ++t) {
      watch.push(t, 0.1 * random.normal() - (t < 1000 ? 0.0 : 0.25), events);
    }
    if (events.empty() || events.back().position < 1000.0) continue;
    ++found;
    EXPECT_EQ(events.back().direction, Direction::fall);
    covered += events.back().onset->low <= 1000.0 && events.back().onset->high >= 1000.0;
  }
  EXPECT_GE(found, 60);
  EXPECT_GE(covered, found * 3 / 4);
}

TEST(WatchedSeries, RaisesOneEventPerBurstOfNonFinite) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  Philox random(2);
  SeriesDetector watch = watching("loss");
  std::vector<Event> events;
  for (int t = 0; t < 300; ++t) watch.push(t, random.normal(), events);
  for (const double value : {kNaN, kInf, -kInf}) watch.push(300.0, value, events);
  for (int t = 301; t < 310; ++t) watch.push(t, random.normal(), events);
  watch.push(310.0, kInf, events);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, EventKind::nonfinite);
  EXPECT_FALSE(events[0].p_value.has_value());
  EXPECT_EQ(events[1].direction, Direction::rise);
}

TEST(WatchedSeries, AStepBackRearms) {
  Philox random(3);
  SeriesDetector watch = watching("loss");
  std::vector<Event> events;
  for (int t = 0; t < 500; ++t) watch.push(t, random.normal(), events);
  for (int t = 200; t < 700; ++t) watch.push(t, 50.0 + random.normal(), events);
  EXPECT_TRUE(events.empty());
  for (int t = 700; t < 710; ++t) watch.push(t, 80.0 + random.normal(), events);
  EXPECT_FALSE(events.empty());
}

TEST(WatchedSeries, AConstantIsSilentAndItsFirstMoveIsNot) {
  SeriesDetector watch = watching("accuracy");
  std::vector<Event> events;
  for (int t = 0; t < 1000; ++t) watch.push(t, 0.1, events);
  EXPECT_TRUE(events.empty());
  for (int t = 1000; t < 1010; ++t) watch.push(t, 0.2, events);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].position, 1000.0);
}

TEST(WatchedSeries, RejectsAnImpossibleBudget) { EXPECT_THROW(watching("s", -1.0), ConfigError); }

/// Every way to look at a series, by the registry's own facts.
class EverySeriesDetector : public testing::TestWithParam<Entry> {
 protected:
  DetectOptions options() const {
    DetectOptions options;
    options.detector = GetParam().name;
    options.alpha = 1e-3;
    return options;
  }
  std::vector<Event> events(std::span<const double> values) const {
    SeriesDetector detector("s", series::Axis::step, options());
    std::vector<Event> events;
    for (std::size_t i = 0; i < values.size(); ++i) {
      (void)detector.push(static_cast<double>(i), values[i], events);
    }
    return events;
  }
};

// What comes later changes no earlier event, and whatever the detector, its events are complete.
TEST_P(EverySeriesDetector, EventsAreCausalAndComplete) {
  const auto stream = test::shifted(GetParam().domain, 9);
  const auto whole = events(stream);
  for (const std::size_t cut : {700U, 2060U, 3000U}) {
    const auto part = events(std::span(stream).first(cut));
    ASSERT_LE(part.size(), whole.size());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin())) << cut;
  }
  for (const Event& event : whole) {
    EXPECT_EQ(event.signal, "s");
    EXPECT_FALSE(event.detector.empty());
    EXPECT_FALSE(event.policy.empty());
    ASSERT_TRUE(event.score && event.onset);
    EXPECT_LE(event.onset->low, event.onset->estimate);
    EXPECT_LE(event.onset->estimate, event.onset->high);
    EXPECT_LE(event.onset->high, event.position);
  }
}

TEST_P(EverySeriesDetector, ABurstIsOneEventAndAnInfinityHasADirection) {
  SeriesDetector detector("s", series::Axis::tokens, options());
  std::vector<Event> events;
  const double infinity = std::numeric_limits<double>::infinity();
  (void)detector.push(0.0, -infinity, events);
  (void)detector.push(1.0, std::nan(""), events);
  (void)detector.push(std::nan(""), 1.0, events);  // Nowhere: passed over.
  (void)detector.push(0.0, infinity, events);      // A new segment is a new burst.
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].direction, Direction::fall);
  EXPECT_EQ(events[1].direction, Direction::rise);
  EXPECT_EQ(events[0].axis, series::Axis::tokens);
  EXPECT_EQ(events[0].kind, EventKind::nonfinite);
  EXPECT_EQ(events[0].onset->estimate, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Every, EverySeriesDetector,
                         testing::ValuesIn(entries().begin(), entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(SeriesDetector, RefusesWhatDoesNotGoTogetherByTheEntrysFacts) {
  const auto refused = [](auto change) {
    DetectOptions options;
    options.detector = kWatch;
    change(options);
    try {
      check_options(options);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refused([](DetectOptions&) {}), "");
  EXPECT_NE(refused([](DetectOptions& o) { o.params["alpha"] = "1e-3"; }).find("--alpha"),
            std::string::npos);
  EXPECT_NE(refused([](DetectOptions& o) { o.arm_score = 2.0; }).find("--arm-score"),
            std::string::npos);
  EXPECT_NE(refused([](DetectOptions& o) { o.front_end = true; }).find("front end"),
            std::string::npos);
  EXPECT_NE(refused([](DetectOptions& o) { o.detector = "wach"; }).find("watch"),
            std::string::npos);
  EXPECT_NE(refused([](DetectOptions& o) {
              o.detector = "bocpd";
              o.longest_period = 48;
            }).find("front end"),
            std::string::npos);
}

}  // namespace
}  // namespace emdyn::detect
