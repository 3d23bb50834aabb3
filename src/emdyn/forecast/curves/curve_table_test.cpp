#include "emdyn/forecast/curves/curve_table.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/curves/test_curves.hpp"

namespace emdyn::forecast {
namespace {

TEST(CurveTable, SurvivesJson) {
  const CurveTable table = normal_table(0.5);
  const CurveTable read = curve_table_from_json(curve_table_json(table));
  ASSERT_EQ(read.families.size(), 3U);
  EXPECT_EQ(read.events.size(), 4U);
  for (const double z : {-2.0, 0.0, 1.0})
    EXPECT_NEAR(residual_at(read.families[1], 2.2, z), 0.5 * z, 2e-3);
  EXPECT_DOUBLE_EQ(read.spikes.records, 5000.0);
}

TEST(CurveTable, WhatIsMissingIsNamed) {
  Json json = curve_table_json(normal_table());
  json.erase("skill");
  try {
    curve_table_from_json(json);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "table of curves: \"skill\" is missing");
  }
  json = curve_table_json(normal_table());
  json["families"][0]["quantiles"].erase(0);
  EXPECT_THROW(curve_table_from_json(json), DataError);
}

TEST(CurveTable, AMixtureOfFamiliesIsAsWideAsItsParts) {
  std::vector<ResidualFamily> families = normal_table().families;
  EXPECT_NEAR(residual_at(pool(families), 2.0, 1.0), 1.0, 0.05);
  for (double& each : families[0].quantiles[3]) each *= 10.0;
  EXPECT_GT(residual_at(pool(families), 2.0, 1.6448536), 3.0);
}

TEST(CurveTable, LeavesAFamilyOut) {
  const CurveTable rest = normal_table().without("b");
  EXPECT_EQ(rest.families.size(), 2U);
  EXPECT_EQ(rest.persistence.size(), 2U);
}

// The k-th of n residuals stands for k/(n + 1).
TEST(ResidualQuantiles, HaveTheLevelsOfSplitConformal) {
  std::vector<double> residuals(199);
  std::iota(residuals.begin(), residuals.end(), 1.0);
  const ResidualQuantiles quantiles = residual_quantiles(residuals);
  for (std::size_t i = 0; i < quantiles.size(); ++i)
    EXPECT_NEAR(quantiles[i], 200.0 * kResidualLevels[i], 1e-9);
}

TEST(BuiltinCurveTable, HoldsManyFamiliesAndWeightsThatMakeSense) {
  const CurveTable& table = builtin_curve_table();
  EXPECT_GE(table.families.size(), 8U);
  EXPECT_EQ(table.families.size(), table.persistence.size());
  for (const double skill : table.skill[0]) EXPECT_DOUBLE_EQ(skill, 1.0);
  for (const ResidualFamily& family : table.families) {
    for (const ResidualQuantiles& quantiles : family.quantiles)
      EXPECT_TRUE(std::is_sorted(quantiles.begin(), quantiles.end())) << family.name;
  }
}

}  // namespace
}  // namespace emdyn::forecast
