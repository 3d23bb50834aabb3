#include "emdyn/probe/contract/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn::probe {
namespace {

// The jackknife of a mean is the textbook error of a mean.
TEST(Estimate, JackknifeOfTheMean) {
  const std::vector<double> values = {1, 2, 4, 9};
  std::vector<double> left_out;
  for (const double value : values) left_out.push_back((16.0 - value) / 3.0);
  EXPECT_NEAR(*jackknife_error(left_out), std::sqrt(38.0 / 3.0 / 4.0), 1e-12);
}

TEST(Estimate, JackknifeOfTooLittleIsNothing) {
  EXPECT_FALSE(jackknife_error(std::vector<double>{}).has_value());
  EXPECT_FALSE(jackknife_error(std::vector<double>{1.0}).has_value());
  EXPECT_FALSE(jackknife_error(std::vector<double>{1.0, NAN}).has_value());
}

TEST(Estimate, WritesNullForWhatIsNotKnown) {
  EXPECT_EQ(Json(Estimate{1.5, 0.25}), (Json{{"value", 1.5}, {"standard_error", 0.25}}));
  EXPECT_EQ(Json(Estimate{}), (Json{{"value", nullptr}, {"standard_error", nullptr}}));
}

}  // namespace
}  // namespace emdyn::probe
