#include "emdyn/emergence/information/multivariate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/test_laws.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

/// All settings of `free` bits, with functions of them appended.
Law bits(int free, const std::vector<std::function<int(const std::vector<int>&)>>& functions) {
  std::vector<std::vector<int>> outcomes;
  for (int setting = 0; setting < 1 << free; ++setting) {
    std::vector<int> outcome;
    for (int bit = 0; bit < free; ++bit) outcome.push_back(setting >> bit & 1);
    const std::vector<int> given = outcome;
    for (const auto& function : functions) outcome.push_back(function(given));
    outcomes.push_back(outcome);
  }
  return Law(outcomes);
}

void expect_bits(const Law& law, double total, double dual, double omega, double s) {
  const Togetherness found = togetherness(law.entropies(), all_of(law.variables()));
  EXPECT_NEAR(found.total_correlation, total * kBit, 1e-8);
  EXPECT_NEAR(found.dual_total_correlation, dual * kBit, 1e-8);
  EXPECT_NEAR(found.o_information, omega * kBit, 1e-8);
  EXPECT_NEAR(found.s_information, s * kBit, 1e-8);
}

TEST(Togetherness, KnownLaws) {
  const auto parity = [](const std::vector<int>& b) {
    int sum = 0;
    for (const int bit : b) sum += bit;
    return sum % 2;
  };
  const auto copy = [](const std::vector<int>& b) { return b[0]; };
  const auto both = [](const std::vector<int>& b) { return b[0] & b[1]; };
  expect_bits(bits(2, {parity}), 1.0, 2.0, -1.0, 3.0);
  expect_bits(bits(1, {copy, copy}), 2.0, 1.0, 1.0, 3.0);
  expect_bits(bits(3, {parity}), 1.0, 3.0, -2.0, 4.0);
  expect_bits(bits(2, {both}), 0.811278124, 1.0, -0.188721876, 1.811278124);
}

TEST(Togetherness, KnownGaussians) {
  struct Known {
    int size;
    double rho, total, dual, omega;
  };
  for (const Known& k : {Known{3, 0.5, 0.346574, 0.261624, 0.08495},
                         {3, 0.9, 1.787775, 1.084454, 0.703321},
                         {5, 0.5, 0.836988, 0.440076, 0.396912},
                         {3, -0.3, 0.195781, 0.250096, -0.054315}}) {
    const Eigen::MatrixXd covariance = equicorrelated(k.size, k.rho);
    for (const Togetherness& found :
         {gaussian_togetherness(covariance),
          togetherness(gaussian_entropies(covariance), all_of(static_cast<std::size_t>(k.size)))}) {
      EXPECT_NEAR(found.total_correlation, k.total, 1e-6);
      EXPECT_NEAR(found.dual_total_correlation, k.dual, 1e-6);
      EXPECT_NEAR(found.o_information, k.omega, 1e-6);
    }
  }
}

TEST(Togetherness, OneFactorEqualsAllDeterminants) {
  const Eigen::MatrixXd covariance = random_covariance(9, 2);
  for (const std::size_t samples : {0U, 60U}) {
    const Togetherness fast = gaussian_togetherness(covariance, samples);
    const Togetherness slow = togetherness(gaussian_entropies(covariance, samples), all_of(9));
    EXPECT_NEAR(fast.total_correlation, slow.total_correlation, 1e-11);
    EXPECT_NEAR(fast.o_information, slow.o_information, 1e-11);
  }
  EXPECT_NEAR(gaussian_togetherness(covariance).o_information -
                  gaussian_togetherness(covariance, 60).o_information,
              gaussian_o_information_bias(9, 60), 1e-11);
}

TEST(Togetherness, EveryGroupOfTen) {
  const Eigen::MatrixXd covariance = random_covariance(13, 3);
  for (const std::size_t size : {2U, 3U, 10U, 13U}) {
    const ScoredGroups all = o_information_of_all(covariance, size);
    for (std::size_t i = 0; i < all.masks.size(); i += 1 + all.masks.size() / 40) {
      const Parts group = all.group(i);
      ASSERT_EQ(group.size(), size);
      const double slow = togetherness(gaussian_entropies(covariance), group).o_information;
      ASSERT_NEAR(all.o_information[i], slow, 1e-10);
    }
  }
  EXPECT_EQ(o_information_of_all(covariance, 10).masks.size(), 286U);
  EXPECT_EQ(o_information_of_all(covariance, 3).group(0), (Parts{0, 1, 2}));
  const ScoredGroups many = o_information_of_all(covariance, 6);
  const ThreadLimit one(1);
  EXPECT_EQ(o_information_of_all(covariance, 6).o_information, many.o_information);
}

TEST(Togetherness, GradientsOfXorAndCopies) {
  const Law law = bits(3, {[](const std::vector<int>& b) { return b[0] ^ b[1]; }});
  // Bit 2 is on its own: it brings nothing.
  const Gradients found = gradients(law.entropies(), all_of(4));
  EXPECT_NEAR(found.single[2], 0.0, 1e-12);
  for (const std::size_t part : {0U, 1U, 3U}) EXPECT_NEAR(found.single[part], -kBit, 1e-12);
  // −1 − 0 − 0 + 0 for a pair within the XOR, −1 − (−1) − 0 + 0 with the bit outside.
  EXPECT_NEAR(found.pair(0, 1), -kBit, 1e-12);
  EXPECT_NEAR(found.pair(0, 2), 0.0, 1e-12);
  EXPECT_EQ(found.pair(1, 1), 0.0);
}

TEST(Togetherness, NearestNeighboursAgreeOnGaussians) {
  const Signals rows = gaussian_rows(equicorrelated(3, 0.6), 10000, 4);
  const Togetherness truth = gaussian_togetherness(equicorrelated(3, 0.6));
  const Togetherness found = ksg_togetherness(rows);
  EXPECT_NEAR(found.total_correlation, truth.total_correlation, 0.05);
  EXPECT_NEAR(found.o_information, truth.o_information, 0.06);
}

TEST(Togetherness, Rejected) {
  const EntropyOf entropy = gaussian_entropies(equicorrelated(4, 0.2));
  EXPECT_THROW(togetherness(entropy, {0}), DataError);
  EXPECT_THROW(togetherness(entropy, {0, 0}), DataError);
  EXPECT_THROW(togetherness(entropy, {0, 7}), DataError);
  EXPECT_THROW(gradients(entropy, {0, 1}), DataError);
  EXPECT_THROW(ksg_togetherness(noise(100, 2, 1)), DataError);
  EXPECT_THROW(gaussian_togetherness(equicorrelated(3, 1.0)), DataError);
  EXPECT_THROW(gaussian_togetherness(equicorrelated(3, 0.1), 3), DataError);
  EXPECT_THROW(gaussian_togetherness(equicorrelated(1, 0.0)), DataError);
  EXPECT_THROW(o_information_of_all(equicorrelated(5, 0.1), 6), DataError);
  EXPECT_THROW(o_information_of_all(equicorrelated(5, 0.1), 1), DataError);
  EXPECT_THROW(o_information_of_all(equicorrelated(25, 0.1), 3), DataError);
  EXPECT_THROW(o_information_of_all(equicorrelated(5, 1.0), 3), DataError);
  EXPECT_THROW(Law({{0, 1}, {1}}), DataError);
  EXPECT_THROW(Law({{0}, {1}}, {1.0, -1.0}), DataError);
  EXPECT_THROW(Law({{0}, {1}}, {0.0, 0.0}), DataError);
  EXPECT_THROW(Law(std::vector<std::vector<int>>{}), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
