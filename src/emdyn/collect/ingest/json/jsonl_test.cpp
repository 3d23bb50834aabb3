#include "emdyn/collect/ingest/json/jsonl.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_text;
using ::testing::SizeIs;

TEST(Jsonl, NestedObjectsAreFlattenedAndOtherKindsCounted) {
  const auto read = read_text(
      R"({"step":1,"train":{"loss":2.5,"acc":null},"ok":true,"note":"hi","list":[1,{"a":2}]})"
      "\n"
      R"({"step":2,"train":{"loss":1.5}})"
      "\n");
  EXPECT_THAT(read.signal(0, "train/loss").values, ElementsAre(2.5, 1.5));
  EXPECT_EQ(read.report.signals, 1U);
  EXPECT_EQ(read.report.missing_cells, 1U);
  EXPECT_EQ(read.report.ignored_values, 3U);
}

TEST(Jsonl, PositionAndTimeKeysOfCommonLoggers) {
  const auto wandb = read_text(R"({"_step":3,"_timestamp":1700000000.5,"loss":1})"
                               "\n");
  EXPECT_THAT(wandb.signal(0, "loss").positions, ElementsAre(3.0));
  EXPECT_THAT(wandb.signal(0, "loss").seconds, ElementsAre(1700000000.5));
  EXPECT_EQ(wandb.report.signals, 1U);
  const auto lightning = read_text(R"({"epoch":0,"trainer/global_step":7,"loss":1})"
                                   "\n");
  EXPECT_THAT(lightning.signal(0, "loss").positions, ElementsAre(7.0));
  const auto tokens = read_text(R"({"tokens_seen":1e9,"loss":1})"
                                "\n");
  EXPECT_TRUE(tokens.signal(0, "loss").axis == series::Axis::tokens);
}

TEST(Jsonl, EverySpellingOfNonfiniteNumbers) {
  const auto read = read_text(
      "{\"step\":1,\"x\":NaN}\n{\"step\":2,\"x\":Infinity}\n{\"step\":3,\"x\":-Infinity}\n"
      "{\"step\":4,\"x\":\"NaN\"}\n{\"step\":5,\"x\":\"-Infinity\"}\n{\"step\":6,\"x\":1e999}\n");
  const auto& x = read.signal(0, "x").values;
  ASSERT_THAT(x, SizeIs(6));
  EXPECT_TRUE(std::isnan(x[0]) && std::isnan(x[3]));
  EXPECT_EQ(x[1], HUGE_VAL);
  EXPECT_EQ(x[2], -HUGE_VAL);
  EXPECT_EQ(x[4], -HUGE_VAL);
  EXPECT_EQ(x[5], HUGE_VAL);
  EXPECT_EQ(read.report.nonfinite, 6U);
}

TEST(Jsonl, FirstLineWithoutStepIsTheConfiguration) {
  const auto read = read_text("{\"lr\":0.1,\"net\":\"mlp\"}\n{\"step\":1,\"loss\":2}\n");
  EXPECT_EQ(read.runs[0].info.configuration, Json::parse(R"({"lr":0.1,"net":"mlp"})"));
  EXPECT_EQ(read.report.points, 1U);
}

TEST(Jsonl, WithoutAStepRowsAreNumbered) {
  const auto read = read_text("{\"loss\":3}\n{\"loss\":2}\n{\"loss\":1}");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(0, 1, 2));
  EXPECT_THAT(read.report.warnings, SizeIs(1));
}

TEST(Jsonl, LinesWithoutTheStepBelongToTheStepBefore) {
  const auto read = read_text("{\"step\":5,\"loss\":3}\n{\"val\":0.5}\n{\"step\":6,\"loss\":2}\n");
  EXPECT_THAT(read.signal(0, "val").positions, ElementsAre(5));
  EXPECT_THAT(read.report.warnings, SizeIs(1));
}

TEST(Jsonl, HeaderLineNamesRunAndConfiguration) {
  const auto read =
      read_text(R"({"_emdyn":1,"run":"r/1","config":{"lr":0.5,"opt":{"name":"sgd"},"amp":true}})"
                "\n"
                R"({"_step":1,"loss":2})"
                "\n");
  EXPECT_EQ(read.runs[0].info.name, "r/1");
  EXPECT_EQ(read.runs[0].info.configuration,
            Json::parse(R"({"lr":0.5,"opt/name":"sgd","amp":true})"));
}

TEST(Jsonl, BehindTheHeaderOfEmdynLogEveryOtherKeyIsASignal) {
  const auto read =
      read_text(R"({"_emdyn":1,"_time":1.5})"
                "\n"
                R"({"_step":1,"_time":2.5,"step":7,"time":8,"value":9,"name":"x","loss":"NaN"})"
                "\n");
  EXPECT_EQ(read.runs[0].info.name, "log");
  EXPECT_THAT(read.signal(0, "step").positions, ElementsAre(1.0));
  EXPECT_THAT(read.signal(0, "time").values, ElementsAre(8.0));
  EXPECT_THAT(read.signal(0, "value").seconds, ElementsAre(2.5));
  EXPECT_TRUE(std::isnan(read.signal(0, "loss").values.at(0)));
  EXPECT_EQ(read.report.points, 4U);
}

TEST(Jsonl, RunsAndOneValueALine) {
  const auto read = read_text(
      "{\"run\":\"a\",\"step\":1,\"name\":\"loss\",\"value\":2}\n"
      "{\"run\":\"b\",\"step\":1,\"name\":\"loss\",\"value\":3}\n");
  ASSERT_THAT(read.runs, SizeIs(2));
  EXPECT_THAT(read.signal(1, "loss").values, ElementsAre(3.0));
}

TEST(Jsonl, TextsAreUnescaped) {
  const auto read = read_text("{\"step\":1,\"a\\u00e9\\n\\\"\\ud83d\\ude00\\ud800\":1}\n");
  EXPECT_EQ(read.runs[0].signals[0].name, "a\u00e9\n\"\U0001F600\uFFFD");
}

TEST(Jsonl, DictionariesOfPython) {
  const auto read = read_text(
      "{'step': 1, 'loss': 0.5, 'ok': True, 'note': None, 'name': \"it's\"}\n"
      "{'step': 2, 'loss': tensor(0.25, device='cuda:0', grad_fn=<NllLossBackward0>), 'betas': (0.9, 0.99)}\n"
      "{'step': 3, 'loss': np.float64(nan)}\n");
  const auto& loss = read.signal(0, "loss");
  EXPECT_THAT(loss.positions, ElementsAre(1, 2, 3));
  EXPECT_EQ(loss.values[1], 0.25);
  EXPECT_TRUE(std::isnan(loss.values[2]));
}

TEST(Jsonl, NumbersWrittenAsTextsAreReadWithOneWarning) {
  const auto read = read_text(
      "{\"step\":1,\"loss\":\"0.5\",\"mem\":\"12 MiB\",\"sha\":\"abc1\"}\n{\"step\":2,\"loss\":\"0.25\"}\n");
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(0.5, 0.25));
  EXPECT_THAT(read.signal(0, "mem").values, ElementsAre(12));
  EXPECT_THAT(read.report.warnings, ElementsAre(HasSubstr("\"loss\" is a number written as text")));
  EXPECT_EQ(read.report.ignored_values, 1U);
}

TEST(Jsonl, AKeyThatStandsTwiceCountsOnceWithAWarning) {
  const auto read = read_text("{\"step\":1,\"a\":1,\"b\":5,\"a\":2}\n{\"step\":2,\"a\":3}\n");
  EXPECT_THAT(read.signal(0, "a").values, ElementsAre(2, 3));
  EXPECT_THAT(read.report.warnings,
              ElementsAre(HasSubstr("\"a\" stands twice in one row; the last counts")));
}

TEST(Jsonl, AHalfWrittenLastLineIsLeftOut) {
  for (const char* torn :
       {"{\"step\":3,\"lo", "{\"step\":3,\"loss\":0.", "{", "{\"step\":3,\"loss\":0.4"}) {
    const auto read =
        read_text(std::string("{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1}\n") + torn);
    EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1, 2)) << torn;
    EXPECT_THAT(read.report.warnings, ElementsAre(HasSubstr("log.txt:3: the last line is half")))
        << torn;
  }
  const auto whole = read_text("{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1}");
  EXPECT_THAT(whole.signal(0, "loss").positions, ElementsAre(1, 2));
}

TEST(Jsonl, StepsBeyondWhatADoubleHoldsAreRefusedInJsonToo) {
  EXPECT_THAT(error_of("{\"step\":9007199254740993,\"a\":1}\n"), HasSubstr("beyond 2^53"));
  EXPECT_EQ(read_text("{\"step\":9007199254740992,\"a\":9007199254740993}\n").report.points, 1U);
}

TEST(Jsonl, MalformedLinesNameTheLine) {
  const std::string good = "{\"step\":1,\"a\":1}\n";
  for (const char* bad :
       {"{\"step\":2,\"a\":}", "{\"step\":2", "[1]", "{\"step\":2}x", "{\"a\" 1}", "{'step':2",
        "{\"step\":2,\"a\":+1}", "{\"step\":2,\"a\":\"\\q\"}", "hello"}) {
    EXPECT_THAT(error_of(good + bad + "\n"), HasSubstr("log.txt:2: ")) << bad;
  }
  EXPECT_THAT(error_of(good + "{\"step\":\"x\",\"a\":1}\n"), HasSubstr("\"step\", the position"));
  std::string deep = good + "{\"step\":2,\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_THAT(error_of(deep + "\n"), HasSubstr("nested too deeply"));
  ReadOptions options;
  options.skip_bad_rows = true;
  const auto read = read_text(good + "oops\n" + good, options);
  EXPECT_EQ(read.report.points, 2U);
  EXPECT_EQ(read.report.skipped_rows, 1U);
}

}  // namespace
}  // namespace emdyn::collect::ingest
