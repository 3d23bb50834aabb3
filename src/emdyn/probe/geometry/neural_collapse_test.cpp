#include "emdyn/probe/geometry/neural_collapse.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

/// Classes at the corners of a simplex (unit vectors less their mean), plus noise.
std::vector<double> simplex(std::size_t classes, std::size_t each, double noise,
                            std::uint64_t seed) {
  auto features = normal_entries(classes * each * classes, seed);
  for (std::size_t i = 0; i < classes * each; ++i) {
    for (std::size_t j = 0; j < classes; ++j) {
      double& value = features[i * classes + j];
      value = noise * value + (i % classes == j ? 1.0 : 0.0) - 1.0 / static_cast<double>(classes);
    }
  }
  return features;
}

std::vector<std::uint32_t> in_turn(std::size_t classes, std::size_t each) {
  std::vector<std::uint32_t> labels(classes * each);
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<std::uint32_t>(i % classes);
  return labels;
}

TEST(NeuralCollapse, PerfectCollapseIsZeroEverywhere) {
  const auto features = simplex(4, 6, 0.0, 1);
  const auto labels = in_turn(4, 6);
  const auto weights = simplex(4, 1, 0.0, 1);
  const LastLayer<double> last{view(weights, 4, 4), {}};
  const NeuralCollapse found = neural_collapse<double>(view(features, 24, 4), labels, last);
  EXPECT_NEAR(found.within_variability.value, 0.0, 1e-20);
  EXPECT_NEAR(found.mean_equinorm, 0.0, 1e-12);
  EXPECT_NEAR(found.mean_equiangle, 0.0, 1e-12);
  EXPECT_NEAR(found.mean_max_angle, 0.0, 1e-12);
  EXPECT_NEAR(*found.weight_equinorm, 0.0, 1e-12);
  EXPECT_NEAR(*found.weight_max_angle, 0.0, 1e-12);
  EXPECT_NEAR(*found.self_duality, 0.0, 1e-12);
  EXPECT_EQ(found.disagreement->value, 0.0);
  EXPECT_EQ(found.classes, 4U);
}

// Two classes on a line at ±1 and ±3: means ∓2... Σ_W = 1, Σ_B = 4, tr/C = 1/8.
TEST(NeuralCollapse, ByHand) {
  const std::vector<double> features = {1, 3, -1, -3};
  const std::vector<std::uint32_t> labels = {0, 0, 1, 1};
  const NeuralCollapse found = neural_collapse<double>(view(features, 4, 1), labels);
  EXPECT_NEAR(found.within_variability.value, 1.0 / 4.0 / 2.0, 1e-12);
  EXPECT_FALSE(found.within_variability.standard_error.has_value());
  EXPECT_NEAR(found.mean_max_angle, 0.0, 1e-12) << "opposite means are a simplex of two";
  EXPECT_FALSE(found.self_duality.has_value());
}

// NC1 of isotropic noise s² around the simplex of unit vectors: Σ_B = (I − 11ᵀ/C)/C in C − 1
// directions, so tr(Σ_W Σ_B⁺)/C = s²(C − 1), and sampled means make it a little smaller.
TEST(NeuralCollapse, KnownVariabilityWithinItsError) {
  int held = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto features = simplex(5, 200, 0.1, 50 + seed);
    const NeuralCollapse found = neural_collapse<double>(view(features, 1000, 5), in_turn(5, 200));
    const double error = *found.within_variability.standard_error;
    EXPECT_LT(error, 0.004);
    held += std::abs(found.within_variability.value - 0.04) <= 2.5 * error ? 1 : 0;
  }
  EXPECT_GE(held, 25);
}

TEST(NeuralCollapse, ScaleAndRotationDoNotMatter) {
  auto features = simplex(3, 20, 0.3, 4);
  const auto labels = in_turn(3, 20);
  const NeuralCollapse plain = neural_collapse<double>(view(features, 60, 3), labels);
  for (double& value : features) value = value * -12.0 + 3.0;
  const NeuralCollapse moved = neural_collapse<double>(view(features, 60, 3), labels);
  EXPECT_NEAR(plain.within_variability.value, moved.within_variability.value, 1e-9);
  EXPECT_NEAR(plain.mean_equinorm, moved.mean_equinorm, 1e-9);
}

// A classifier against the class means disagrees always; its bias alone can do that as well.
TEST(NeuralCollapse, DisagreementCountsTheClassifiersOwnMind) {
  const auto features = simplex(2, 10, 0.0, 1);
  const auto labels = in_turn(2, 10);
  const std::vector<double> turned = {-1, 1, 1, -1};
  const NeuralCollapse all =
      neural_collapse<double>(view(features, 20, 2), labels, LastLayer<double>{view(turned, 2, 2)});
  EXPECT_EQ(all.disagreement->value, 1.0);
  EXPECT_NEAR(*all.self_duality, 4.0, 1e-12);
  const std::vector<double> right = {1, -1, -1, 1};
  const std::vector<double> bias = {100, 0};
  const NeuralCollapse half = neural_collapse<double>(view(features, 20, 2), labels,
                                                      LastLayer<double>{view(right, 2, 2), bias});
  EXPECT_EQ(half.disagreement->value, 0.5);
  EXPECT_NEAR(*half.disagreement->standard_error, std::sqrt(0.25 / 20.0), 1e-12);
}

TEST(NeuralCollapse, EqualMeansAndNaNAreDefined) {
  const std::vector<double> same = {1, -1, 1, -1};
  const std::vector<std::uint32_t> labels = {0, 0, 1, 1};
  EXPECT_TRUE(
      std::isinf(neural_collapse<double>(view(same, 4, 1), labels).within_variability.value));
  const std::vector<double> broken(4, NAN);
  const NeuralCollapse nan = neural_collapse<double>(view(broken, 4, 1), labels);
  EXPECT_TRUE(std::isnan(nan.within_variability.value));
  EXPECT_TRUE(Json(nan)["self_duality"].is_null());
}

TEST(NeuralCollapse, RefusesWhatHasNoClasses) {
  const auto features = normal_entries(12, 1);
  const auto refused = [&](std::vector<std::uint32_t> labels) {
    EXPECT_THROW(neural_collapse<double>(view(features, 4, 3), labels), DataError);
  };
  refused({0, 0, 0, 0});
  refused({0, 0, 0, 1});
  refused({0, 0, 2, 2});
  refused({0, 0, 1});
  refused({0, 0, 4000000000U, 4000000000U});
  const std::vector<std::uint32_t> labels = {0, 0, 1, 1};
  EXPECT_THROW(neural_collapse<double>(view(features, 4, 3), labels,
                                       LastLayer<double>{view(features, 3, 3)}),
               DataError);
  EXPECT_THROW(neural_collapse<double>(math::MatrixView<double>{}, {}), DataError);
}

}  // namespace
}  // namespace emdyn::probe
