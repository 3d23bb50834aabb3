#include "emdyn/emergence/information/phiid.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/test_laws.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

const TwoParts kParts{{0}, {1}, {2}, {3}};

void expect_atoms(const Atoms& atoms, const std::map<std::string_view, double>& bits) {
  for (const std::string_view name : Atoms::names()) {
    const auto found = bits.find(name);
    EXPECT_NEAR(atoms.at(name), kBit * (found == bits.end() ? 0.0 : found->second), 5e-7) << name;
  }
}

TEST(IntegratedInformation, KnownLawsByTheMinimum) {
  const auto mmi = [](const Law& law) {
    return integrated_information(law, kParts, Redundancy::mmi);
  };
  expect_atoms(mmi(xor_and_coin()), {{"stx", 1.0}});
  expect_atoms(mmi(parity_kept(1.0)), {{"sts", 1.0}});
  expect_atoms(mmi(self_copy()), {{"rts", 1.0},
                                  {"xtx", 1.0},
                                  {"xts", -1.0},
                                  {"yty", 1.0},
                                  {"yts", -1.0},
                                  {"str", 1.0},
                                  {"stx", -1.0},
                                  {"sty", -1.0},
                                  {"sts", 2.0}});
  expect_atoms(mmi(coins()), {});
  expect_atoms(mmi(swapped()), {{"rts", 1.0},
                                {"xty", 1.0},
                                {"xts", -1.0},
                                {"ytx", 1.0},
                                {"yts", -1.0},
                                {"str", 1.0},
                                {"stx", -1.0},
                                {"sty", -1.0},
                                {"sts", 2.0}});
  expect_atoms(mmi(parity_kept(0.9)), {{"sts", 0.531004}});
}

TEST(IntegratedInformation, LawsByCommonChangeInSurprisal) {
  const auto ccs = [](const Law& law) {
    return integrated_information(law, kParts, Redundancy::ccs);
  };
  expect_atoms(ccs(xor_and_coin()), {{"stx", 1.0}});
  expect_atoms(ccs(parity_kept(1.0)), {{"sts", 1.0}});
  // Moment by moment two independent copies share nothing: no negative atoms are needed.
  expect_atoms(ccs(self_copy()), {{"xtx", 1.0}, {"yty", 1.0}});
  expect_atoms(ccs(swapped()), {{"xty", 1.0}, {"ytx", 1.0}});
  expect_atoms(ccs(Law({{0, 0, 0, 0}, {1, 1, 1, 1}})), {{"rtr", 1.0}});
}

TEST(IntegratedInformation, AtomsAddUp) {
  const Law law = parity_kept(0.7);
  const double whole = mutual_information(law.entropies(), {0, 1}, {2, 3});
  for (const Redundancy redundancy : {Redundancy::mmi, Redundancy::ccs}) {
    EXPECT_NEAR(integrated_information(law, kParts, redundancy).total(), whole, 1e-12);
  }
  const Signals path = path_of(driven_pair(0.5, 0.4, 0.6), 3000, 2);
  const StepPairs steps = steps_of(path, 1);
  Signals rows(2999, 4);
  rows << steps.before, steps.after;
  const Eigen::MatrixXd covariance = covariance_of(rows);
  EXPECT_NEAR(integrated_information(path.col(0), path.col(1), 1, Redundancy::mmi).total(),
              gaussian_information(covariance, 2, 2, 0, 2999), 1e-9);
  // Local Gaussian information averages to the plug-in value, less what rows − 1 makes of it.
  EXPECT_NEAR(integrated_information(path.col(0), path.col(1), 1, Redundancy::ccs).total(),
              gaussian_information(covariance, 2, 2, 0), 1e-3);
}

TEST(IntegratedInformation, DrivenPairCarriesFromTheFirst) {
  const Signals path = path_of(driven_pair(0.8, 0.0, 1.0), 5000, 3);
  for (const Redundancy redundancy : {Redundancy::mmi, Redundancy::ccs}) {
    const Atoms atoms = integrated_information(path.col(0), path.col(1), 1, redundancy);
    EXPECT_GT(atoms.at("xty") + atoms.at("xtr") + atoms.at("xtx"), 0.3);
    // Moment by moment y misleads at times: there its atoms lie a little below 0.
    const double margin = redundancy == Redundancy::mmi ? 0.005 : 0.08;
    EXPECT_NEAR(atoms.at("yty"), 0.0, margin);
    EXPECT_NEAR(atoms.at("ytx"), 0.0, margin);
  }
}

TEST(IntegratedInformation, NothingUnderflowsFarFromTheMean) {
  Signals path = path_of(driven_pair(0.5, 0.4, 0.6), 500, 4);
  path(100, 0) = 1e6;  // A density of e^(−200) would be 0.
  const Atoms atoms = integrated_information(path.col(0), path.col(1), 1, Redundancy::ccs);
  for (const double value : atoms.values) EXPECT_TRUE(std::isfinite(value));
}

TEST(Bipartition, CutsWhereNothingPasses) {
  // Two driven pairs that do not touch, interleaved: 0 → 2 and 1 → 3.
  const Signals a = path_of(driven_pair(0.7, 0.3, 0.8), 4000, 5);
  const Signals b = path_of(driven_pair(0.7, 0.3, 0.8), 4000, 6);
  Signals all(4000, 4);
  all << a.col(0), b.col(0), a.col(1), b.col(1);
  const Bipartition cut = least_integrated_cut(all, 1);
  EXPECT_EQ(cut.first, (Parts{0, 2}));
  EXPECT_EQ(cut.second, (Parts{1, 3}));
  EXPECT_NEAR(cut.integrated, 0.0, 0.01);
  const Atoms atoms = integrated_information(all, cut, 1, Redundancy::mmi);
  EXPECT_NEAR(atoms.at("xty"), 0.0, 0.01);
  EXPECT_GT(atoms.total(), 0.5);
  // Beyond twelve signals the cut is found along the Fiedler vector.
  Signals wide(4000, 16);
  for (Eigen::Index j = 0; j < 16; ++j) {
    const Signals& pair = j % 2 == 0 ? a : b;
    wide.col(j) = pair.col(0) + noise(4000, 1, 100 + static_cast<std::uint64_t>(j));
  }
  const Bipartition found = least_integrated_cut(wide, 1);
  EXPECT_EQ(found.first.size(), 8U);
  for (const std::size_t member : found.first) EXPECT_EQ(member % 2, found.first[0] % 2);
}

TEST(CoarseGraining, TurnsSignsToAgree) {
  Signals rows = noise(300, 1, 7);
  Signals pair(300, 3);
  pair << rows, -2.0 * rows, noise(300, 1, 8);
  const Signals coarse = coarse_grained(pair, {{0, 1}, {2}});
  EXPECT_NEAR((coarse.col(0) - standardised(rows)).cwiseAbs().maxCoeff(), 0.0, 1e-12);
  EXPECT_THROW(coarse_grained(pair, {{}}), DataError);
}

TEST(IntegratedInformation, Rejected) {
  const Signals path = noise(100, 2, 1);
  const auto take = [](const Signals& x, const Signals& y, std::size_t lag) {
    return integrated_information(x, y, lag, Redundancy::mmi);
  };
  EXPECT_THROW(take(path.col(0), noise(99, 1, 1), 1), DataError);
  EXPECT_THROW(take(path.topRows(8).col(0), path.topRows(8).col(1), 1), DataError);
  EXPECT_THROW(take(path.col(0), path.col(1), 0), DataError);
  EXPECT_THROW(take(path.col(0), Signals::Ones(100, 1), 1), DataError);
  EXPECT_THROW(take(path.col(0), path.col(0), 1), DataError);
  EXPECT_THROW(least_integrated_cut(path.leftCols(1), 1), DataError);
  EXPECT_THROW(Atoms{}.at("xyz"), ConfigError);
}

}  // namespace
}  // namespace emdyn::emergence::information
