#include "emdyn/emergence/information/effective_information.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/test_laws.hpp"

namespace emdyn::emergence::information {
namespace {

void expect_bits(const EffectiveInformation& found, double information, double determinism,
                 double degeneracy, double effectiveness) {
  EXPECT_NEAR(found.effective_information, information * kBit, 5e-7);
  EXPECT_NEAR(found.determinism, determinism * kBit, 5e-7);
  EXPECT_NEAR(found.degeneracy, degeneracy * kBit, 5e-7);
  EXPECT_NEAR(found.effectiveness, effectiveness, 5e-7);
}

/// All states but the last mix evenly among themselves; the last keeps to itself (Hoel 2013).
Eigen::MatrixXd hoel(Eigen::Index states) {
  Eigen::MatrixXd chain = Eigen::MatrixXd::Zero(states, states);
  chain.topLeftCorner(states - 1, states - 1).setConstant(1.0 / static_cast<double>(states - 1));
  chain(states - 1, states - 1) = 1.0;
  return chain;
}

/// Zachary, "An Information Flow Model for Conflict and Fission in Small Groups" (1977), without
/// weights.
Eigen::MatrixXd karate_club() {
  constexpr std::array<std::pair<int, int>, 78> kLinks{
      {{0, 1},   {0, 2},   {0, 3},   {0, 4},   {0, 5},   {0, 6},   {0, 7},   {0, 8},   {0, 10},
       {0, 11},  {0, 12},  {0, 13},  {0, 17},  {0, 19},  {0, 21},  {0, 31},  {1, 2},   {1, 3},
       {1, 7},   {1, 13},  {1, 17},  {1, 19},  {1, 21},  {1, 30},  {2, 3},   {2, 7},   {2, 8},
       {2, 9},   {2, 13},  {2, 27},  {2, 28},  {2, 32},  {3, 7},   {3, 12},  {3, 13},  {4, 6},
       {4, 10},  {5, 6},   {5, 10},  {5, 16},  {6, 16},  {8, 30},  {8, 32},  {8, 33},  {9, 33},
       {13, 33}, {14, 32}, {14, 33}, {15, 32}, {15, 33}, {18, 32}, {18, 33}, {19, 33}, {20, 32},
       {20, 33}, {22, 32}, {22, 33}, {23, 25}, {23, 27}, {23, 29}, {23, 32}, {23, 33}, {24, 25},
       {24, 27}, {24, 31}, {25, 31}, {26, 29}, {26, 33}, {27, 33}, {28, 31}, {28, 33}, {29, 32},
       {29, 33}, {30, 32}, {30, 33}, {31, 32}, {31, 33}, {32, 33}}};
  Eigen::MatrixXd weights = Eigen::MatrixXd::Zero(34, 34);
  for (const auto& [a, b] : kLinks) weights(a, b) = weights(b, a) = 1.0;
  return weights;
}

TEST(EffectiveInformation, KnownChains) {
  expect_bits(effective_information(hoel(8)), 0.543564, 0.543564, 0.0, 0.181188);
  expect_bits(effective_information(hoel(4)), 0.811278, 0.811278, 0.0, 0.405639);
  expect_bits(effective_information(Eigen::MatrixXd::Identity(8, 8).rowwise().reverse()), 3.0, 3.0,
              0.0, 1.0);
  Eigen::MatrixXd to_first = Eigen::MatrixXd::Zero(8, 8);
  to_first.col(0).setOnes();
  expect_bits(effective_information(to_first), 0.0, 3.0, 3.0, 0.0);
  expect_bits(effective_information(Eigen::MatrixXd::Constant(8, 8, 0.125)), 0.0, 0.0, 0.0, 0.0);
  Eigen::MatrixXd copy(2, 2);
  copy << 0.9, 0.1, 0.1, 0.9;
  expect_bits(effective_information(copy), 0.531004, 0.531004, 0.0, 0.531004);
}

TEST(EffectiveInformation, KarateClub) {
  EXPECT_NEAR(network_effective_information(karate_club()).effective_information,
              2.3500950888734686 * kBit, 1e-13);
  EXPECT_NEAR(effective_information(walk_on(karate_club())).effective_information,
              2.3500950888734686 * kBit, 1e-13);
}

TEST(CausalEmergence, HoelsMacroBeatsMicro) {
  for (const ScaleSearch search : {ScaleSearch::best, ScaleSearch::exhaustive,
                                   ScaleSearch::agglomerative, ScaleSearch::spectral}) {
    const CausalEmergence found = causal_emergence(hoel(8), {search});
    expect_bits(found.best.information, 1.0, 1.0, 0.0, 1.0);
    EXPECT_EQ(found.best.labels, (std::vector<std::size_t>{0, 0, 0, 0, 0, 0, 0, 1}));
    EXPECT_NEAR(found.gain, (1.0 - 0.543564) * kBit, 1e-6);
  }
  // A permutation cannot be bettered.
  const CausalEmergence none =
      causal_emergence(Eigen::MatrixXd::Identity(6, 6).rowwise().reverse());
  EXPECT_EQ(none.best.groups, 6U);
  EXPECT_EQ(none.gain, 0.0);
}

constexpr std::array<Eigen::Index, 4> kSizes{2, 4, 6, 8};

/// Four blocks of unequal size; each leads to the next, evenly among its states.
Eigen::MatrixXd ring_of_blocks() {
  Eigen::MatrixXd chain = Eigen::MatrixXd::Zero(20, 20);
  std::array<Eigen::Index, 4> begin{0, 2, 6, 12};
  for (std::size_t block = 0; block < 4; ++block) {
    const std::size_t next = (block + 1) % 4;
    chain.block(begin[block], begin[next], kSizes[block], kSizes[next])
        .setConstant(1.0 / static_cast<double>(kSizes[next]));
  }
  return chain;
}

TEST(CausalEmergence, FindsPlantedBlocks) {
  // Micro: the entropy of the blocks' shares, .1, .2, .3, .4; macro: four states that lead to each
  // other without noise.
  double micro = 0.0;
  for (const double share : {0.1, 0.2, 0.3, 0.4}) micro -= share * std::log(share);
  std::vector<std::size_t> planted;
  for (std::size_t block = 0; block < 4; ++block) {
    planted.insert(planted.end(), static_cast<std::size_t>(kSizes[block]), block);
  }
  for (const ScaleSearch search :
       {ScaleSearch::agglomerative, ScaleSearch::spectral, ScaleSearch::best}) {
    const CausalEmergence found = causal_emergence(ring_of_blocks(), {search});
    EXPECT_NEAR(found.micro.effective_information, micro, 1e-12);
    EXPECT_NEAR(found.best.information.effective_information, std::log(4.0), 1e-12)
        << kScaleSearchWords[static_cast<std::size_t>(search)];
    EXPECT_EQ(found.best.labels, planted);
  }
}

TEST(CausalEmergence, SearchesAgreeWithAllPartitions) {
  Philox random(3);
  for (int round = 0; round < 3; ++round) {
    Eigen::MatrixXd chain(7, 7);
    for (double& value : chain.reshaped()) value = random.uniform() * random.uniform();
    chain = (chain.rowwise().sum().cwiseInverse().asDiagonal() * chain).eval();
    const CausalEmergence all = causal_emergence(chain, {ScaleSearch::exhaustive});
    const CausalEmergence some = causal_emergence(chain, {ScaleSearch::agglomerative});
    for (const Coarsening& scale : some.along_scale) {
      // What is merged step by step is never better than the best there is, and is what it says.
      const auto best = std::find_if(all.along_scale.begin(), all.along_scale.end(),
                                     [&](const Coarsening& s) { return s.groups == scale.groups; });
      ASSERT_NE(best, all.along_scale.end());
      EXPECT_LE(scale.information.effective_information,
                best->information.effective_information + 1e-12);
      EXPECT_NEAR(effective_information(macro_chain(chain, scale.labels)).effective_information,
                  scale.information.effective_information, 1e-12);
    }
  }
}

TEST(CausalEmergence, KarateClubGains) {
  const CausalEmergence found = causal_emergence(walk_on(karate_club()));
  EXPECT_GT(found.gain, 0.0);
  EXPECT_LT(found.best.groups, 34U);
  EXPECT_EQ(found.along_scale.front().groups, 34U);
  EXPECT_EQ(found.along_scale.back().groups, 2U);
  const ThreadLimit one(1);
  const CausalEmergence alone = causal_emergence(walk_on(karate_club()));
  EXPECT_EQ(alone.best.labels, found.best.labels);
}

TEST(MacroChain, WeightsAndStationaryLaw) {
  Eigen::MatrixXd chain(3, 3);
  chain << 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.25, 0.25;
  const Eigen::VectorXd law = stationary_law(chain);  // The third state is left for good.
  EXPECT_NEAR(law(0), 0.5, 1e-9);
  EXPECT_NEAR(law(2), 0.0, 1e-9);
  const Eigen::MatrixXd even = macro_chain(chain, {0, 1, 1});
  EXPECT_NEAR(even(1, 0), 0.75, 1e-15);
  const Eigen::MatrixXd watched = macro_chain(chain, {0, 1, 1}, MacroWeights::stationary);
  EXPECT_NEAR(watched(1, 0), 1.0, 1e-9);
}

TEST(EffectiveInformation, Rejected) {
  EXPECT_THROW(effective_information(Eigen::MatrixXd::Ones(2, 2)), DataError);
  EXPECT_THROW(effective_information(Eigen::MatrixXd::Constant(2, 3, 0.5)), DataError);
  Eigen::MatrixXd negative(2, 2);
  negative << 1.5, -0.5, 0.0, 1.0;
  EXPECT_THROW(effective_information(negative), DataError);
  Eigen::MatrixXd sink = Eigen::MatrixXd::Zero(2, 2);
  sink(0, 1) = 1.0;
  EXPECT_THROW(walk_on(sink), DataError);
  EXPECT_NO_THROW(network_effective_information(sink));
  EXPECT_THROW(network_effective_information(Eigen::MatrixXd::Zero(2, 2)), DataError);
  EXPECT_THROW(macro_chain(hoel(4), {0, 0, 2, 2}), DataError);
  EXPECT_THROW(macro_chain(hoel(4), {0, 1}), DataError);
  EXPECT_THROW(causal_emergence(Eigen::MatrixXd::Ones(1, 1)), DataError);
  EXPECT_THROW(causal_emergence(hoel(11), {ScaleSearch::exhaustive}), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
