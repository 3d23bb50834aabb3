#include "emdyn/emergence/mirage/metric_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::mirage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string refusal_of(const MetricSeries& series) {
  try {
    clean(series);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(EmergenceScore, IsRangeOverRootMedianSquare) {
  // Differences 1, 1, 8: median of the squares 1, range 10, rising.
  EXPECT_DOUBLE_EQ(*emergence_score(std::vector<double>{0, 1, 2, 10}), 10.0);
  EXPECT_DOUBLE_EQ(*emergence_score(std::vector<double>{10, 2, 1, 0}), -10.0);
  // Squares 1 and 9: median 5.
  EXPECT_DOUBLE_EQ(*emergence_score(std::vector<double>{0, 1, 4}), 4.0 / std::sqrt(5.0));
}

TEST(EmergenceScore, Edges) {
  EXPECT_FALSE(emergence_score(std::vector<double>{1.0}));
  EXPECT_DOUBLE_EQ(*emergence_score(std::vector<double>{2, 2, 2}), 0.0);
  EXPECT_TRUE(std::isinf(*emergence_score(std::vector<double>{0, 0, 0, 0, 1})));
}

TEST(MetricSeries, SortsAveragesAndCounts) {
  const MetricSeries series{"acc", MetricKind::graded, {3, 1, 2, 2, 4}, {.9, .1, .4, .6, kNan}, {}};
  const CleanMetric clean_series = clean(series);
  EXPECT_THAT(clean_series.positions, ElementsAre(1, 2, 3));
  EXPECT_THAT(clean_series.values, ElementsAre(.1, .5, .9));
  EXPECT_EQ(clean_series.dropped, 1u);
  EXPECT_EQ(clean_series.merged, 1u);
}

TEST(MetricSeries, ErrorsOfAveragedPointsShrink) {
  const MetricSeries series{
      "acc", MetricKind::graded, {1, 1, 1, 2}, {.1, .2, .3, .4}, {.03, .03, .03, .03}};
  const CleanMetric clean_series = clean(series);
  EXPECT_NEAR(clean_series.errors[0], .03 / std::sqrt(3.0), 1e-15);
  EXPECT_DOUBLE_EQ(clean_series.errors[1], .03);
}

TEST(MetricSeries, RecognisesPercent) {
  const CleanMetric clean_series = clean({"acc", MetricKind::graded, {1, 2}, {25, 80}, {}});
  EXPECT_TRUE(clean_series.percent);
  EXPECT_THAT(clean_series.values, ElementsAre(.25, .8));
}

TEST(MetricSeries, RefusesWhatItCannotRead) {
  EXPECT_THAT(refusal_of({"a\n", MetricKind::graded, {1, 2}, {1}, {}}),
              HasSubstr("2 positions for 1 values"));
  EXPECT_THAT(refusal_of({"a", MetricKind::graded, {1, kNan}, {1, 1}, {}}),
              HasSubstr("position 1 is not finite"));
  EXPECT_THAT(refusal_of({"a", MetricKind::graded, {1, 2}, {1, 1}, {1}}),
              HasSubstr("1 standard errors for 2"));
  EXPECT_THAT(refusal_of({"nll", MetricKind::loss, {1, 2}, {1, -1}, {}}),
              HasSubstr("outside the range of loss"));
  EXPECT_THAT(refusal_of({"ll", MetricKind::log_likelihood, {1}, {.5}, {}}),
              HasSubstr("outside the range"));
  EXPECT_THROW(metric_kind_from_word("hit"), DataError);
}

TEST(MetricSeries, KindsByName) {
  EXPECT_EQ(kind_of_metric("lambada_openai/ppl"), MetricKind::perplexity);
  EXPECT_EQ(kind_of_metric("loss:c4_val"), MetricKind::loss);
  EXPECT_EQ(kind_of_metric("exact_match"), MetricKind::graded);
  EXPECT_EQ(kind_of_metric("Brier-Score"), MetricKind::brier);
  EXPECT_EQ(kind_of_metric("token_accuracy"), MetricKind::probability);
  EXPECT_EQ(kind_of_metric("acc_norm"), MetricKind::graded);
  EXPECT_EQ(kind_of_metric("avg_logprob"), MetricKind::log_likelihood);
  EXPECT_EQ(kind_of_metric("gradient_norm"), std::nullopt);
  for (int i = 0; i < 8; ++i) {
    const auto kind = static_cast<MetricKind>(i);
    EXPECT_EQ(metric_kind_from_word(word(kind)), kind);
  }
}

TEST(MetricSeries, LoneSpikesGoRunsAndEndsStay) {
  CleanMetric metric;
  for (int i = 0; i < 20; ++i) {
    metric.positions.push_back(i);
    metric.values.push_back(.01 * (i % 3) + (i >= 12 ? 1.0 : 0.0));
  }
  metric.values[5] = 3.0;
  metric.values[19] = 4.0;
  drop_spikes(metric);
  EXPECT_EQ(metric.spikes, 1u);
  EXPECT_EQ(metric.size(), 19u);
  EXPECT_DOUBLE_EQ(metric.values.back(), 4.0);
}

TEST(Links, StayWithinTheirBounds) {
  EXPECT_EQ(links_for(MetricKind::probability, std::vector<double>{.1, .9}).size(), 2u);
  EXPECT_EQ(links_for(MetricKind::probability, std::vector<double>{.1, 1.0}).size(), 1u);
  EXPECT_EQ(links_for(MetricKind::loss, std::vector<double>{0.0, 1.0}).size(), 1u);
  EXPECT_EQ(links_for(MetricKind::other, std::vector<double>{1, 2}).size(), 1u);
}

TEST(Links, SlopeIsTheDerivative) {
  for (const LinkChoice link :
       {LinkChoice{Link::logit, 0, 1}, LinkChoice{Link::log, 0, 1}, LinkChoice{}}) {
    const double numeric = (link.apply(.3 + 1e-6) - link.apply(.3 - 1e-6)) / 2e-6;
    EXPECT_NEAR(link.log_slope(.3), std::log(numeric), 1e-8) << word(link.link);
  }
}

TEST(TokenSurprise, IsMinusLogProbability) {
  EXPECT_DOUBLE_EQ(*token_surprise(MetricKind::probability, .5), std::log(2.0));
  EXPECT_DOUBLE_EQ(*token_surprise(MetricKind::error_rate, .5), std::log(2.0));
  EXPECT_DOUBLE_EQ(*token_surprise(MetricKind::loss, 1.5), 1.5);
  EXPECT_DOUBLE_EQ(*token_surprise(MetricKind::perplexity, std::exp(1.0)), 1.0);
  EXPECT_FALSE(token_surprise(MetricKind::brier, .5));
}

}  // namespace
}  // namespace emdyn::emergence::mirage
