#include "emdyn/emergence/incidents/common_incidents.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::emergence::incidents {
namespace {

/// Losses with heavy tails; `shared` steps get a spike in some of the runs.
std::vector<RunSeries> losses(std::size_t count, const std::vector<int>& shared, double share,
                              std::uint64_t seed, double early_rate = 0.0) {
  std::vector<RunSeries> runs;
  for (std::size_t r = 0; r < count; ++r) {
    Philox random(seed, r);
    RunSeries run{fmt::format("run {}", r)};
    for (int step = 0; step < 1000 + 20 * static_cast<int>(r % 5); ++step) {
      double value = 3.0 + 4.0 * std::exp(-step / 100.0) + 0.03 * random.normal();
      if (random.uniform() < 0.004) value += 0.4;
      if (step < 200 && random.uniform() < early_rate) value += 0.4;
      for (const int at : shared) {
        if (step == at && random.uniform() < share) value += 0.4;
      }
      run.positions.push_back(step);
      run.values.push_back(value);
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

TEST(CommonIncidents, StepsThatRunsShareAreFound) {
  const auto found = find_common_incidents(losses(40, {523, 918}, 0.6, 1));
  ASSERT_EQ(found.incidents.size(), 2U);
  for (const CommonIncident& incident : found.incidents) {
    EXPECT_TRUE(incident.position == 523 || incident.position == 918) << incident.position;
    EXPECT_GE(incident.runs, 15U);
    EXPECT_EQ(incident.covered, 40U);
    EXPECT_LE(incident.p_value, 0.001);
    EXPECT_GT(incident.deviation, 4.0);
    EXPECT_EQ(incident.names.size(), incident.runs);
  }
}

TEST(CommonIncidents, IndependentSpikesShareNothing) {
  int with_one = 0;
  // Many spikes early in every run: a common rate is no common incident.
  for (std::uint64_t seed = 2; seed < 22; ++seed)
    with_one += !find_common_incidents(losses(30, {}, 0.0, seed, 0.03)).incidents.empty();
  EXPECT_LE(with_one, 4);
}

TEST(CommonIncidents, SpikesOfOneSeries) {
  std::vector<double> positions, values;
  Philox random(3);
  for (int i = 0; i < 400; ++i) {
    positions.push_back(10.0 * i);
    values.push_back(random.normal());
  }
  values[200] = 12.0;
  values[201] = 11.0;
  values[300] = -15.0;
  CommonIncidentOptions options;
  options.threshold = 6.0;
  const auto spikes = find_spikes(positions, values, options);
  ASSERT_EQ(spikes.size(), 2U);
  EXPECT_EQ(spikes[0].position, 2000.0);
  EXPECT_EQ(spikes[1].position, 3000.0);
  EXPECT_LT(spikes[1].deviation, -6.0);
  EXPECT_TRUE(find_spikes({}, {}).empty());
}

TEST(CommonIncidents, FewRunsGapsAndBadOptions) {
  EXPECT_TRUE(find_common_incidents({}).incidents.empty());
  auto runs = losses(2, {500}, 1.0, 4);
  runs[0].values[10] = std::nan("");
  EXPECT_TRUE(find_common_incidents(runs).incidents.empty());
  CommonIncidentOptions options;
  options.threshold = 0.0;
  EXPECT_THROW(find_common_incidents(runs, options), ConfigError);
}

TEST(CommonIncidents, SameWhateverTheThreads) {
  const auto runs = losses(20, {400}, 0.7, 5);
  const std::string many = json_text(Json(find_common_incidents(runs)));
  const ThreadLimit one(1);
  EXPECT_EQ(json_text(Json(find_common_incidents(runs))), many);
}

}  // namespace
}  // namespace emdyn::emergence::incidents
