#include "emdyn/explain/tabular/sweep_explained.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::explain {
namespace {

// Grokking by design: it comes where the decay is at least 0.5 and the optimiser is no SGD.
TrialRows sweep_rows(std::size_t count) {
  TrialRows rows{{"decay", "optimiser", "width", "name", "batch", "accuracy"},
                 {true, true, true, true, true, true},
                 {}};
  Philox random(4);
  for (std::size_t i = 0; i < count; ++i) {
    const double decay = 0.1 * random.below(11);
    const std::size_t kind = random.below(3);
    const char* words[] = {"sgd", "adam", "adamw"};
    const bool groks = decay >= 0.45 && kind > 0;
    rows.cells.push_back({fmt::format("{}", decay), words[kind],
                          fmt::format("{}", 16u << random.below(4)), fmt::format("run{}", i), "64",
                          i == 3 ? "" : fmt::format("{}", groks ? 0.99 : 0.2)});
  }
  return rows;
}

TEST(SweepTable, TellsSettingsFromOtherColumns) {
  const auto table = make_sweep_table(sweep_rows(100), {.outcome = "accuracy >= 0.9"});
  ASSERT_EQ(table.settings.size(), 3u);
  EXPECT_EQ(table.settings[1].name, "optimiser");
  EXPECT_EQ(table.settings[1].words.front(), "sgd") << "words in order of their mean outcome";
  EXPECT_TRUE(table.yes_no);
  EXPECT_EQ(table.without_outcome, 1u);
  EXPECT_EQ(table.outcome.size(), 99u);
  EXPECT_EQ(table.passed_over,
            (std::vector<std::string>{"name (99 different words)", "batch (never varies)"}));
  EXPECT_FALSE(make_sweep_table(sweep_rows(100), {.outcome = "accuracy"}).yes_no);
}

TEST(SweepTable, RefusesByName) {
  const auto message = [](const SweepTableOptions& options, std::size_t rows = 100) {
    try {
      make_sweep_table(sweep_rows(rows), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message({.outcome = "acuracy"}).find("did you mean \"accuracy\"?"), std::string::npos);
  EXPECT_NE(message({.outcome = "accuracy >= much"}).find("\"much\" is no number"),
            std::string::npos);
  EXPECT_NE(message({.outcome = "accuracy"}, 10).find("at least 20"), std::string::npos);
  EXPECT_NE(message({.outcome = "batch"}).find("64 in every row"), std::string::npos);
  EXPECT_NE(message({.outcome = "accuracy", .settings = {"batch"}}).find("no setting varies"),
            std::string::npos);
  EXPECT_NE(message({.outcome = "accuracy", .without = {"with"}}).find("--without"),
            std::string::npos);
}

TEST(SweepExplained, SaysWhatDecidesAndWhatWouldTurnIt) {
  const TrialRows rows = sweep_rows(300);
  std::size_t never = 0;  // The first trial with SGD and much decay: only the optimiser is wrong.
  while (rows.cells[never][1] != "sgd" || rows.cells[never][0] != "0.8") ++never;
  SweepExplainOptions options;
  options.forest.trees = 24;
  options.change_row = never;
  const auto explained =
      explain_sweep(make_sweep_table(rows, {.outcome = "accuracy >= 0.9"}), options);
  EXPECT_GT(explained.held_out_r2, 0.9);
  const auto& anova = explained.anova;
  EXPECT_GT(anova.single[0].share.mean + anova.single[1].share.mean, 0.6);
  EXPECT_LT(anova.single[2].share.mean, 0.02) << "width decides nothing";
  EXPECT_EQ(anova.pairs[0].first, 0u);
  EXPECT_EQ(anova.pairs[0].second, 1u);
  EXPECT_GT(anova.pairs[0].share.mean, 0.1);
  EXPECT_GT(explained.strength[0], 0.05);
  ASSERT_TRUE(explained.change);
  ASSERT_EQ(explained.change->changes.size(), 1u);
  EXPECT_EQ(explained.change->changes[0].column, 1u);
  const auto map = heat_map(explained, anova.pairs[0], 4);
  ASSERT_EQ(map.columns.size(), 3u);
  EXPECT_EQ(map.columns.front(), "sgd");
  EXPECT_LT(map.at.front().mean, 0.1);
  EXPECT_GT(map.at.back().mean, 0.9);
  const Json json = sweep_json(explained);
  EXPECT_EQ(json.at("settings").size(), 3u);
  EXPECT_EQ(json.at("change").at("changes").at(0).at("from"), "sgd");
}

TEST(SweepExplained, RefusesOneSettingAndAChangeWithoutALevel) {
  const TrialRows rows = sweep_rows(60);
  EXPECT_THROW(
      explain_sweep(make_sweep_table(rows, {.outcome = "accuracy", .settings = {"decay"}})),
      DataError);
  SweepExplainOptions options;
  options.change_row = 0;
  EXPECT_THROW(explain_sweep(make_sweep_table(rows, {.outcome = "accuracy"}), options),
               ConfigError);
  options.change_row = 3;  // It has no outcome.
  EXPECT_THROW(explain_sweep(make_sweep_table(rows, {.outcome = "accuracy"}), options), DataError);
}

}  // namespace
}  // namespace emdyn::explain
