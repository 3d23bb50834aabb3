#include "emdyn/emergence/warning/joint_warning.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

/// Four signals that share a slow factor whose memory goes from `from` to `to`.
struct FactorSystem {
  Eigen::MatrixXd rows{};
  std::vector<double> positions{};
};
FactorSystem factor_system(double from, double to, Eigen::Index count, std::uint64_t seed) {
  Philox random(seed);
  FactorSystem out{Eigen::MatrixXd(count, 4), {}};
  double factor = 0.0;
  for (Eigen::Index t = 0; t < count; ++t) {
    const double along = static_cast<double>(t) / static_cast<double>(count - 1);
    factor = (from + (to - from) * along) * factor + random.normal();
    for (Eigen::Index j = 0; j < 4; ++j) out.rows(t, j) = factor + 2.0 * random.normal();
    out.positions.push_back(static_cast<double>(t));
  }
  return out;
}

EarlyWarningOptions quick(std::int64_t replicates = 49) {
  EarlyWarningOptions options;
  options.window = 100;
  options.replicates = replicates;
  return options;
}

double mean_value(const EarlyWarning& warning, std::size_t k) {
  math::Moments moments;
  for (const double value : warning.indicators[k].values) moments.add(value);
  return moments.mean();
}

TEST(JointWarning, KnownAnswersOfAnAutoregression) {
  // Two independent AR(1) of φ = .8 (and two of .2 at a tenth of the size, which standardising
  // undoes): no shared variance beyond chance, and a leading eigenvalue near .8.
  Philox random(3);
  Eigen::MatrixXd rows(20'000, 2);
  std::vector<double> positions;
  Eigen::Vector2d state = Eigen::Vector2d::Zero();
  for (Eigen::Index t = 0; t < rows.rows(); ++t) {
    state = 0.8 * state + Eigen::Vector2d(random.normal(), random.normal());
    rows.row(t) = state.transpose();
    positions.push_back(static_cast<double>(t));
  }
  EarlyWarningOptions options = quick(0);
  options.window = 2000;
  const EarlyWarning warning = joint_warning(rows, positions, options);
  ASSERT_EQ(warning.indicators.size(), kJointIndicatorNames.size());
  EXPECT_NEAR(mean_value(warning, 1), 0.5, 0.05);
  EXPECT_NEAR(mean_value(warning, 3), 0.8, 0.05);
  EXPECT_NEAR(mean_value(warning, 4), 1.0 - 0.64, 0.04);  // σ²/var of AR(1)
}

TEST(JointWarning, HearsASlowingFactorAndNotAStationaryOne) {
  int found = 0, false_alarms = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const FactorSystem slowing = factor_system(0.2, 0.98, 800, seed);
    found += joint_warning(slowing.rows, slowing.positions, quick()).indicators[0].p_value <= 0.05;
    const FactorSystem still = factor_system(0.6, 0.6, 800, 100 + seed);
    false_alarms +=
        joint_warning(still.rows, still.positions, quick()).indicators[0].p_value <= 0.05;
  }
  EXPECT_GE(found, 5);
  EXPECT_LE(false_alarms, 2);
}

TEST(JointWarning, NothingChangesWhenTheFutureIsCut) {
  const FactorSystem system = factor_system(0.3, 0.9, 700, 5);
  EarlyWarningOptions options = quick(0);
  options.stride = 10;
  const EarlyWarning whole = joint_warning(system.rows, system.positions, options);
  for (const Eigen::Index cut : {200, 333, 512}) {
    const EarlyWarning part =
        joint_warning(system.rows.topRows(cut),
                      std::span(system.positions).first(static_cast<std::size_t>(cut)), options);
    for (std::size_t k = 0; k < part.indicators.size(); ++k)
      for (std::size_t i = 0; i < part.positions.size(); ++i)
        ASSERT_EQ(part.indicators[k].values[i], whole.indicators[k].values[i]) << k;
  }
}

TEST(JointWarning, GapsConstantsAndTooFewAreSaid) {
  FactorSystem system = factor_system(0.5, 0.5, 300, 1);
  system.rows(7, 2) = std::nan("");
  system.rows.col(3).setConstant(4.0);
  EXPECT_EQ(joint_warning(system.rows, system.positions, quick(0)).points, 299U);
  EXPECT_TRUE(joint_warning(system.rows, system.positions, quick(0)).note.empty());
  const EarlyWarning one = joint_warning(system.rows.leftCols(1), system.positions, quick(0));
  EXPECT_TRUE(one.indicators.empty());
  EXPECT_NE(one.note.find("two signals are needed"), std::string::npos);
  const auto few = std::span(system.positions).first(150);
  EXPECT_FALSE(joint_warning(system.rows.topRows(150), few, quick(0)).note.empty());
  EXPECT_THROW(joint_warning(system.rows, few, quick(0)), DataError);
  std::vector<double> back = system.positions;
  back[9] = -1.0;
  EXPECT_THROW(joint_warning(system.rows, back, quick(0)), DataError);
}

TEST(JointWarning, SameWhateverTheThreads) {
  const FactorSystem system = factor_system(0.3, 0.9, 400, 5);
  const auto text = [&] {
    return json_text(Json(joint_warning(system.rows, system.positions, quick(19))));
  };
  const std::string many = text();
  const ThreadLimit one(1);
  EXPECT_EQ(text(), many);
}

}  // namespace
}  // namespace emdyn::emergence
