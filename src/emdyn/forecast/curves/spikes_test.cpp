#include "emdyn/forecast/curves/spikes.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/forecast/curves/test_curves.hpp"

namespace emdyn::forecast {
namespace {

TEST(Spikes, AreCountedOnceAndInTheBadDirection) {
  History history = curve_of(600, 1, 1, 0.1, [](double) { return 3.0; });
  history.values[200] = 9.0;
  history.values[203] = 8.0;  // The same spike.
  history.values[400] = NAN;
  history.values[500] = 0.0;
  const SpikeCount up = count_spikes(history, true);
  ASSERT_EQ(up.positions.size(), 2U);
  EXPECT_DOUBLE_EQ(up.positions[0], 201.0);
  EXPECT_DOUBLE_EQ(up.positions[1], 401.0);
  EXPECT_DOUBLE_EQ(up.cadence, 1.0);
  EXPECT_EQ(count_spikes(history, false).positions.size(), 2U);  // The fall and the NaN.
}

TEST(Spikes, SeeOnlyThePast) {
  History history = curve_of(600, 1, 1, 0.1, [](double) { return 3.0; });
  for (std::size_t i : {150U, 320U, 480U}) history.values[i] = 12.0;
  const SpikeCount whole = count_spikes(history, true);
  for (const std::size_t cut : {160U, 330U, 500U}) {
    History part = history;
    part.positions.resize(cut);
    part.values.resize(cut);
    const SpikeCount seen = count_spikes(part, true);
    ASSERT_LE(seen.at_record.size(), whole.at_record.size());
    for (std::size_t i = 0; i < seen.at_record.size(); ++i)
      EXPECT_EQ(seen.at_record[i], whole.at_record[i]);
  }
}

// Gamma(2, 1000) and nothing seen: 1 − (1000/1100)² within 100 records.
TEST(SpikeHazard, IsTheGammaPoissonPrediction) {
  const SpikeHazard hazard = spike_hazard({}, {2.0, 1000.0}, 100.0, 0.9);
  EXPECT_NEAR(hazard.base_rate, 1.0 - std::pow(1000.0 / 1100.0, 2.0), 1e-12);
  EXPECT_LT(hazard.low, hazard.base_rate);
  EXPECT_GT(hazard.high, hazard.base_rate);
  EXPECT_EQ(hazard.last_spike, 0.0);
}

TEST(SpikeHazard, GrowsWithSpikesAndWithTheHorizon) {
  SpikeCount few;
  few.records = 2000;
  few.looked_at = 1900;
  few.at_record = {1950};
  few.positions = {1950};
  SpikeCount many = few;
  for (std::size_t i = 0; i < 10; ++i) {
    many.at_record.push_back(1951 + i);
    many.positions.push_back(1951.0 + static_cast<double>(i));
  }
  const SpikePrior prior{0.5, 5000.0};
  EXPECT_GT(spike_hazard(many, prior, 100, 0.9).base_rate,
            spike_hazard(few, prior, 100, 0.9).base_rate);
  EXPECT_GT(spike_hazard(few, prior, 500, 0.9).base_rate,
            spike_hazard(few, prior, 100, 0.9).base_rate);
  EXPECT_EQ(spike_hazard(few, prior, 100, 0.9).last_spike, 1.0);
  EXPECT_GT(spike_hazard(few, prior, 100, 0.9).recent_rate,
            spike_hazard({}, prior, 100, 0.9).recent_rate);
}

TEST(NormElevation, IsInDeviationsOfItsOwnPast) {
  Philox random(5, 1);
  History norm;
  for (std::size_t i = 0; i < 200; ++i) {
    norm.positions.push_back(static_cast<double>(i));
    norm.values.push_back(std::exp(0.1 * random.normal() + (i >= 190 ? 1.0 : 0.0)));
  }
  EXPECT_NEAR(*norm_elevation(norm), 10.0, 3.0);
  norm.values.resize(30);
  norm.positions.resize(30);
  EXPECT_FALSE(norm_elevation(norm));
}

}  // namespace
}  // namespace emdyn::forecast
