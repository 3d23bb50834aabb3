#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/guard/kernel_density.hpp"
#include "emdyn/provoke/guard/query_monitor.hpp"
#include "emdyn/provoke/guard/squeeze.hpp"

namespace emdyn::provoke::guard {
namespace {

TEST(Squeeze, RoundsToLevels) {
  const std::vector<float> values{0.0F, 0.24F, 0.26F, 0.5F, 0.9F, 1.0F, 7.0F};
  EXPECT_EQ(reduce_depth(values, 1, 0.0F, 1.0F),
            (std::vector<float>{0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F, 1.0F}));
  // 2 bits of the box [-1, 1]: levels -1, -1/3, 1/3, 1.
  const auto two = reduce_depth(std::vector<float>{-0.9F, 0.2F, 0.8F}, 2, -1.0F, 1.0F);
  EXPECT_FLOAT_EQ(two[0], -1.0F);
  EXPECT_FLOAT_EQ(two[1], 1.0F / 3.0F);
  EXPECT_FLOAT_EQ(two[2], 1.0F);
}

TEST(Squeeze, MedianRemovesASpeckAndKeepsAnEdge) {
  std::vector<float> speck(25, 0.0F);
  speck[12] = 1.0F;
  EXPECT_EQ(median_filter(speck, 5, 5, 3), std::vector<float>(25, 0.0F));
  std::vector<float> edge(25, 0.0F);
  for (std::size_t i = 0; i < 25; ++i) edge[i] = i % 5 >= 2 ? 1.0F : 0.0F;
  EXPECT_EQ(median_filter(edge, 5, 5, 3), edge);
  EXPECT_EQ(median_filter(speck, 5, 5, 1), speck);
}

TEST(Squeeze, DistanceIsThatOfSoftmaxes) {
  // softmax(ln 3, 0) = (3/4, 1/4) and softmax(0, 0) = (1/2, 1/2): L1 distance 1/2.
  const float three = std::log(3.0F);
  const auto d = squeezed_distance(std::vector<float>{three, 0.0F, 500.0F, -500.0F},
                                   std::vector<float>{0.0F, 0.0F, -500.0F, 500.0F}, 2);
  EXPECT_NEAR(d[0], 0.5, 1e-6);
  EXPECT_NEAR(d[1], 2.0, 1e-12);
}

TEST(KernelDensity, OneExampleIsItsKernel) {
  // One example at the origin of the plane, with the fallback bandwidth 1: ln N(x; 0, I).
  const std::vector<float> features{0.0F, 0.0F};
  const std::vector<std::uint32_t> labels{0};
  const KernelDensity density(math::matrix_view(features.data(), 1, 2), labels, 1);
  const std::vector<float> x{3.0F, 4.0F};
  EXPECT_NEAR(density.log_density(x, 0), -12.5 - std::log(2.0 * std::numbers::pi), 1e-9);
}

TEST(KernelDensity, IntegratesToOneAndFindsAReasonableBandwidth) {
  Philox random(7);
  std::vector<float> features(400);
  for (float& value : features) value = static_cast<float>(random.normal());
  const std::vector<std::uint32_t> labels(400, 0);
  const KernelDensity density(math::matrix_view(features.data(), 400, 1), labels, 1, 400);
  double integral = 0.0;
  double worst = 0.0;
  for (double x = -6.0; x < 6.0; x += 0.01) {
    const std::vector<float> at{static_cast<float>(x)};
    const double found = std::exp(density.log_density(at, 0));
    integral += 0.01 * found;
    const double truth = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    worst = std::max(worst, std::abs(found - truth));
  }
  EXPECT_NEAR(integral, 1.0, 1e-3);
  // The grid hangs on the nearest distance, which is far too small in one dimension; the estimate
  // is rough there, but must not be a comb of spikes.
  EXPECT_LT(worst, 0.4);
}

TEST(KernelDensity, AClassWithoutExamplesHasTheLowestDensity) {
  const std::vector<float> features{0.0F, 1.0F};
  const std::vector<std::uint32_t> labels{0, 0};
  const KernelDensity density(math::matrix_view(features.data(), 2, 1), labels, 2);
  const std::vector<float> x{0.5F};
  EXPECT_LT(density.log_density(x, 1), -1e299);
  EXPECT_GT(density.log_density(x, 0), -10.0);
}

std::vector<float> calm_inputs(std::size_t count, std::size_t size, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> values(count * size);
  for (float& value : values) value = static_cast<float>(random.uniform());
  return values;
}

TEST(QueryMonitor, KeepsItsFalsePositiveRateAndFindsAWalk) {
  constexpr std::size_t size = 100;
  const QueryMonitor::Settings settings{
      .neighbours = 10, .memory = 300, .dimensions = 32, .seed = 3};
  const auto calm = calm_inputs(600, size, 1);
  const double threshold = QueryMonitor::calibrate(calm, size, 0.01, settings);
  QueryMonitor monitor(size, threshold, settings);
  const auto other = calm_inputs(600, size, 2);
  for (std::size_t i = 0; i < 600; ++i) monitor.observe(std::span(other).subspan(i * size, size));
  // A shorter memory has fewer near neighbours than calibration saw: at most about 1 %.
  EXPECT_LE(monitor.flags(), 15U);

  QueryMonitor attacked(size, threshold, settings);
  Philox random(9);
  std::vector<float> x(other.begin(), other.begin() + size);
  std::uint64_t first = 0;
  for (int q = 0; q < 100; ++q) {
    std::vector<float> query = x;
    for (float& value : query) value += static_cast<float>(0.01 * random.normal());
    if (attacked.observe(query) && first == 0) first = attacked.queries();
  }
  // The first flag needs k earlier queries and comes with the next one; then the memory is cleared.
  EXPECT_EQ(first, 11U);
  EXPECT_EQ(attacked.flags(), 9U);
}

TEST(QueryMonitor, FewCalmAccountsAreEverFlagged) {
  constexpr std::size_t size = 100;
  const QueryMonitor::Settings settings{
      .neighbours = 10, .memory = 300, .dimensions = 32, .seed = 3};
  const auto calm = calm_inputs(600, size, 1);
  const double single = QueryMonitor::calibrate(calm, size, 0.05, settings);
  const double account = QueryMonitor::calibrate_accounts(calm, size, 0.05, 200, settings);
  EXPECT_LT(account, single) << "one of 200 queries is closer than one query";
  std::size_t flagged = 0;
  for (std::uint64_t a = 0; a < 100; ++a) {
    QueryMonitor monitor(size, account, settings);
    const auto queries = calm_inputs(200, size, 100 + a);
    for (std::size_t i = 0; i < 200; ++i) {
      const auto query = std::span(queries).subspan(i * size, size);
      const double before = monitor.distance(query);
      monitor.observe(query);
      EXPECT_EQ(before, monitor.last_distance());
    }
    flagged += monitor.flags() > 0 ? 1U : 0U;
  }
  EXPECT_LE(flagged, 15U);  // 5 expected, and the threshold itself is an estimate.
  const std::vector<float> few(100);
  EXPECT_THROW(QueryMonitor::calibrate_accounts(few, 10, 0.01, 100, {}), DataError);
}

TEST(QueryMonitor, RefusesImpossibleSettings) {
  EXPECT_THROW(QueryMonitor(10, 1.0, {.neighbours = 50, .memory = 50}), ConfigError);
  EXPECT_THROW(QueryMonitor(0, 1.0), ConfigError);
  const std::vector<float> few(100);
  EXPECT_THROW(QueryMonitor::calibrate(few, 10, 0.01, {}), DataError);
}

}  // namespace
}  // namespace emdyn::provoke::guard
