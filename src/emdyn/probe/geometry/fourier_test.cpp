#include "emdyn/probe/geometry/fourier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(Fourier, GiniByHand) {
  EXPECT_DOUBLE_EQ(gini({1, 1, 1, 1}), 0.0);
  EXPECT_DOUBLE_EQ(gini({0, 0, 0, 5}), 0.75);
  EXPECT_DOUBLE_EQ(gini({3, 1, 2}), 2.0 / 9.0);
  EXPECT_DOUBLE_EQ(gini({}), 0.0);
}

TEST(Fourier, OneWaveConcentratesAllPower) {
  constexpr std::size_t kRows = 11;
  std::vector<double> data;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double angle = 2.0 * std::numbers::pi * 3.0 * static_cast<double>(i) / kRows;
    data.push_back(std::cos(angle) + 4.0);
    data.push_back(2.0 * std::sin(angle) - 1.0);
  }
  const FourierProbe probe(kRows, 1);
  const auto found = probe.measure(math::matrix_view(data.data(), kRows, 2));
  EXPECT_NEAR(found.top_share, 1.0, 1e-12);
  EXPECT_NEAR(found.gini, 0.8, 1e-12);
  EXPECT_NEAR(found.power[2], 5.0 * kRows * kRows / 4.0, 1e-9);
}

TEST(Fourier, AnImpulseSpreadsPowerEqually) {
  std::vector<float> data(13, 0.0F);
  data[0] = 1.0F;
  const auto found = FourierProbe(13, 2).measure(math::matrix_view(data.data(), 13, 1));
  EXPECT_NEAR(found.gini, 0.0, 1e-12);
  EXPECT_NEAR(found.top_share, 2.0 / 6.0, 1e-12);
}

TEST(Fourier, OrderRearrangesRows) {
  const std::vector<std::uint32_t> order = {1, 2, 4, 3};  // powers of 2 modulo 5
  std::vector<double> data(5);
  for (std::size_t i = 0; i < 4; ++i) data[order[i]] = i % 2 == 0 ? 1.0 : -1.0;
  const auto found = FourierProbe(4, 1).measure(math::matrix_view(data.data(), 5, 1), order);
  EXPECT_NEAR(found.power[1], 16.0, 1e-12);
  EXPECT_NEAR(found.top_share, 1.0, 1e-12);
}

TEST(Fourier, RefusesWhatDoesNotFit) {
  EXPECT_THROW(FourierProbe(2, 1), ConfigError);
  EXPECT_THROW(FourierProbe(8, 0), ConfigError);
  const std::vector<double> data(8, 1.0);
  EXPECT_THROW(FourierProbe(5, 1).measure(math::matrix_view(data.data(), 8, 1)), DataError);
  EXPECT_THROW(FourierProbe(3, 1).measure(math::matrix_view(data.data(), 8, 1),
                                          std::vector<std::uint32_t>{0, 1, 8}),
               DataError);
}

}  // namespace
}  // namespace emdyn::probe
