#include "emdyn/forecast/curves/link.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn::forecast {
namespace {

TEST(CurveLink, SharesHaveBothBoundsInTheirOwnUnit) {
  const std::vector<double> fractions{0.1, 0.4, 0.8};
  const CurveLink link = choose_link("val/acc", fractions);
  EXPECT_EQ(link.kind, LinkKind::logit);
  EXPECT_DOUBLE_EQ(link.high, 1.0);
  EXPECT_NEAR(link.forward(0.8), std::log(4.0), 1e-12);
  EXPECT_NEAR(link.back(std::log(4.0)), 0.8, 1e-12);
  EXPECT_LE(link.back(1e9), 1.0);
  const std::vector<double> percent{10, 40, 80};
  EXPECT_DOUBLE_EQ(choose_link("test_accuracy", percent).high, 100.0);
}

TEST(CurveLink, LossesHaveAFloorAndOtherSignalsNone) {
  const std::vector<double> losses{4.0, 3.5, 3.3};
  EXPECT_DOUBLE_EQ(choose_link("val_loss", losses).back(-1.0), 0.0);
  EXPECT_DOUBLE_EQ(choose_link("reward", losses).back(-1.0), -1.0);
  const std::vector<double> decades{4.0, 0.5, 1e-3};
  EXPECT_EQ(choose_link("train_loss", decades).kind, LinkKind::log);
}

TEST(CurveLink, ThereAndBackIsTheSameWithinTheBounds) {
  for (const CurveLink& link : {CurveLink{}, CurveLink{LinkKind::log, 0.0, HUGE_VAL},
                                CurveLink{LinkKind::logit, 0.0, 100.0}}) {
    for (const double value : {0.5, 1.0, 20.0, 99.0})
      EXPECT_NEAR(link.back(link.forward(value)), value, 1e-9 * value);
  }
}

// A share's name is no reason to bound what lies outside.
TEST(CurveLink, ValuesRefuteNames) {
  const std::vector<double> values{-3.0, 0.2, 0.4};
  EXPECT_EQ(choose_link("accuracy_gain", values).kind, LinkKind::identity);
  EXPECT_EQ(choose_link("accuracy", std::vector<double>{}).kind, LinkKind::identity);
}

}  // namespace
}  // namespace emdyn::forecast
