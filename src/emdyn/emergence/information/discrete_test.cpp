#include "emdyn/emergence/information/discrete.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::emergence::information {
namespace {

using enum BiasCorrection;

Symbols random_symbols(std::uint32_t kinds, std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = random.below(kinds);
  return symbols_of(values);
}

TEST(Discrete, EntropyByHand) {
  const std::array<std::uint64_t, 3> counts{2, 1, 1};
  EXPECT_NEAR(entropy_of_counts(counts, plug_in), 1.5 * std::log(2.0), 1e-15);
  // Miller-Madow: (3 − 1)/(2·4) more.
  EXPECT_NEAR(entropy_of_counts(counts, miller_madow), 1.5 * std::log(2.0) + 0.25, 1e-15);
  // Grassberger: G(1) = −γ − ln 2, G(2) = 2 − γ − ln 2 (his equation 30 with G(0) = 0).
  constexpr double kGamma = 0.57721566490153286;
  const double one = -kGamma - std::log(2.0);
  const double two = 2.0 - kGamma - std::log(2.0);
  EXPECT_NEAR(entropy_of_counts(counts, grassberger), std::log(4.0) - (2.0 * two + 2.0 * one) / 4.0,
              1e-12);
  const std::array<std::uint64_t, 3> with_zero{4, 0, 0};
  EXPECT_EQ(entropy_of_counts(with_zero, plug_in), 0.0);
}

TEST(Discrete, CorrectionsTakeBiasOff) {
  // 64 equally likely symbols from 100 samples: ln 64 in truth.
  const double truth = std::log(64.0);
  std::array<double, 3> mean{};
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const Symbols x = random_symbols(64, 100, static_cast<std::uint64_t>(round));
    mean[0] += entropy(x, plug_in) / kRounds;
    mean[1] += entropy(x, miller_madow) / kRounds;
    mean[2] += entropy(x, grassberger) / kRounds;
  }
  EXPECT_LT(mean[0], truth - 0.25);
  EXPECT_LT(std::fabs(mean[1] - truth), 0.12);
  EXPECT_LT(std::fabs(mean[2] - truth), 0.04);
}

TEST(Discrete, InformationOfXorAndOfCopies) {
  const Symbols x = symbols_of(std::array{0.0, 0.0, 1.0, 1.0});
  const Symbols y = symbols_of(std::array{0.0, 1.0, 0.0, 1.0});
  const Symbols z = symbols_of(std::array{0.0, 1.0, 1.0, 0.0});
  EXPECT_NEAR(mutual_information(x, y, plug_in), 0.0, 1e-15);
  EXPECT_NEAR(conditional_mutual_information(x, y, z, plug_in), std::log(2.0), 1e-15);
  EXPECT_NEAR(mutual_information(x, x, plug_in), std::log(2.0), 1e-15);
  const std::array<Symbols, 2> both{x, y};
  EXPECT_EQ(joint_symbols(both).kinds, 4U);
  EXPECT_NEAR(mutual_information(joint_symbols(both), z, plug_in), std::log(2.0), 1e-15);
}

TEST(Discrete, ClassesOfEqualFrequency) {
  const std::array<double, 6> values{5.0, -1.0, 3.0, 9.0, 7.0, 0.0};
  const Symbols three = equal_frequency_symbols(values, 3);
  EXPECT_EQ(three.kinds, 3U);
  EXPECT_EQ(three.values, (std::vector<std::uint32_t>{1, 0, 1, 2, 2, 0}));
  // Equal values are never parted.
  const Symbols tied = equal_frequency_symbols(std::array{1.0, 1.0, 1.0, 1.0, 2.0, 3.0}, 3);
  EXPECT_EQ(tied.values, (std::vector<std::uint32_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(tied.kinds, 2U);
}

TEST(Discrete, PValuesAreUniformUnderIndependence) {
  int rejected = 0;
  constexpr int kRounds = 400;
  for (int round = 0; round < kRounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round);
    const Symbols x = random_symbols(3, 300, 3 * seed);
    const Symbols y = random_symbols(3, 300, 3 * seed + 1);
    const Symbols z = random_symbols(2, 300, 3 * seed + 2);
    rejected += likelihood_ratio_p_value(x, y, z) <= 0.1;
  }
  EXPECT_NEAR(rejected, 40, 19);  // three standard errors
  const Symbols x = random_symbols(3, 300, 1);
  EXPECT_LT(likelihood_ratio_p_value(x, x, {}), 1e-50);
}

TEST(Discrete, Rejected) {
  EXPECT_THROW(entropy_of_counts({}, plug_in), DataError);
  EXPECT_THROW(entropy({}, plug_in), DataError);
  EXPECT_THROW(joint_symbols({}), DataError);
  EXPECT_THROW(equal_frequency_symbols(std::array{1.0, 2.0}, 1), ConfigError);
  EXPECT_THROW(equal_frequency_symbols(std::array{1.0, 2.0}, 3), ConfigError);
  const Symbols two = symbols_of(std::array{0.0, 1.0});
  const Symbols three = symbols_of(std::array{0.0, 1.0, 2.0});
  EXPECT_THROW(mutual_information(two, three, plug_in), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
