#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/scaling/left_out.hpp"
#include "emdyn/emergence/scaling/shared_table_for_test.hpp"
#include "emdyn/emergence/scaling/transfer.hpp"

namespace emdyn::emergence::scaling {
namespace {

/// Three families whose loss follows one law with its own floor, and an accuracy that follows the
/// loss.
ScaleData made(double noise, std::uint64_t seed = 5) {
  ScaleData data;
  data.metrics = {
      {"loss", MetricScale::loss}, {"easy", MetricScale::share}, {"hard", MetricScale::share}};
  Philox random(seed);
  const std::vector<double> sizes{1e7, 5e7, 1.5e8, 4e8, 1.4e9, 7e9};
  std::vector<std::array<double, 3>> rows;
  for (int f = 0; f < 3; ++f) {
    for (const double n : sizes) {
      for (const double ratio : {5.0, 20.0, 80.0, 320.0}) {
        const double d = n * ratio;
        data.models.push_back({std::to_string(data.models.size()),
                               std::string(1, static_cast<char>('a' + f)), n, d, 6 * n * d});
        const double loss =
            1.6 + .1 * f + 30 * std::pow(n, -.2) + 60 * std::pow(d, -.2) + noise * random.normal();
        rows.push_back({loss,
                        .25 + .7 / (1 + std::exp(2 * (loss - 3.2))) + .2 * noise * random.normal(),
                        .9 / (1 + std::exp(4 * (loss - 2.6))) + .2 * noise * random.normal()});
      }
    }
  }
  data.values.resize(static_cast<Eigen::Index>(rows.size()), 3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t m = 0; m < 3; ++m) {
      data.values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(m)) =
          m == 0 ? rows[i][m] : std::clamp(rows[i][m], 0.0, 1.0);
    }
  }
  return data;
}

const ScalingScore& score_of(const std::vector<ScalingScore>& scores, std::string_view method,
                             MetricScale scale) {
  for (const ScalingScore& score : scores) {
    if (score.method == method && score.scale == scale) return score;
  }
  throw std::out_of_range(std::string(method));
}

TEST(ScaleMethods, EveryOneStaysWithinBoundsAndKeepsItsShape) {
  const ScaleData data = made(.02);
  const std::vector<ScaleModel> targets{{"x", "a", 7e10, 1e12, 4e23}, {"y", "new", 1e6, 1e8, 6e14}};
  for (const ScaleMethod& method : scale_methods()) {
    const Eigen::MatrixXd out = method.predict(data, targets);
    ASSERT_EQ(out.rows(), 2) << method.name;
    ASSERT_EQ(out.cols(), 3) << method.name;
    EXPECT_TRUE(out.allFinite()) << method.name;
    EXPECT_GE(out.rightCols(2).minCoeff(), 0.0) << method.name;
    EXPECT_LE(out.rightCols(2).maxCoeff(), 1.0) << method.name;
    EXPECT_FALSE(method.summary.empty());
  }
  EXPECT_THROW(scale_method("oracle"), ConfigError);
}

TEST(ScaleMethods, PersistenceTakesTheLargestThatIsNotLarger) {
  ScaleData data;
  data.metrics = {{"acc", MetricScale::share}};
  data.models = {
      {"a", "f", 1, 1, 10}, {"b", "f", 1, 1, 100}, {"c", "f", 1, 1, 100}, {"d", "f", 1, 1, 1000}};
  data.values.resize(4, 1);
  data.values << .1, .2, .4, .9;
  const std::vector<ScaleModel> targets{
      {"x", "f", 1, 1, 500}, {"y", "f", 1, 1, 5}, {"z", "f", 1, 1, 1e9}};
  const Eigen::MatrixXd out = methods::persistence(data, targets);
  EXPECT_NEAR(out(0, 0), .3, 1e-12);
  EXPECT_NEAR(out(1, 0), .1, 1e-12);
  EXPECT_NEAR(out(2, 0), .9, 1e-12);
}

TEST(ScaleMethods, MissingCellsAndConstantMetricsAreHarmless) {
  ScaleData data = made(.02);
  for (Eigen::Index i = 0; i < data.values.rows(); i += 5) data.values(i, i % 3) = kUnknown;
  data.values.col(2).setConstant(.5);
  const std::vector<ScaleModel> targets{{"x", "a", 7e10, 1e12, 4e23}};
  for (const ScaleMethod& method : scale_methods()) {
    const Eigen::MatrixXd out = method.predict(data, targets);
    EXPECT_TRUE(out.allFinite()) << method.name;
    EXPECT_NEAR(out(0, 2), .5, 1e-6) << method.name;
  }
}

TEST(LeaveOut, SchemesCutWhatTheySay) {
  const ScaleData data = made(.02);
  EXPECT_EQ(leave_out(data.models, LeaveOut::family).size(), 3u);
  EXPECT_EQ(leave_out(data.models, LeaveOut::size).size(), 6u);
  const auto largest = leave_out(data.models, LeaveOut::largest);
  ASSERT_EQ(largest.size(), 1u);
  for (const std::size_t i : largest[0].left) EXPECT_GE(data.models[i].parameters, 1.4e9);
  EXPECT_EQ(largest[0].left.size(), 24u);
  const std::vector<ScaleModel> one_family{{"a", "f", 1e7, 1, 1}, {"b", "f", 1e8, 1, 1}};
  EXPECT_THROW(leave_out(one_family, LeaveOut::family), DataError);
  EXPECT_NO_THROW(leave_out(one_family, LeaveOut::largest));
}

TEST(JackknifePlus, RanksByHand) {
  // Nine residuals at 90 %: rank ⌈.9·10⌉ = 9, the widest; at 50 %: rank 5.
  std::vector<double> predictions(9, 10.0), residuals;
  for (int i = 1; i <= 9; ++i) residuals.push_back(i);
  EXPECT_DOUBLE_EQ(jackknife_plus(predictions, residuals, .9).high, 19.0);
  EXPECT_DOUBLE_EQ(jackknife_plus(predictions, residuals, .5).high, 15.0);
  EXPECT_DOUBLE_EQ(jackknife_plus(predictions, residuals, .5).low, 5.0);
  EXPECT_TRUE(std::isnan(jackknife_plus({}, {}, .9).low));
}

TEST(Scaling, LossLinkBeatsSimplerOnesWhereItsModelHolds) {
  for (const LeaveOut scheme : {LeaveOut::largest, LeaveOut::size}) {
    const auto scores = judge_scaling(made(.02), scheme);
    for (const MetricScale scale : {MetricScale::loss, MetricScale::share}) {
      const ScalingScore& link = score_of(scores, "loss_link", scale);
      for (const std::string_view baseline : {"persistence", "log_linear", "other_models"}) {
        EXPECT_LT(link.rmse, score_of(scores, baseline, scale).rmse)
            << baseline << " " << word(scheme);
      }
      EXPECT_GE(link.coverage, .7) << word(scheme) << " " << word(scale);
    }
  }
}

TEST(Scaling, SameForAnyNumberOfThreads) {
  const ScaleData data = made(.05);
  const std::vector<ScaleModel> targets{{"x", "a", 7e10, 1e12, 4e23}};
  const ScaleForecast many = forecast_scale(scale_method("loss_link"), data, targets);
  const ThreadLimit one(1);
  const ScaleForecast single = forecast_scale(scale_method("loss_link"), data, targets);
  EXPECT_EQ(many.estimate, single.estimate);
  EXPECT_EQ(many.low, single.low);
  EXPECT_THROW(forecast_scale(scale_method("loss_link"), data, targets, 1.0), ConfigError);
}

TEST(Transfer, LearnsGrowthThatDependsOnSize) {
  std::vector<TransferPoint> others;
  for (int i = 0; i < 12; ++i) {
    const double size = 16.0 + .6 * (i / 2);
    others.push_back(
        {std::to_string(i / 2), size, .3, .3 + .05 * (size - 16.0) + (i % 2 == 0 ? .004 : -.004)});
  }
  const TransferForecast forecast = forecast_later(others, {"new", 20.2, .3, 0});
  EXPECT_NEAR(forecast.estimate, .3 + .05 * 4.2, .03);
  EXPECT_LE(forecast.low, forecast.estimate);
  EXPECT_GE(forecast.high, forecast.estimate);
}

TEST(Transfer, FewOthersStillAnswer) {
  const std::vector<TransferPoint> one{{"a", 20, .2, .5}};
  EXPECT_NEAR(forecast_later(one, {"b", 25, .3, 0}).estimate, .6, 1e-12);
  EXPECT_TRUE(std::isnan(forecast_later(one, {"b", 25, .3, 0}).low));
  EXPECT_THROW(forecast_later({}, {"b", 25, .3, 0}), DataError);
  EXPECT_THROW(forecast_later(std::vector<TransferPoint>{{"a", kUnknown, 1, 1}}, {"b", 25, .3, 0}),
               DataError);
}

TEST(Transfer, BeatsEveryBaselineOnRealCheckpoints) {
  if (testing::shared_runs().empty())
    GTEST_SKIP() << "no ../shared/data/runs: the shared recordings are absent";
  const LongTable table = testing::rows_with(testing::shared_table("pythia_v1_zero_shot.csv.gz"),
                                             "task", testing::kPythiaTasks);
  for (const double now : {3000.0, 13000.0, 33000.0, 63000.0}) {
    const auto tasks = transfer_tasks(table, "acc", now, 143000);
    for (const TransferScheme scheme : {TransferScheme::size, TransferScheme::largest}) {
      const TransferScore score = judge_transfer(tasks, scheme, 143000);
      std::printf("step %6.0f %s\n", now, json_text(Json(score)).c_str());
      for (const double other :
           {score.persistence, score.log_linear, score.power_law, score.other_models}) {
        EXPECT_LT(score.transfer, other);
      }
      EXPECT_GE(score.coverage, .8);
      EXPECT_LE(score.coverage, .97);
    }
  }
}

TEST(Scaling, BeatsPersistenceAndPowerLawOnAStudyOf104Models) {
  if (testing::shared_runs().empty())
    GTEST_SKIP() << "no ../shared/data/runs: the shared recordings are absent";
  const ScaleData data = scale_data(testing::shared_table("overtraining_scaling.csv.gz"), {});
  ASSERT_EQ(data.models.size(), 104u);
  ASSERT_EQ(data.metrics.size(), 54u);
  const auto scores = judge_scaling(data, LeaveOut::largest);
  for (const ScalingScore& score : scores) std::printf("%s\n", json_text(Json(score)).c_str());
  for (const MetricScale scale : {MetricScale::loss, MetricScale::share}) {
    const ScalingScore& link = score_of(scores, "loss_link", scale);
    EXPECT_LT(link.rmse, score_of(scores, "persistence", scale).rmse);
    EXPECT_LT(link.rmse, score_of(scores, "power_law", scale).rmse);
  }
}

}  // namespace
}  // namespace emdyn::emergence::scaling
