#include "emdyn/probe/measures.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::probe {
namespace {

std::vector<double> noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = random.normal();
  return values;
}

TEST(Measures, FrobeniusNormHonoursStrides) {
  const std::vector<float> data = {3, 9, 4, 9};
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{data.data(), 2, 1, 2, 1}), 5.0);
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{data.data(), 1, 2, 4, 2}), 5.0);
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{}), 0.0);
}

TEST(Measures, ActivationStatsByHand) {
  // Entries 0 0 2 2: mean 1, variance 1, kurtosis 1 (two points); the first unit is dead.
  const std::vector<double> data = {0, 2, 0, 2};
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 2, 2));
  EXPECT_DOUBLE_EQ(stats.mean, 1.0);
  EXPECT_DOUBLE_EQ(stats.variance, 1.0);
  EXPECT_DOUBLE_EQ(stats.kurtosis, 1.0);
  EXPECT_DOUBLE_EQ(stats.dead_fraction, 0.5);
}

TEST(Measures, KurtosisOfNormalNoiseIsThree) {
  const auto data = noise(40000, 7);
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 200, 200));
  EXPECT_NEAR(stats.kurtosis, 3.0, 5.0 * std::sqrt(24.0 / 40000.0));
  EXPECT_NEAR(stats.variance, 1.0, 5.0 * std::sqrt(2.0 / 40000.0));
}

TEST(Measures, KurtosisOfAConstantIsUndefined) {
  const std::vector<double> data(6, 1.5);
  EXPECT_TRUE(std::isnan(activation_stats(math::matrix_view(data.data(), 2, 3)).kurtosis));
}

TEST(Measures, NonFiniteActivationsAreNotDead) {
  const std::vector<double> data = {NAN, 0.0};
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 1, 2));
  EXPECT_TRUE(std::isnan(stats.mean));
  EXPECT_DOUBLE_EQ(stats.dead_fraction, 0.5);
}

TEST(Measures, SingularValuesByHand) {
  // [[3, 0], [4, 5]] has singular values 3 sqrt 5 and sqrt 5.
  const std::vector<double> data = {3, 0, 4, 5};
  const auto values = singular_values(math::matrix_view(data.data(), 2, 2));
  EXPECT_NEAR(values[0], 3.0 * std::sqrt(5.0), 1e-12);
  EXPECT_NEAR(values[1], std::sqrt(5.0), 1e-12);
}

TEST(Measures, EffectiveRankByHand) {
  const std::vector<double> identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_NEAR(effective_rank(math::matrix_view(identity.data(), 3, 3)), 3.0, 1e-12);
  // Singular values 3 and 1: exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 4 / 3^(3/4).
  const std::vector<double> diagonal = {3, 0, 0, 1};
  EXPECT_NEAR(effective_rank(math::matrix_view(diagonal.data(), 2, 2)), 4.0 / std::pow(3.0, 0.75),
              1e-12);
  const std::vector<double> one = {1, 2, 3, 2, 4, 6};
  EXPECT_NEAR(effective_rank(math::matrix_view(one.data(), 2, 3)), 1.0, 1e-6);
  const std::vector<double> zero(4, 0.0);
  EXPECT_EQ(effective_rank(math::matrix_view(zero.data(), 2, 2)), 0.0);
}

TEST(Measures, EffectiveRankIgnoresScaleAndTranspose) {
  auto data = noise(60, 3);
  const double rank = effective_rank(math::matrix_view(data.data(), 6, 10));
  EXPECT_NEAR(effective_rank(math::MatrixView<double>{data.data(), 10, 6, 1, 10}), rank, 1e-9);
  for (double& value : data) value *= -17.0;
  EXPECT_NEAR(effective_rank(math::matrix_view(data.data(), 6, 10)), rank, 1e-9);
  EXPECT_LE(rank, 6.0);
}

TEST(Measures, GiniByHand) {
  EXPECT_DOUBLE_EQ(gini({1, 1, 1, 1}), 0.0);
  EXPECT_DOUBLE_EQ(gini({0, 0, 0, 5}), 0.75);
  EXPECT_DOUBLE_EQ(gini({3, 1, 2}), 2.0 / 9.0);
  EXPECT_DOUBLE_EQ(gini({}), 0.0);
}

TEST(Measures, OneWaveConcentratesAllPower) {
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

TEST(Measures, AnImpulseSpreadsPowerEqually) {
  std::vector<float> data(13, 0.0F);
  data[0] = 1.0F;
  const auto found = FourierProbe(13, 2).measure(math::matrix_view(data.data(), 13, 1));
  EXPECT_NEAR(found.gini, 0.0, 1e-12);
  EXPECT_NEAR(found.top_share, 2.0 / 6.0, 1e-12);
}

TEST(Measures, OrderRearrangesRows) {
  const std::vector<std::uint32_t> order = {1, 2, 4, 3};  // powers of 2 modulo 5
  std::vector<double> data(5);
  for (std::size_t i = 0; i < 4; ++i) data[order[i]] = i % 2 == 0 ? 1.0 : -1.0;
  const auto found = FourierProbe(4, 1).measure(math::matrix_view(data.data(), 5, 1), order);
  EXPECT_NEAR(found.power[1], 16.0, 1e-12);
  EXPECT_NEAR(found.top_share, 1.0, 1e-12);
}

TEST(Measures, RefusesWhatDoesNotFit) {
  EXPECT_THROW(activation_stats(math::MatrixView<double>{}), DataError);
  EXPECT_THROW(singular_values(math::MatrixView<float>{}), DataError);
  EXPECT_THROW(FourierProbe(2, 1), ConfigError);
  EXPECT_THROW(FourierProbe(8, 0), ConfigError);
  const std::vector<double> data(8, 1.0);
  EXPECT_THROW(FourierProbe(5, 1).measure(math::matrix_view(data.data(), 8, 1)), DataError);
  EXPECT_THROW(FourierProbe(3, 1).measure(math::matrix_view(data.data(), 8, 1),
                                          std::vector<std::uint32_t>{0, 1, 8}),
               DataError);
}

TEST(Measures, EveryProbeIsDescribed) {
  for (const ProbeInfo& probe : probes()) {
    EXPECT_FALSE(probe.name.empty());
    EXPECT_FALSE(probe.what.empty()) << probe.name;
    EXPECT_FALSE(probe.cost.empty()) << probe.name;
  }
}

}  // namespace
}  // namespace emdyn::probe
