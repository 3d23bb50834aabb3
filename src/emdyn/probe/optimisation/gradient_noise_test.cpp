#include "emdyn/probe/optimisation/gradient_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(GradientNoise, ByHand) {
  // |G|² = (4·3 − 1·6)/3 = 2; tr(Σ) = (6 − 3)/(1 − 1/4) = 4.
  const std::vector<BatchPair> pairs = {{6.0, 3.0}};
  const GradientNoise noise = gradient_noise(pairs, 1.0, 4.0);
  EXPECT_DOUBLE_EQ(noise.gradient_squared, 2.0);
  EXPECT_DOUBLE_EQ(noise.noise, 4.0);
  EXPECT_DOUBLE_EQ(noise.scale.value, 2.0);
  EXPECT_FALSE(noise.scale.standard_error.has_value());
}

TEST(GradientNoise, OfExamplesByHand) {
  // Gradients 1 and 3: mean 2, tr(Σ) = 2, |G|² = 4 − 1.
  const std::vector<double> gradients = {1, 3};
  const GradientNoise noise = gradient_noise(view(gradients, 2, 1));
  EXPECT_DOUBLE_EQ(noise.noise, 2.0);
  EXPECT_DOUBLE_EQ(noise.gradient_squared, 3.0);
  EXPECT_NEAR(noise.scale.value, 2.0 / 3.0, 1e-12);
}

// Known truth: a gradient of length 1 and noise of tr(Σ) = 20: scale 20, by both ways within error.
TEST(GradientNoise, KnownScaleWithinItsError) {
  int held_examples = 0;
  int held_pairs = 0;
  constexpr int kRuns = 40;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    auto gradients = normal_entries<float>(400 * 20, 100 + run);
    for (std::size_t i = 0; i < 400; ++i) gradients[20 * i] += 1.0F;
    const GradientNoise by_example = gradient_noise(view(gradients, 400, 20));
    held_examples +=
        std::abs(by_example.scale.value - 20.0) <= 2.0 * *by_example.scale.standard_error ? 1 : 0;
    std::vector<BatchPair> pairs;
    for (std::size_t pair = 0; pair < 20; ++pair) {
      double small = 0.0;
      double big = 0.0;
      for (std::size_t j = 0; j < 20; ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < 20; ++i) {
          sum += static_cast<double>(gradients[(20 * pair + i) * 20 + j]);
          if (i == 3) small += sum * sum / 16.0;
        }
        big += sum * sum / 400.0;
      }
      pairs.push_back({small, big});
    }
    const GradientNoise by_pair = gradient_noise(pairs, 4.0, 20.0);
    held_pairs +=
        std::abs(by_pair.scale.value - 20.0) <= 2.5 * *by_pair.scale.standard_error ? 1 : 0;
  }
  EXPECT_GE(held_examples, 34);
  EXPECT_GE(held_pairs, 31);
}

// The jackknife's short cut equals leaving examples out for real.
TEST(GradientNoise, JackknifeEqualsLeavingOut) {
  auto gradients = normal_entries(6 * 3, 4);
  for (std::size_t i = 0; i < 6; ++i) gradients[3 * i] += 5.0;
  std::vector<double> left_out;
  for (std::size_t m = 0; m < 6; ++m) {
    auto fewer = gradients;
    const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(3 * m);
    fewer.erase(begin, begin + 3);
    left_out.push_back(gradient_noise(view(fewer, 5, 3)).scale.value);
  }
  EXPECT_NEAR(*gradient_noise(view(gradients, 6, 3)).scale.standard_error,
              *jackknife_error(left_out), 1e-10);
}

TEST(GradientNoise, PureNoiseHasAnInfiniteScale) {
  const std::vector<double> gradients = {1, -1, 1, -1};
  const GradientNoise noise = gradient_noise(view(gradients, 4, 1));
  EXPECT_LT(noise.gradient_squared, 0.0);
  EXPECT_TRUE(std::isinf(noise.scale.value));
  EXPECT_TRUE(Json(noise)["scale"]["value"].is_null());
  const std::vector<double> equal(4, 2.0);
  EXPECT_EQ(gradient_noise(view(equal, 4, 1)).scale.value, 0.0);
  const std::vector<double> broken(4, NAN);
  EXPECT_TRUE(std::isnan(gradient_noise(view(broken, 4, 1)).scale.value));
}

TEST(GradientNoise, RefusesWhatSaysNothing) {
  const std::vector<BatchPair> pairs = {{6.0, 3.0}};
  EXPECT_THROW(gradient_noise(pairs, 4.0, 4.0), DataError);
  EXPECT_THROW(gradient_noise(pairs, 0.0, 4.0), DataError);
  EXPECT_THROW(gradient_noise(std::span<const BatchPair>{}, 1.0, 4.0), DataError);
  EXPECT_THROW(gradient_noise(std::vector<BatchPair>{{-1.0, 3.0}}, 1.0, 4.0), DataError);
  EXPECT_THROW(gradient_noise(std::vector<BatchPair>{{NAN, 3.0}}, 1.0, 4.0), DataError);
  const std::vector<double> gradients = {1, 3};
  EXPECT_THROW(gradient_noise(view(gradients, 1, 2)), DataError);
}

}  // namespace
}  // namespace emdyn::probe
