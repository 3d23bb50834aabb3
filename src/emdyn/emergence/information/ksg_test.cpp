#include "emdyn/emergence/information/ksg.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/neighbours.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

double far(const SignalsView& points, Eigen::Index a, Eigen::Index b) {
  return (points.row(a) - points.row(b)).cwiseAbs().maxCoeff();
}

std::vector<NearPoint> all_neighbours(const SignalsView& points, Eigen::Index i) {
  std::vector<NearPoint> all;
  for (Eigen::Index j = 0; j < points.rows(); ++j) {
    if (j != i) all.push_back({far(points, i, j), static_cast<std::uint32_t>(j)});
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::size_t scanned(const SignalsView& points, Eigen::Index i, double radius, bool strict) {
  std::size_t count = 0;
  for (Eigen::Index j = 0; j < points.rows(); ++j) {
    if (j != i) count += strict ? far(points, i, j) < radius : far(points, i, j) <= radius;
  }
  return count;
}

Signals beside(const std::vector<Signals>& parts) {
  Signals joint(parts[0].rows(), 0);
  for (const Signals& part : parts) {
    joint.conservativeResize(Eigen::NoChange, joint.cols() + part.cols());
    joint.rightCols(part.cols()) = part;
  }
  return joint;
}

/// The two estimators written down from the paper, point by point.
double by_scanning(const std::vector<Signals>& parts, std::size_t k, KsgKind kind) {
  using boost::math::digamma;
  const Signals joint = beside(parts);
  const auto n = static_cast<double>(joint.rows());
  const auto others = static_cast<double>(parts.size() - 1);
  double sum = 0.0;
  for (Eigen::Index i = 0; i < joint.rows(); ++i) {
    std::vector<NearPoint> nearest = all_neighbours(joint, i);
    nearest.resize(k);
    for (const Signals& part : parts) {
      double radius = nearest.back().distance;
      if (kind == KsgKind::two) {
        radius = 0.0;
        for (const NearPoint& other : nearest) {
          radius = std::max(radius, far(part, i, static_cast<Eigen::Index>(other.index)));
        }
      }
      const bool one = kind == KsgKind::one;
      sum += digamma(static_cast<double>(scanned(part, i, radius, one) + (one ? 1 : 0)));
    }
  }
  const double correction = kind == KsgKind::one ? 0.0 : others / static_cast<double>(k);
  return digamma(static_cast<double>(k)) - correction + others * digamma(n) - sum / n;
}

double conditional_by_scanning(const Signals& x, const Signals& y, const Signals& z,
                               std::size_t k) {
  using boost::math::digamma;
  const Signals joint = beside({x, y, z});
  const Signals xz = beside({x, z});
  const Signals yz = beside({y, z});
  double sum = 0.0;
  for (Eigen::Index i = 0; i < joint.rows(); ++i) {
    const double radius = all_neighbours(joint, i)[k - 1].distance;
    const auto psi = [&](const Signals& part) {
      return digamma(static_cast<double>(scanned(part, i, radius, true) + 1));
    };
    sum += psi(xz) + psi(yz) - psi(z);
  }
  return digamma(static_cast<double>(k)) - sum / static_cast<double>(joint.rows());
}

TEST(Neighbours, EqualAScanEvenWithTies) {
  for (const std::int64_t dimensions : {1, 2, 3, 5}) {
    Signals points = noise(300, dimensions, 11);
    // Half of the points on a grid, some of them the same: distances tie.
    points.topRows(150) = (2.0 * points.topRows(150)).array().round() / 2.0;
    points.row(200) = points.row(3);
    const Neighbours tree(points);
    std::vector<NearPoint> found(7);
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      const std::vector<NearPoint> all = all_neighbours(points, i);
      tree.nearest(static_cast<std::size_t>(i), found);
      for (std::size_t n = 0; n < found.size(); ++n) {
        ASSERT_EQ(found[n].distance, all[n].distance);
        ASSERT_EQ(found[n].index, all[n].index) << dimensions << " " << i << " " << n;
      }
      for (const double radius : {0.0, 0.5, 1.0, found.back().distance, 100.0}) {
        const auto at = static_cast<std::size_t>(i);
        ASSERT_EQ(tree.count_below(at, radius), scanned(points, i, radius, true));
        ASSERT_EQ(tree.count_within(at, radius), scanned(points, i, radius, false));
      }
    }
  }
}

TEST(Neighbours, AllPointsEqual) {
  const Neighbours tree(Signals::Constant(100, 2, 3.0));
  std::vector<NearPoint> found(3);
  tree.nearest(0, found);
  EXPECT_EQ(found[2].distance, 0.0);
  EXPECT_EQ(found[0].index, 1U);
  EXPECT_EQ(tree.count_within(0, 0.0), 99U);
  EXPECT_EQ(tree.count_below(0, 0.0), 0U);
  EXPECT_THROW(Neighbours(Signals(0, 2)), DataError);
}

TEST(Ksg, EqualsTheFormulaPointByPoint) {
  const Signals rows = prepared_for_neighbours(gaussian_rows(equicorrelated(4, 0.6), 250, 5), 1);
  const std::vector<Signals> two{rows.leftCols(1), rows.rightCols(3)};
  const std::vector<Signals> four{rows.col(0), rows.col(1), rows.col(2), rows.col(3)};
  for (const KsgKind kind : {KsgKind::one, KsgKind::two}) {
    for (const std::size_t k : {1U, 4U, 9U}) {
      EXPECT_NEAR(ksg_total_correlation(two, {k, kind}), by_scanning(two, k, kind), 1e-10);
      EXPECT_NEAR(ksg_total_correlation(four, {k, kind}), by_scanning(four, k, kind), 1e-10);
    }
  }
  for (const std::size_t k : {1U, 4U}) {
    EXPECT_NEAR(
        ksg_conditional_information(rows.col(0), rows.col(1), rows.rightCols(2), {k, KsgKind::one}),
        conditional_by_scanning(rows.col(0), rows.col(1), rows.rightCols(2), k), 1e-10);
  }
}

TEST(Ksg, FindsWhatGaussiansShare) {
  for (const double rho : {0.0, 0.6, 0.9}) {
    const Signals rows = prepared_for_neighbours(gaussian_rows(equicorrelated(2, rho), 4000, 8), 1);
    const double truth = -0.5 * std::log(1.0 - rho * rho);
    for (const KsgKind kind : {KsgKind::one, KsgKind::two}) {
      EXPECT_NEAR(ksg_total_correlation({rows.col(0), rows.col(1)}, {4, kind}), truth, 0.045)
          << rho;
    }
  }
  const Signals rows = prepared_for_neighbours(gaussian_rows(equicorrelated(3, 0.6), 4000, 9), 1);
  const double partial = 0.6 / 1.6;
  EXPECT_NEAR(ksg_conditional_information(rows.col(0), rows.col(1), rows.col(2)),
              -0.5 * std::log(1.0 - partial * partial), 0.03);
}

TEST(Ksg, FindsWhatCorrelationCannot) {
  // y = x² + noise: uncorrelated, far from independent.
  Signals rows = noise(2000, 2, 4);
  rows.col(1) = rows.col(0).array().square() + 0.1 * rows.col(1).array();
  const Signals prepared = prepared_for_neighbours(rows, 1);
  EXPECT_GT(ksg_total_correlation({prepared.col(0), prepared.col(1)}), 1.0);
}

TEST(Ksg, TiesArePartedTheSameWayEverywhere) {
  Signals rows = noise(400, 2, 6).array().round();
  const Signals a = prepared_for_neighbours(rows, 1);
  EXPECT_EQ(a, prepared_for_neighbours(rows, 1));
  EXPECT_NE(a, prepared_for_neighbours(rows, 2));
  EXPECT_LT((a - standardised(rows)).cwiseAbs().maxCoeff(), 1e-8);
  const double many = ksg_total_correlation({a.col(0), a.col(1)});
  const ThreadLimit one(1);
  EXPECT_EQ(ksg_total_correlation({a.col(0), a.col(1)}), many);
}

TEST(Ksg, Rejected) {
  const Signals rows = noise(5, 2, 1);
  EXPECT_THROW(ksg_total_correlation({rows.col(0), rows.col(1)}), DataError);
  EXPECT_THROW(ksg_total_correlation({rows.col(0)}), DataError);
  EXPECT_THROW(ksg_total_correlation({rows.col(0), noise(6, 1, 1)}), DataError);
  EXPECT_THROW(ksg_total_correlation({rows.col(0), rows.col(1)}, {0}), ConfigError);
  EXPECT_THROW(ksg_conditional_information(rows.col(0), rows.col(1), noise(6, 1, 1)), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
