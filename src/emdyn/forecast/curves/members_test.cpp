#include "emdyn/forecast/curves/members.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn::forecast {
namespace {

struct Grid {
  std::vector<double> x{};
  std::vector<double> z{};
};

template <class Value>
Grid grid_of(Value value, std::size_t count = 64) {
  Grid grid;
  for (std::size_t i = 1; i <= count; ++i) {
    const double root = static_cast<double>(i) / static_cast<double>(count);
    grid.x.push_back(root * root);
    grid.z.push_back(value(root * root));
  }
  return grid;
}

double gain_of(const Grid& grid, CurveMember member, double h) {
  return fit_members(grid.x, grid.z)[static_cast<std::size_t>(member)].gain(h);
}

// Each family finds itself where its parameters lie on its grid: the gain is then exact.
TEST(CurveMembers, KnowTheirOwnShape) {
  const auto power = [](double x) { return 2.0 + 0.7 * std::pow(x, -0.5); };
  EXPECT_NEAR(gain_of(grid_of(power), CurveMember::power_law, 4.0), power(4.0) - power(1.0), 1e-3);
  const auto falling = [](double x) { return 1.0 + 3.0 * std::exp(-x / 0.45); };
  EXPECT_NEAR(gain_of(grid_of(falling), CurveMember::exponential, 4.0), falling(4.0) - falling(1.0),
              1e-3);
  const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::pow(x / 0.7, -4.0)); };
  EXPECT_NEAR(gain_of(grid_of(sigmoid), CurveMember::logistic, 2.0), sigmoid(2.0) - sigmoid(1.0),
              1e-3);
  const auto slow = [](double x) { return 5.0 * std::exp(-std::pow(x / 0.85, -2.0)); };
  EXPECT_NEAR(gain_of(grid_of(slow), CurveMember::gompertz, 2.0), slow(2.0) - slow(1.0), 0.01);
  const auto broken = [](double x) {
    return 1.0 + std::pow(x, -0.15) * std::pow(1.0 + std::pow(x / 0.2, 1.0 / 0.3), -0.5 * 0.3);
  };
  EXPECT_NEAR(gain_of(grid_of(broken), CurveMember::broken_power_law, 4.0),
              broken(4.0) - broken(1.0), 0.01);
  const auto logs = [](double x) { return 0.5 * std::log(x); };
  // A shape may change the signal by three times what the blocks it is fitted to show: until x = 8.
  EXPECT_NEAR(gain_of(grid_of(logs), CurveMember::log_trend, 4.0), 0.5 * std::log(4.0), 0.05);
}

TEST(CurveMembers, ALocalTrendDiesOut) {
  const Grid line = grid_of([](double x) { return 2.0 * x; });
  const double near = gain_of(line, CurveMember::local_trend, 1.01);
  EXPECT_NEAR(near, 0.02, 2e-3);
  EXPECT_NEAR(gain_of(line, CurveMember::local_trend, 100.0), 2.0, 0.15);
  EXPECT_NEAR(gain_of(line, CurveMember::local_trend, 100.0),
              gain_of(line, CurveMember::local_trend, 50.0), 1e-6);
  EXPECT_EQ(gain_of(line, CurveMember::persistence, 4.0), 0.0);
}

// Nothing is scaled: a curve ten times as large has gains ten times as large.
TEST(CurveMembers, FollowTheUnitOfTheSignal) {
  const auto value = [](double x) {
    return 3.0 + std::pow(x + 0.1, -0.4) + 0.01 * std::sin(40.0 * x);
  };
  const Grid grid = grid_of(value);
  Grid larger = grid;
  for (double& z : larger.z) z = 10.0 * z - 7.0;
  const auto a = fit_members(grid.x, grid.z);
  const auto b = fit_members(larger.x, larger.z);
  for (std::size_t m = 0; m < kCurveMembers; ++m)
    EXPECT_NEAR(b[m].gain(3.0), 10.0 * a[m].gain(3.0), 1e-6) << word(static_cast<CurveMember>(m));
}

TEST(CurveMembers, NothingRunsAway) {
  const Grid grid = grid_of([](double x) { return std::exp(3.0 * x); });
  for (const FittedMember& member : fit_members(grid.x, grid.z)) {
    EXPECT_TRUE(std::isfinite(member.gain(16.0)));
    EXPECT_LE(std::abs(member.gain(16.0)), 3.0 * (std::exp(3.0) - 1.0) + 1e-9);
  }
}

TEST(CurveMembers, TheNewestPieceStandsAlone) {
  // A fall by a step of the schedule at x = 0.5, then a slow rise.
  const Grid grid = grid_of([](double x) { return x < 0.5 ? 5.0 : 1.0 + 0.1 * std::log(x); });
  const auto with = fit_members(grid.x, grid.z, 0.5);
  EXPECT_NEAR(with[static_cast<std::size_t>(CurveMember::power_law)].gain(2.0), 0.1 * std::log(2.0),
              0.02);
  const auto without = fit_members(grid.x, grid.z);
  EXPECT_LT(without[static_cast<std::size_t>(CurveMember::power_law)].gain(2.0), -0.3);
}

}  // namespace
}  // namespace emdyn::forecast
