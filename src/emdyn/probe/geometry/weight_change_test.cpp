#include "emdyn/probe/geometry/weight_change.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(WeightChange, ByHand) {
  const std::vector<double> before = {3, 4};
  const std::vector<double> now = {3, 0};
  const WeightChange change = weight_change(view(now, 1, 2), view(before, 1, 2));
  EXPECT_NEAR(change.relative, 0.8, 1e-12);
  EXPECT_NEAR(change.cosine, 0.6, 1e-12);
  EXPECT_FALSE(change.subspace_overlap.has_value());
}

TEST(WeightChange, ItselfAndItsMultiple) {
  const auto before = normal_entries<float>(30 * 20, 1);
  auto now = before;
  const WeightChange same = weight_change(view(now, 30, 20), view(before, 30, 20));
  EXPECT_EQ(same.relative, 0.0);
  EXPECT_NEAR(same.cosine, 1.0, 1e-12);
  EXPECT_NEAR(*same.subspace_overlap, 1.0, 1e-9);
  EXPECT_NEAR(*same.overlap_by_chance, 8.0 / 20.0, 1e-12);
  for (float& value : now) value *= -2.0F;
  const WeightChange turned = weight_change(view(now, 30, 20), view(before, 30, 20));
  EXPECT_NEAR(turned.relative, 3.0, 1e-12);
  EXPECT_NEAR(turned.cosine, -1.0, 1e-12);
  EXPECT_NEAR(*turned.subspace_overlap, 1.0, 1e-9);
}

// Singular directions that are known: coordinate axes, half of them shared.
TEST(WeightChange, OverlapOfKnownSubspaces) {
  for (const std::size_t size : {40U, 300U}) {  // The whole decomposition, and Krylov's space.
    std::vector<double> before(size * size, 0.0);
    std::vector<double> now(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i) {
      const double small = 0.5 * (1.0 + static_cast<double>(i) / static_cast<double>(size));
      before[i * size + i] = i < 4 ? 20.0 - static_cast<double>(i) : small;
      now[i * size + i] = i >= 2 && i < 6 ? 20.0 - static_cast<double>(i) : small;
    }
    const WeightChange change =
        weight_change(view(now, size, size), view(before, size, size), {.directions = 4});
    EXPECT_NEAR(*change.subspace_overlap, 0.5, 1e-9) << size;
  }
}

TEST(WeightChange, UnrelatedSubspacesOverlapByChance) {
  const auto a = normal_entries<float>(400 * 200, 1);
  const auto b = normal_entries<float>(400 * 200, 2);
  const WeightChange change = weight_change(view(a, 400, 200), view(b, 400, 200));
  EXPECT_NEAR(*change.subspace_overlap, *change.overlap_by_chance, 0.03);
}

TEST(WeightChange, DegenerateWeightsAreDefined) {
  const std::vector<double> zeros(36, 0.0);
  const auto noise = normal_entries(36, 1);
  const WeightChange none = weight_change(view(zeros, 6, 6), view(zeros, 6, 6));
  EXPECT_EQ(none.relative, 0.0);
  EXPECT_TRUE(std::isnan(none.cosine));
  EXPECT_TRUE(std::isinf(weight_change(view(noise, 6, 6), view(zeros, 6, 6)).relative));
  EXPECT_NEAR(weight_change(view(zeros, 6, 6), view(noise, 6, 6)).relative, 1.0, 1e-12);
  const std::vector<double> broken(36, NAN);
  EXPECT_TRUE(std::isnan(weight_change(view(broken, 6, 6), view(noise, 6, 6)).relative));
  EXPECT_THROW(weight_change(view(noise, 6, 6), view(noise, 4, 9)), DataError);
  EXPECT_THROW(weight_change(math::MatrixView<float>{}, math::MatrixView<float>{}), DataError);
  EXPECT_THROW(weight_change(view(noise, 6, 6), view(noise, 6, 6), {.directions = 0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::probe
