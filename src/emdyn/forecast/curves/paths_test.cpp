#include "emdyn/forecast/curves/paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "emdyn/forecast/curves/test_curves.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

PredictiveCurve flat_curve(const CurveTable& table) {
  PredictiveCurve curve;
  curve.families = table.families;
  for (const double h : {1.2, 1.5, 2.0, 3.0}) {
    curve.h.push_back(h);
    curve.center.push_back(5.0);
    curve.unit.push_back(0.5);
  }
  return curve;
}

// Marginals are what the table says: normal with deviation 0.5 about 5.
TEST(CurvePaths, HaveTheMarginalsOfTheTable) {
  const CurveTable table = normal_table();
  const PredictiveCurve curve = flat_curve(table);
  const CurvePaths paths(curve, 3000, 9);
  for (std::size_t c = 0; c < paths.cells(); ++c) {
    std::vector<double> values;
    for (std::size_t p = 0; p < paths.size(); ++p) values.push_back(paths.level(p, c));
    EXPECT_NEAR(math::median(values), 5.0, 0.03);
    EXPECT_NEAR(math::quantile(values, 0.9), 5.0 + 0.5 * 1.2816, 0.05);
  }
}

TEST(CurvePaths, NeighboursMissAlike) {
  const CurveTable table = normal_table();
  const CurvePaths paths(flat_curve(table), 3000, 9);
  const auto correlation = [&](std::size_t a, std::size_t b) {
    double products = 0.0, squares_a = 0.0, squares_b = 0.0;
    for (std::size_t p = 0; p < paths.size(); ++p) {
      const double da = paths.level(p, a) - 5.0;
      const double db = paths.level(p, b) - 5.0;
      products += da * db;
      squares_a += da * da;
      squares_b += db * db;
    }
    return products / std::sqrt(squares_a * squares_b);
  };
  EXPECT_NEAR(correlation(0, 1), 1.2 / 1.5, 0.05);
  EXPECT_NEAR(correlation(0, 3), 1.2 / 3.0, 0.06);
}

TEST(CurvePaths, AreTheSameForTheSameSeed) {
  const CurveTable table = normal_table();
  const PredictiveCurve curve = flat_curve(table);
  const CurvePaths a(curve, 50, 4);
  const CurvePaths b(curve, 50, 4);
  const CurvePaths c(curve, 50, 5);
  EXPECT_EQ(a.level(17, 2), b.level(17, 2));
  EXPECT_NE(a.level(17, 2), c.level(17, 2));
}

TEST(LevelInterval, IsTheQuantilesOfThePooledResiduals) {
  const CurveTable table = normal_table();
  const CurveEnsemble ensemble(
      *curve_blocks("value", curve_of(500, 1, 1, 0.1, [](double t) { return 5.0 + std::log(t); })),
      table.skill);
  const series::Interval interval = level_interval(ensemble, table, 2.0, 0.9);
  EXPECT_NEAR(interval.high - interval.low, 2.0 * 1.645 * ensemble.unit(2.0),
              0.15 * ensemble.unit(2.0));
  EXPECT_GT(record_interval(ensemble, table, 2.0, 0.9).high, interval.high);
}

}  // namespace
}  // namespace emdyn::forecast
