#include "emdyn/emergence/information/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/measures.hpp"
#include "emdyn/emergence/information/resample.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

EstimateOptions with(Estimator estimator) {
  EstimateOptions options;
  options.estimator = estimator;
  options.surrogates = 39;
  options.blocks = 10;
  return options;
}

TEST(Estimate, EveryEstimatorOnGaussians) {
  const Signals rows = gaussian_rows(equicorrelated(3, 0.6), 2000, 1);
  const double truth = 0.223144;
  const double partial = 0.6 / 1.6;
  const double given = -0.5 * std::log(1.0 - partial * partial);
  for (std::size_t e = 0; e < kEstimatorWords.size(); ++e) {
    EstimateOptions options = with(static_cast<Estimator>(e));
    options.bins = 8;
    options.surrogates = 19;
    options.blocks = 4;
    const bool classes = options.estimator == Estimator::discrete;
    const Measured pair = mutual_information(rows.col(0), rows.col(1), options);
    // Eight classes lose a little of what the values share.
    EXPECT_NEAR(pair.value, truth, classes ? 0.06 : 0.05) << kEstimatorWords[e];
    EXPECT_EQ(*pair.p_value, 0.05);
    EXPECT_EQ(pair.null, NullKind::circular_shift);
    EXPECT_LT(pair.interval.low, pair.value);
    if (classes) continue;  // 512 cells and 2,000 rows.
    const Measured third =
        conditional_mutual_information(rows.col(0), rows.col(1), rows.col(2), options);
    EXPECT_NEAR(third.value, given, 0.05) << kEstimatorWords[e];
  }
}

TEST(Estimate, IntervalsHoldTheTruth) {
  int held = 0;
  constexpr int kRounds = 100;
  EstimateOptions options = with(Estimator::gaussian);
  options.null = NullKind::none;
  options.blocks = 20;
  for (int round = 0; round < kRounds; ++round) {
    const Signals rows =
        gaussian_rows(equicorrelated(2, 0.6), 400, 300 + static_cast<std::uint64_t>(round));
    const Measured found = mutual_information(rows.col(0), rows.col(1), options);
    EXPECT_FALSE(found.p_value);
    held += found.interval.low <= 0.223144 && 0.223144 <= found.interval.high;
  }
  EXPECT_GE(held, 80);  // 90 of 100 nominal, three standard errors and rounding
}

TEST(Estimate, ShiftsKeepMemoryWhereShufflesDoNot) {
  // Two signals with long memory and nothing in common.
  int shifted = 0;
  int shuffled = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const Signals path =
        path_of(driven_pair(0.95, 0.95, 0.0), 300, 40 + static_cast<std::uint64_t>(round));
    EstimateOptions options = with(Estimator::gaussian);
    options.blocks = 0;
    options.null = NullKind::circular_shift;
    shifted += *mutual_information(path.col(0), path.col(1), options).p_value <= 0.1;
    options.null = NullKind::shuffle;
    shuffled += *mutual_information(path.col(0), path.col(1), options).p_value <= 0.1;
  }
  EXPECT_LE(shifted, 13);   // a tenth of 60 and three standard errors
  EXPECT_GE(shuffled, 25);  // why shifts are the default
}

TEST(Estimate, SameWhateverTheThreads) {
  const Signals rows = gaussian_rows(equicorrelated(2, 0.3), 300, 5);
  for (std::size_t e = 0; e < kEstimatorWords.size(); ++e) {
    EstimateOptions options = with(static_cast<Estimator>(e));
    options.bins = 4;
    const Measured many = mutual_information(rows.col(0), rows.col(1), options);
    const ThreadLimit one(1);
    const Measured alone = mutual_information(rows.col(0), rows.col(1), options);
    EXPECT_EQ(alone.value, many.value);
    EXPECT_EQ(alone.p_value, many.p_value);
    EXPECT_EQ(alone.interval, many.interval);
  }
}

TEST(Estimate, Record) {
  const Signals rows = gaussian_rows(equicorrelated(2, 0.6), 200, 6);
  const EstimateOptions options = with(Estimator::gaussian_copula);
  const Measured found = mutual_information(rows.col(0), rows.col(1), options);
  const series::Interaction made = record({"loss", "norm"}, "mutual_information", found, options);
  EXPECT_EQ(made.unit, "nats");
  EXPECT_EQ(made.null.kind, "circular_shift");
  EXPECT_EQ(made.estimator, "gaussian_copula");
  series::Interaction read;
  from_json(Json(made), read);
  EXPECT_EQ(read, made);
}

TEST(Resample, JackknifeByHand) {
  // Means with one of four left out: variance 3/4·Σ(θ − mean)², the ordinary one of the mean.
  const std::vector<double> values{1.0, 2.0, 3.0, 6.0};
  const std::vector<double> left_out = leave_blocks_out(4, 4, [&](std::size_t begin, std::size_t) {
    double sum = 12.0 - values[begin];
    return sum / 3.0;
  });
  const series::Interval interval = jackknife_interval(3.0, left_out, 0.9);
  const double error = std::sqrt(14.0 / 3.0 / 4.0);
  EXPECT_NEAR(interval.high, 3.0 + 2.353363 * error, 1e-5);  // t of 3 degrees of freedom
  EXPECT_NEAR(interval.low, 6.0 - interval.high, 1e-12);
  EXPECT_TRUE(std::isinf(jackknife_interval(3.0, {}, 0.9).low));
  EXPECT_EQ(upper_p_value(2.0, std::vector<double>{1.0, 2.0, 3.0}), 0.75);
  Philox random(1);
  for (int i = 0; i < 200; ++i) {
    const std::size_t turn = random_turn(100, random);
    EXPECT_GE(turn, 5U);
    EXPECT_LE(turn, 95U);
  }
  EXPECT_EQ(random_turn(2, random), 1U);
}

TEST(Measures, TableIsComplete) {
  std::string_view before;
  for (const MeasureEntry& measure : measures()) {
    EXPECT_LT(before, measure.name);
    before = measure.name;
    EXPECT_FALSE(measure.summary.empty());
    EXPECT_FALSE(measure.source.empty());
    EXPECT_FALSE(measure.cost.empty());
    EXPECT_TRUE(measure.fields().is_array());
    EXPECT_EQ(&find_measure(measure.name), &measure);
  }
  EXPECT_TRUE(find_measure("transfer_entropy").directed);
  try {
    find_measure("transfer_entrop");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean transfer_entropy"), std::string::npos);
  }
}

TEST(Estimate, Rejected) {
  const Signals rows = noise(100, 3, 1);
  const Signals flat = Signals::Ones(100, 1);
  Signals hole = rows;
  hole(7, 1) = std::nan("");
  EXPECT_THROW(mutual_information(rows.col(0), flat), DataError);
  EXPECT_THROW(mutual_information(rows.col(0), hole.col(1)), DataError);
  EXPECT_THROW(mutual_information(rows.col(0), noise(99, 1, 1)), DataError);
  EXPECT_THROW(mutual_information(rows.topRows(9).col(0), rows.topRows(9).col(1)), DataError);
  EXPECT_THROW(mutual_information(rows.col(0), Signals(100, 0)), DataError);
  EXPECT_THROW(mutual_information(rows.col(0), rows.col(0)), DataError);
  EXPECT_THROW(conditional_mutual_information(rows.col(0), rows.col(1), flat), DataError);
  EstimateOptions options;
  options.neighbours = 0;
  EXPECT_THROW(mutual_information(rows.col(0), rows.col(1), options), ConfigError);
  options = with(Estimator::ksg1);
  options.null = NullKind::analytic;
  EXPECT_THROW(mutual_information(rows.col(0), rows.col(1), options), ConfigError);
  options = with(Estimator::discrete);
  options.bins = 101;
  EXPECT_THROW(mutual_information(rows.col(0), rows.col(1), options), ConfigError);
  try {
    mutual_information(rows.col(0), hole.col(1));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("row 7"), std::string::npos);
  }
}

}  // namespace
}  // namespace emdyn::emergence::information
