// The parts of an analysis: what is asked for is there, what is not is null.
#include "emdyn/pipeline/analyze_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/pipeline/acting_together.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/common_rows.hpp"
#include "emdyn/pipeline/early_warnings.hpp"
#include "emdyn/pipeline/scale_rows.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::scaling::LongTable;
using testing::HasSubstr;

/// Six signals that share a factor from step 400 on, and a jump of the first at 800.
series::Run coupled_run() {
  Philox random(5);
  series::Run run;
  for (int j = 0; j < 6; ++j) run.signals.push_back({.name = "unit_" + std::to_string(j)});
  for (int t = 0; t < 1200; ++t) {
    const double shared = random.normal();
    for (std::size_t j = 0; j < 6; ++j) {
      const double jump = j == 0 && t >= 800 ? 8.0 : 0.0;
      run.signals[j].append(t, (t >= 400 ? 1.5 * shared : 0.0) + random.normal() + jump);
    }
  }
  return run;
}

AnalyzeOptions only(const std::vector<std::string>& words) {
  AnalyzeOptions options;
  options.parts = parts_of(words);
  return options;
}

TEST(AnalyzeParts, WordsChooseAndOthersAreRefused) {
  EXPECT_TRUE(parts_of({}).scale);
  EXPECT_FALSE(parts_of({"warning"}).transitions);
  EXPECT_TRUE(parts_of({"mirage"}).transitions);
  EXPECT_THROW(parts_of({"warnings"}), ConfigError);
  try {
    parts_of({"chaos"});
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("transitions, mirage, warning, interactions, scale"));
  }
}

TEST(AnalyzeParts, WhatWasNotAskedForIsNull) {
  const series::Run run = coupled_run();
  const Json json = analysis_json(analyze(run, only({"interactions"})));
  EXPECT_TRUE(json["transitions"].is_null());
  EXPECT_TRUE(json["early_warning"].is_null());
  EXPECT_FALSE(json["interactions"].is_null());
  const Json warned = analysis_json(analyze(run, only({"warning"})));
  EXPECT_TRUE(warned["interactions"].is_null());
  // Six signals, and the six together.
  ASSERT_EQ(warned["early_warning"].size(), 7U);
  EXPECT_EQ(warned["early_warning"].back()["signal"], kJointSignal);
}

TEST(ActingTogether, IsDatedAndSetBesideTheMainTransition) {
  const series::Run run = coupled_run();
  const Analysis analysis = analyze(run, only({"transitions", "interactions"}));
  ASSERT_TRUE(analysis.together);
  ASSERT_TRUE(analysis.together->timeline.together_since);
  EXPECT_GE(*analysis.together->timeline.together_since, 400.0);
  EXPECT_LE(*analysis.together->timeline.together_since, 620.0);
  ASSERT_EQ(analysis.main, "unit_0");
  EXPECT_THAT(together_words(analysis), HasSubstr("before the onset of rise of unit_0"));
  ASSERT_FALSE(analysis.together->strongest.empty());
  EXPECT_EQ(analysis.together->strongest.front().measure, "mutual_information");
  const auto windows = shown_windows(*analysis.together, 4);
  ASSERT_EQ(windows.size(), 4U);
  EXPECT_EQ(windows.back(), analysis.together->timeline.windows.size() - 1);
}

TEST(CommonRows, KeepsTheRowsBeforeAPositionAndAtMostSoManySignals) {
  const series::Run run = coupled_run();
  const CommonRows rows = common_rows(run, {.most_signals = 3, .most_rows = 100, .before = 600.0});
  EXPECT_EQ(rows.signals.size(), 3U);
  EXPECT_EQ(rows.positions.size(), 100U);
  EXPECT_LT(rows.positions.back(), 600.0);
  EXPECT_TRUE(rows.values.allFinite());
  EXPECT_TRUE(common_rows(run, {.fewest_rows = 5000}).signals.empty());
}

/// Models of two families whose error falls as N^-.3, at `sizes` sizes.
LongTable model_table(int sizes) {
  LongTable table({"model", "family", "params", "tokens", "metric", "value"});
  for (const std::string family : {"alpha", "beta"}) {
    for (int i = 0; i < sizes; ++i) {
      const double parameters = 1e7 * std::pow(3.0, i);
      const double share = 0.9 - (family == "alpha" ? 40.0 : 44.0) * std::pow(parameters, -0.25);
      const std::string model = family + "-" + std::to_string(i);
      const std::string size = std::to_string(static_cast<long long>(parameters));
      const std::string value = std::to_string(share);
      table.add_row(std::vector<std::string_view>{model, family, size, "1000000000", "acc", value});
    }
  }
  return table;
}

TEST(ScaleRows, ExpectsALargerModelWithAnIntervalAndBaselinesBeside) {
  emergence::scaling::SeriesQuery query;
  query.axis = series::Axis::parameters;
  const ScaleRows rows = scale_rows(model_table(7), query, {});
  EXPECT_EQ(rows.models, 14U);
  ASSERT_FALSE(rows.rows.empty());
  const ScaleRow& row = rows.rows.front();
  EXPECT_NEAR(row.at, 4.0 * row.largest, 1.0);
  EXPECT_GT(row.expected.estimate, row.value);
  EXPECT_LE(row.expected.low, row.expected.estimate);
  EXPECT_GE(row.expected.high, row.expected.estimate);
  EXPECT_EQ(row.baselines.size(), rows.baselines.size());
  EXPECT_FALSE(scale_words(rows).empty());
  EXPECT_EQ(scale_json(rows)["rows"].size(), rows.rows.size());
  EXPECT_EQ(rows_that_move(rows).size(), rows.rows.size());
  EXPECT_NEAR(scale_rows(model_table(7), query, {.to = 1e12}).rows.front().at, 1e12, 1.0);
}

TEST(ScaleRows, TooFewSizesAreSaid) {
  emergence::scaling::SeriesQuery query;
  query.axis = series::Axis::parameters;
  const ScaleRows rows = scale_rows(model_table(2), query, {});
  EXPECT_TRUE(rows.rows.empty());
  ASSERT_FALSE(rows.notes.empty());
  EXPECT_THAT(rows.notes.back(), HasSubstr("3 are needed"));
  EXPECT_THROW(scale_rows(model_table(5), query, {.to = std::nan("")}), ConfigError);
}

}  // namespace
}  // namespace emdyn::pipeline
