#include "emdyn/emergence/transition/short_series.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::emergence {
namespace {

TransitionFit fit_short(const std::vector<double>& values, std::vector<double> positions = {}) {
  while (positions.size() < values.size())
    positions.push_back(1000.0 * static_cast<double>(positions.size() + 1));
  return fit_transition("test_accuracy", series::Axis::step, positions, values);
}

TEST(ShortSeries, SixCheckpointsAndEightModelsGetAnAnswer) {
  const auto six = fit_short({0.25, 0.25, 0.26, 0.25, 0.70, 0.72});
  EXPECT_EQ(six.transition.kind, series::TransitionKind::rise) << describe(six);
  EXPECT_LE(*six.transition.evidence.p_value, 0.05);
  EXPECT_GE(six.transition.onset->estimate, 4000.0);
  EXPECT_LE(six.transition.onset->estimate, 5000.0);
  EXPECT_NEAR(*six.transition.before, 0.25, 0.01);
  EXPECT_NEAR(*six.transition.after, 0.71, 0.02);
  EXPECT_NE(describe(six).find("exact for 6 points"), std::string::npos);
  const auto eight = fit_short({0.251, 0.248, 0.253, 0.249, 0.252, 0.55, 0.61, 0.60},
                               {7e7, 1.6e8, 4.1e8, 1e9, 1.4e9, 2.8e9, 6.9e9, 1.2e10});
  EXPECT_EQ(eight.transition.kind, series::TransitionKind::rise) << describe(eight);
}

TEST(ShortSeries, SmoothAndFlatOnesAreNone) {
  EXPECT_EQ(fit_short({0.1, 0.2, 0.31, 0.4, 0.49, 0.6, 0.7, 0.81}).transition.kind,
            series::TransitionKind::none);
  EXPECT_EQ(fit_short({0.25, 0.26, 0.24, 0.25, 0.26, 0.25}).transition.kind,
            series::TransitionKind::none);
  EXPECT_EQ(fit_short({0.5, 0.5, 0.5, 0.5, 0.5}).note, "all values are equal");
  EXPECT_NE(fit_short({0.5, 0.6, 0.7, 0.9}).note.find("at least 5"), std::string::npos);
}

TEST(ShortSeries, FalseOnesAreRare) {
  int declared = 0;
  for (std::uint64_t k = 0; k < 120; ++k) {
    Philox random(17, k);
    const std::size_t n = 5 + random.below(7);
    std::vector<double> values;
    double level = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      level += k % 3 == 1 ? 0.05 : 0.0;  // A third of them drift.
      values.push_back(0.3 + level + 0.02 * random.normal());
    }
    declared += fit_short(values).transition.kind != series::TransitionKind::none;
  }
  EXPECT_LE(declared, 6);  // 5 % of 120.
}

}  // namespace
}  // namespace emdyn::emergence
