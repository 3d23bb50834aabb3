#include "training_bank.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "emdyn/core/error.hpp"
#include "spike_rules.hpp"
#include "watch_bench.hpp"

namespace emdyn::bench {
namespace {

bool equal(const std::vector<BankSignal>& a, const std::vector<BankSignal>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].positions != b[i].positions) return false;
    for (std::size_t j = 0; j < a[i].values.size(); ++j) {
      const bool same = a[i].values[j] == b[i].values[j] ||
                        (std::isnan(a[i].values[j]) && std::isnan(b[i].values[j]));
      if (!same) return false;
    }
  }
  return true;
}

TEST(TrainingBank, HealthyRunsAreFiniteAndRepeat) {
  for (const HealthyKind& kind : healthy_kinds()) {
    const auto first = kind.make(1);
    EXPECT_TRUE(equal(first, kind.make(1))) << kind.name;
    EXPECT_FALSE(equal(first, kind.make(2))) << kind.name;
    for (const BankSignal& signal : first) {
      ASSERT_EQ(signal.positions.size(), signal.values.size());
      EXPECT_GE(signal.values.size(), 20U) << kind.name << " " << signal.name;
      EXPECT_TRUE(std::ranges::is_sorted(signal.positions));
      EXPECT_TRUE(std::ranges::all_of(signal.values, [](double x) { return std::isfinite(x); }));
    }
  }
}

TEST(TrainingBank, IncidentsLieWithinTheirRuns) {
  for (const IncidentKind& kind : incident_kinds()) {
    for (const std::uint64_t number : {0UL, 7UL}) {
      const IncidentRun run = kind.make(number);
      EXPECT_LT(run.begin, run.end) << kind.name;
      double last = 0.0;
      for (const BankSignal& signal : run.signals) last = std::max(last, signal.positions.back());
      EXPECT_LE(run.begin, last) << kind.name;
    }
  }
}

TEST(TrainingBank, BothHalvesHaveKindsAndNamesAreUnique) {
  std::set<std::string_view> names;
  int tuned = 0;
  int left = 0;
  for (const HealthyKind& kind : healthy_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second);
    ++(kind.half == Half::tuned_on ? tuned : left);
  }
  for (const IncidentKind& kind : incident_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second);
    ++(kind.half == Half::tuned_on ? tuned : left);
  }
  EXPECT_LE(std::abs(tuned - left), 2);
}

TEST(TinyTraining, LearnsAndGoesWrongAsAsked) {
  const auto healthy = train({.steps = 800, .seed = 1});
  double early = 0.0;
  double late = 0.0;
  for (std::size_t i = 0; i < 50; ++i) {
    early += healthy[0].values[i];
    late += healthy[0].values[750 + i];
  }
  EXPECT_LT(late, 0.7 * early);
  const auto dead = train({.steps = 800, .fault = Fault::dead_layer, .fault_at = 700, .seed = 1});
  EXPECT_EQ(dead[5].name, "gradient_norm/layer1");
  EXPECT_GT(dead[5].values[699], 0.0);
  EXPECT_EQ(dead[5].values[701], 0.0);
}

TEST(SpikeRules, MarkASpikeAndRestAfterwards) {
  std::vector<double> values(300, 1.0);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] += 0.1 * std::sin(static_cast<double>(i));
  values[200] = 50.0;
  values[205] = 50.0;
  for (const SpikeRule& rule : spike_rules()) {
    const auto marked = rule.mark(values);
    EXPECT_TRUE(marked[200]) << rule.name;
    EXPECT_FALSE(marked[205]) << rule.name;
    EXPECT_EQ(std::ranges::count(marked, true), 1) << rule.name;
  }
}

TEST(BenchWatch, RefusesAnUnknownKindAndOffersTheNearest) {
  try {
    (void)bench_watch({.only = "overfitt"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string_view(error.what()).find("overfit"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace emdyn::bench
