#include "emdyn/detect/alarm/discoveries.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::detect {
namespace {

// Twenty series of 1,000 samples; the first two have a spike of 12 deviations at 700. Within a
// budget of one in a thousand some of the other eighteen alarm too; those are dropped.
TEST(Discoveries, KeepsWhatIsSureAmongManySeries) {
  Discoveries control;
  std::size_t alarms = 0;
  std::vector<std::pair<std::size_t, double>> told;
  std::vector<std::size_t> tests;
  for (std::size_t number = 0; number < 20; ++number) {
    Philox random(55, number);
    DetectOptions options;
    options.detector = "k_sigma";
    options.alpha = 1e-3;
    SeriesDetector detector("s", series::Axis::step, options);
    std::vector<series::Event> events;
    for (int t = 0; t < 1000; ++t) {
      events.clear();
      const double value = random.normal() + (number < 2 && t == 700 ? 12.0 : 0.0);
      const Scored scored = detector.push(t, value, events);
      control.sample(number, scored.p_value);
      if (events.empty()) continue;
      ++alarms;
      told.emplace_back(number, events[0].position);
      tests.push_back(control.test(number));
    }
  }
  ASSERT_GT(alarms, 5U);
  const auto kept = control.decide(0.1);
  std::vector<std::pair<std::size_t, double>> left;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (kept[tests[i]]) left.push_back(told[i]);
  }
  EXPECT_EQ(left, (std::vector<std::pair<std::size_t, double>>{{0, 700.0}, {1, 700.0}}));
}

TEST(Discoveries, RejectsAnImpossibleRate) {
  EXPECT_THROW((void)Discoveries().decide(0.0), ConfigError);
  EXPECT_THROW((void)Discoveries().decide(1.0), ConfigError);
}

TEST(SeriesDetector, TakesEveryCalibrator) {
  for (std::size_t kind = 0; kind < detect::Calibrator::kKinds.size(); ++kind) {
    DetectOptions options;
    options.detector = "robust_z";
    options.alpha = 1e-2;
    options.calibrator = static_cast<detect::Calibrator::Kind>(kind);
    SeriesDetector detector("s", series::Axis::step, options);
    Philox random(56);
    std::vector<series::Event> events;
    int small = 0;
    for (int t = 0; t < 3000; ++t) {
      const Scored scored = detector.push(t, random.normal(), events);
      small += scored.p_value && *scored.p_value <= 0.05;
    }
    EXPECT_GT(small, 60) << kind;
    EXPECT_LT(small, 300) << kind;
  }
}

}  // namespace
}  // namespace emdyn::detect
