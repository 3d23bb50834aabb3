#include "emdyn/emergence/samples/samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Samples counted(std::size_t size) {
  Samples samples;
  samples.positions.resize(size);
  std::iota(samples.positions.begin(), samples.positions.end(), 0.0);
  samples.values = samples.positions;
  return samples;
}

std::string refusal(const std::vector<double>& positions, const std::vector<double>& values) {
  try {
    (void)clean("loss", positions, values);
  } catch (const DataError& error) {
    return error.what();
  }
  return {};
}

TEST(Samples, EqualPositionsAreAveragedAndNonFiniteValuesLeftOut) {
  const std::vector<double> positions{0, 1, 1, 1, 2, 3, 3};
  const std::vector<double> values{5, 1, kNan, 4, kInfinity, 2, 8};
  const Samples samples = clean("loss", positions, values);
  EXPECT_THAT(samples.positions, ElementsAre(0, 1, 3));
  EXPECT_THAT(samples.values, ElementsAre(5, 2.5, 5));
  EXPECT_EQ(samples.dropped, 2U);
  EXPECT_EQ(clean("loss", {}, {}).size(), 0U);
}

TEST(Samples, RefusalsNameTheSeriesAndThePlace) {
  EXPECT_EQ(refusal({0, 1}, {1}), "loss: 2 positions but 1 values; give one for each");
  EXPECT_EQ(refusal({0, kNan}, {1, 2}), "loss: position 1 of 2 is not finite");
  EXPECT_THAT(refusal({0, 3, 2}, {1, 2, 3}), HasSubstr("position goes back from 3 to 2"));
  // Positions count even where the value is left out.
  EXPECT_THAT(refusal({0, 3, 2}, {1, 2, kNan}), HasSubstr("goes back"));
}

TEST(Samples, BinsAreMeansOfRunsOfEqualLength) {
  const Samples ten = counted(10);
  EXPECT_THAT(binned(ten, 0, 10, 5).positions, ElementsAre(0.5, 2.5, 4.5, 6.5, 8.5));
  EXPECT_THAT(binned(ten, 2, 6, 2).values, ElementsAre(2.5, 4.5));
  // Runs of three: the single one left over is dropped; of four, the two left over stand.
  EXPECT_THAT(binned(ten, 0, 10, 4).values, ElementsAre(1, 4, 7));
  EXPECT_THAT(binned(ten, 0, 10, 3).values, ElementsAre(1.5, 5.5, 8.5));
  EXPECT_THAT(binned(ten, 0, 10, 100).values, testing::ElementsAreArray(ten.values));
  for (std::size_t most = 1; most <= 12; ++most) {
    EXPECT_LE(binned(ten, 0, 10, most).size(), most) << most;
  }
}

}  // namespace
}  // namespace emdyn::emergence
