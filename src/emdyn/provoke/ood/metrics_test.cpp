#include "emdyn/provoke/ood/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::provoke::ood {
namespace {

using Scores = std::vector<double>;

double brute_auroc(const Scores& in, const Scores& out) {
  double sum = 0.0;
  for (const double a : in) {
    for (const double b : out) sum += a > b ? 1.0 : a == b ? 0.5 : 0.0;
  }
  return sum / static_cast<double>(in.size() * out.size());
}

/// Average precision from its definition: every distinct threshold, counted anew.
double brute_precision(const Scores& positives, const Scores& negatives) {
  Scores thresholds = positives;
  thresholds.insert(thresholds.end(), negatives.begin(), negatives.end());
  std::sort(thresholds.rbegin(), thresholds.rend());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  const auto passing = [](const Scores& scores, double threshold) {
    return static_cast<double>(
        std::count_if(scores.begin(), scores.end(), [&](double s) { return s >= threshold; }));
  };
  double area = 0.0;
  double recall_before = 0.0;
  for (const double threshold : thresholds) {
    const double hits = passing(positives, threshold);
    const double recall = hits / static_cast<double>(positives.size());
    area += (recall - recall_before) * hits / (hits + passing(negatives, threshold));
    recall_before = recall;
  }
  return area;
}

double brute_fpr(const Scores& in, const Scores& out, double tpr) {
  double best = -HUGE_VAL;
  for (const double t : in) {
    const auto passed = std::count_if(in.begin(), in.end(), [&](double s) { return s >= t; });
    if (static_cast<double>(passed) >= tpr * static_cast<double>(in.size()) - 1e-9) {
      best = std::max(best, t);
    }
  }
  return static_cast<double>(
             std::count_if(out.begin(), out.end(), [&](double s) { return s >= best; })) /
         static_cast<double>(out.size());
}

TEST(OodMetrics, ByHand) {
  const Scores in{3.0, 2.0, 2.0, 1.0};
  const Scores out{2.0, 0.0};
  // Pairs: 3 beats both; each 2 ties once and wins once; 1 loses once and wins once.
  EXPECT_DOUBLE_EQ(auroc(in, out), (2.0 + 1.5 + 1.5 + 1.0) / 8.0);
  // Thresholds 3, 2, 1, 0: precision 1, 3/4, 4/5, 4/6 at recall 1/4, 3/4, 1, 1.
  EXPECT_DOUBLE_EQ(aupr_in(in, out), 0.25 + 0.5 * 0.75 + 0.25 * 0.8);
  // From below: 0 → 1/1 at recall 1/2; 1 → 1/2; 2 → 2/5 at recall 1.
  EXPECT_DOUBLE_EQ(aupr_out(in, out), 0.5 + 0.5 * 0.4);
  EXPECT_DOUBLE_EQ(fpr_at_tpr(in, out, 0.75), 0.5);  // Threshold 2.
  EXPECT_DOUBLE_EQ(fpr_at_tpr(in, out, 0.25), 0.0);  // Threshold 3.
}

TEST(OodMetrics, PerfectReversedAndConstant) {
  const Scores high{2.0, 3.0};
  const Scores low{0.0, 1.0};
  EXPECT_EQ(auroc(high, low), 1.0);
  EXPECT_EQ(auroc(low, high), 0.0);
  EXPECT_EQ(fpr_at_tpr(high, low), 0.0);
  EXPECT_EQ(fpr_at_tpr(low, high), 1.0);
  const Scores same(7, 1.0);
  EXPECT_EQ(auroc(same, same), 0.5);
  EXPECT_EQ(aupr_in(same, same), 0.5);
  EXPECT_EQ(fpr_at_tpr(same, same), 1.0);
}

TEST(OodMetrics, AgreeWithBruteForceWithAndWithoutTies) {
  Philox random(3);
  for (int trial = 0; trial < 60; ++trial) {
    Scores in(1 + random.below(40));
    Scores out(1 + random.below(40));
    const bool ties = trial % 2 == 0;
    for (double& s : in) s = ties ? random.below(6) + 1.0 : random.normal() + 0.5;
    for (double& s : out) s = ties ? random.below(6) : random.normal();
    EXPECT_NEAR(auroc(in, out), brute_auroc(in, out), 1e-12);
    EXPECT_NEAR(aupr_in(in, out), brute_precision(in, out), 1e-12);
    Scores in_negated = in;
    Scores out_negated = out;
    for (double& s : in_negated) s = -s;
    for (double& s : out_negated) s = -s;
    EXPECT_NEAR(aupr_out(in, out), brute_precision(out_negated, in_negated), 1e-12);
    for (const double tpr : {0.5, 0.95, 1.0}) {
      EXPECT_DOUBLE_EQ(fpr_at_tpr(in, out, tpr), brute_fpr(in, out, tpr));
    }
    std::reverse(in.begin(), in.end());  // Ties are never broken by order.
    EXPECT_NEAR(auroc(in, out), brute_auroc(in, out), 1e-12);
  }
}

TEST(OodMetrics, TwentyOfTwentyOneIsEnoughForNinetyFive) {
  Scores in(100);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<double>(i);
  // 95 of 100 have at least 5.
  EXPECT_EQ(fpr_at_tpr(in, Scores{4.5, 5.0}), 0.5);
}

TEST(OodMetrics, RefusesEmptySidesAndNaN) {
  const Scores one{1.0};
  EXPECT_THROW((void)auroc(one, {}), DataError);
  EXPECT_THROW((void)aupr_in({}, one), DataError);
  EXPECT_THROW((void)aupr_out(one, Scores{NAN}), DataError);
  EXPECT_THROW((void)fpr_at_tpr(one, one, 0.0), ConfigError);
}

// Published approximation (Hanley & McNeil 1982): A = .80 from 50 and 50 has a standard error of
// about .045.
TEST(OodMetrics, StandardErrorOfHanleyAndMcNeil) {
  EXPECT_NEAR(auroc_standard_error(0.8, 50, 50), 0.0447, 5e-4);
}

}  // namespace
}  // namespace emdyn::provoke::ood
