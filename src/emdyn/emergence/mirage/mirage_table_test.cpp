#include "emdyn/emergence/mirage/mirage_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/scaling/shared_table_for_test.hpp"

namespace emdyn::emergence::mirage {
namespace {

using ::testing::HasSubstr;

/// Two tasks, one with both metrics and one graded alone.
scaling::LongTable two_tasks() {
  scaling::LongTable table({"model", "step", "task", "metric", "value"});
  const auto add = [&](int step, std::string_view task, std::string_view metric, double value) {
    const std::string position = std::to_string(step), text = std::to_string(value);
    table.add_row(std::vector<std::string_view>{"m-70m", position, task, metric, text});
  };
  for (int i = 0; i < 24; ++i) {
    const double u = i / 23.0, p = .2 + .79 / (1 + std::exp(-(u - .3) * 4.394 / .8));
    const int step = static_cast<int>(1000 * std::pow(1000.0, u));
    add(step, "both", "exact_match", std::pow(p, 30));
    add(step, "both", "log_likelihood", std::log(p) + .003 * std::sin(17.0 * i));
    add(step, "alone", "exact_match", u > .6 ? .9 : .1);
  }
  return table;
}

TEST(MirageTable, JudgesEveryTask) {
  const auto rows = judge_table(two_tasks(), {});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].task, "both");
  EXPECT_EQ(rows[0].group, "model=m-70m");
  EXPECT_EQ(rows[0].judgement.verdict, MirageVerdict::artefact) << describe(rows[0].judgement);
  EXPECT_EQ(rows[1].judgement.reason, Reason::no_continuous_metric);
}

TEST(MirageTable, RefusesATableWithoutGradedMetrics) {
  TableMirageQuery query;
  query.graded = "f1";
  try {
    judge_table(two_tasks(), query);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no graded metric \"f1\""));
    EXPECT_THAT(error.what(), HasSubstr("exact_match, log_likelihood"));
  }
}

// Accuracy and perplexity of one language task, along steps and along scale.
TEST(MirageTable, RealCheckpoints) {
  if (scaling::testing::shared_runs().empty())
    GTEST_SKIP() << "no ../shared/data/runs: the shared recordings are absent";
  const scaling::LongTable table = scaling::testing::rows_with(
      scaling::testing::shared_table("pythia_v1_zero_shot.csv.gz"), "task",
      {"lambada_openai", "crows_pairs_english", "crows_pairs_french"});
  for (const series::Axis axis : {series::Axis::step, series::Axis::parameters}) {
    TableMirageQuery query;
    query.series.axis = axis;
    if (axis == series::Axis::parameters) query.series.at = 143000;
    const auto rows = judge_table(table, query);
    EXPECT_GE(rows.size(), 6u);
    for (const TableJudgement& row : rows) {
      std::printf("%s %s: %s (%s) ev %.2f\n", row.group.c_str(), row.task.c_str(),
                  std::string(word(row.judgement.verdict)).c_str(),
                  std::string(word(row.judgement.reason)).c_str(),
                  row.judgement.evidence.value_or(0.0));
      EXPECT_FALSE(row.judgement.continuous.empty());
    }
  }
}

}  // namespace
}  // namespace emdyn::emergence::mirage
