#include "emdyn/emergence/scaling/long_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/scaling/shared_table_for_test.hpp"

namespace emdyn::emergence::scaling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::table_of_text;

constexpr std::string_view kTable =
    "model,step,task,metric,value,stderr\n"
    "a-70m,2,t,acc,.2,.01\n"
    "a-70m,1,t,acc,.1,.01\n"
    "a-1.4b,1,t,acc,.3,.01\n"
    "a-1.4b,2,t,acc,.5,.01\n"
    "a-70m,2,t,acc,.4,.01\n"
    "a-70m,3,t,acc,nan,.01\n"
    "a-70m,1,u,acc,.9,\n";

std::string error_of(auto&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ModelNames, SizesAndFamilies) {
  EXPECT_DOUBLE_EQ(*parameters_of_name("pythia-1.4b-deduped"), 1.4e9);
  EXPECT_DOUBLE_EQ(*parameters_of_name("pythia-160m-0.5MtokBS"), 1.6e8);
  EXPECT_DOUBLE_EQ(*parameters_of_name("mixtral-8x7b"), 5.6e10);
  EXPECT_DOUBLE_EQ(*parameters_of_name("GPT-3 175B"), 1.75e11);
  EXPECT_FALSE(parameters_of_name("gpt2-medium"));
  EXPECT_FALSE(parameters_of_name("bert-base-uncased"));
  EXPECT_EQ(family_of_name("pythia-1.4b-deduped"), "pythia-deduped");
  EXPECT_EQ(family_of_name("llama-2-7b"), "llama-2");
  EXPECT_EQ(family_of_name("70m"), "70m");
  EXPECT_EQ(family_of_name("gpt2"), "gpt2");
}

TEST(LongTable, RecognisesItsColumns) {
  EXPECT_EQ(part_of_column("Params"), ColumnPart::parameters);
  EXPECT_EQ(part_of_column("tokens-seen"), ColumnPart::tokens);
  EXPECT_EQ(part_of_column("stderr"), ColumnPart::error);
  EXPECT_EQ(part_of_column("colour"), ColumnPart::setting);
}

TEST(LongTable, SeriesAlongSteps) {
  const auto all = table_of_text(kTable).series({});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].group_name(), "model=a-70m");
  EXPECT_EQ(all[0].task, "t");
  EXPECT_THAT(all[0].positions, ElementsAre(1, 2));
  ASSERT_EQ(all[0].values.size(), 2u);
  EXPECT_DOUBLE_EQ(all[0].values[1], .3);
  EXPECT_NEAR(all[0].errors[1], .01 / std::sqrt(2.0), 1e-15);
  EXPECT_EQ(all[0].merged, 1u);
  EXPECT_EQ(all[0].dropped, 1u);
  EXPECT_THAT(all[1].values, ElementsAre(.3, .5));
  EXPECT_TRUE(all[2].errors.empty());
}

TEST(LongTable, SeriesAlongParametersAtTheLastCommonPoint) {
  const LongTable table = table_of_text(kTable);
  SeriesQuery query;
  query.axis = series::Axis::parameters;
  query.at = 2;
  const auto all = table.series(query);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].group_name(), "family=a");
  EXPECT_THAT(all[0].positions, ElementsAre(7e7, 1.4e9));
  EXPECT_THAT(all[0].values, ElementsAre(::testing::DoubleEq(.3), .5));
}

TEST(LongTable, FlopsNeedTokens) {
  const LongTable table = table_of_text(kTable);
  SeriesQuery query;
  query.axis = series::Axis::flops;
  EXPECT_THAT(error_of([&] { table.series(query); }), HasSubstr("tokens per step"));
  query.tokens_per_step = 1000;
  EXPECT_DOUBLE_EQ(table.quantity(3, ColumnPart::flops, 1000), 6.0 * 1.4e9 * 2000);
  EXPECT_FALSE(table.series(query).empty());
}

TEST(LongTable, TheUserNamesColumns) {
  const LongTable table = table_of_text("who,when,what,result\nx,1,loss,3\nx,2,loss,2\n",
                                        {{ColumnPart::model, "who"},
                                         {ColumnPart::step, "when"},
                                         {ColumnPart::metric, "what"},
                                         {ColumnPart::value, "result"}});
  const auto all = table.series({});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].metric, "loss");
  EXPECT_THAT(all[0].values, ElementsAre(3, 2));
}

TEST(LongTable, RefusesWhatItCannotRead) {
  EXPECT_THAT(error_of([] { LongTable({"a", "b"}); }), HasSubstr("no column holds the value"));
  EXPECT_THAT(error_of([] {
                LongTable({"value"}, {{ColumnPart::step, "s"}});
              }),
              HasSubstr("no column \"s\" for step"));
  LongTable table({"step", "value"});
  EXPECT_THAT(error_of([&] { table.add_row(std::vector<std::string_view>{"1"}); }),
              HasSubstr("1 cells for 2 columns"));
  table.add_row(std::vector<std::string_view>{"x", "1"});
  EXPECT_THAT(error_of([&] { table.series({}); }), HasSubstr("nothing tells step"));
  SeriesQuery query;
  query.group_by = {"zeta"};
  EXPECT_THAT(error_of([&] { table.series(query); }), HasSubstr("no column \"zeta\" to group by"));
  query.axis = series::Axis::epsilon;
  EXPECT_THAT(error_of([&] { table.series(query); }), HasSubstr("no axis epsilon"));
}

TEST(LongTable, FromRuns) {
  series::Run run;
  run.info.name = "a-70m";
  run.info.configuration = Json{{"params", 7e7}, {"optimiser", "adam"}};
  series::Signal signal{.name = "lambada/acc"};
  signal.append(1, .1);
  signal.append(2, .2);
  run.signals.push_back(signal);
  const LongTable table = LongTable::from_runs(std::vector{run});
  EXPECT_DOUBLE_EQ(table.quantity(0, ColumnPart::parameters), 7e7);
  const auto all = table.series({});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].task, "lambada");
  EXPECT_THAT(all[0].values, ElementsAre(.1, .2));
}

TEST(LongTable, ReadsASharedTable) {
  if (testing::shared_runs().empty())
    GTEST_SKIP() << "no ../shared/data/runs: the shared recordings are absent";
  const LongTable table = testing::shared_table("pythia_v1_zero_shot.csv.gz");
  EXPECT_EQ(table.rows(), 95290u);
  SeriesQuery query;
  query.axis = series::Axis::parameters;
  query.at = 143000;
  const auto all = table.series(query);
  const auto lambada = std::ranges::find_if(all, [](const TableSeries& s) {
    return s.task == "lambada_openai" && s.metric == "acc" &&
           s.group_name() == "family=pythia-deduped";
  });
  ASSERT_NE(lambada, all.end());
  EXPECT_GE(lambada->positions.size(), 7u);
  EXPECT_DOUBLE_EQ(lambada->positions.back(), 1.2e10);
}

}  // namespace
}  // namespace emdyn::emergence::scaling
