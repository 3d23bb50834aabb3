#include "emdyn/collect/ingest/csv/csv.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_text;
using ::testing::SizeIs;

TEST(Csv, WideTableHasOneSignalAColumn) {
  const auto read = read_text("step,loss,acc\n0,2.5,0.1\n10,1.5,0.4\n", {}, "/x/mine.csv.gz");
  ASSERT_THAT(read.runs, SizeIs(1));
  EXPECT_EQ(read.runs[0].info.name, "mine");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(0.0, 10.0));
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.5));
  EXPECT_THAT(read.signal(0, "acc").values, ElementsAre(0.1, 0.4));
  EXPECT_EQ(read.report.points, 4U);
}

TEST(Csv, LongTableNamesItsSignalsInRows) {
  const auto read =
      read_text("run,step,name,value\nA,1,loss,3\nA,1,acc,0.5\nB,1,loss,4\nA,2,loss,2\n");
  ASSERT_THAT(read.runs, SizeIs(2));
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(3.0, 2.0));
  EXPECT_THAT(read.signal(0, "acc").values, ElementsAre(0.5));
  EXPECT_THAT(read.signal(1, "loss").values, ElementsAre(4.0));
}

TEST(Csv, SeparatorsByteOrderMarkAndWindowsLineEnds) {
  for (const char* text :
       {"step;loss\n1;2.5\n", "step\tloss\n1\t2.5\n", "step|loss\n1|2.5\n",
        "\xEF\xBB\xBFstep,loss\r\n1,2.5\r\n", "\xEF\xBB\xBF\"step\",loss\n1,2.5"}) {
    const auto read = read_text(text);
    EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1.0)) << text;
    EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5)) << text;
  }
}

TEST(Csv, QuotedFieldsHoldSeparatorsQuotesAndNewlines) {
  const auto read =
      read_text("run,step,\"loss, the \"\"real\"\" one\"\n\"a\nb,\"\"c\"\"\",1,2\n\"d\",1,3\n");
  ASSERT_THAT(read.runs, SizeIs(2));
  EXPECT_EQ(read.runs[0].info.name, "a\nb,\"c\"");
  EXPECT_EQ(read.runs[1].info.name, "d");
  EXPECT_THAT(read.signal(0, "loss, the \"real\" one").values, ElementsAre(2.0));
}

TEST(Csv, EmptyCellsAreMissingAndNonfiniteSpellingsAreValues) {
  const auto read = read_text(
      "step,loss\n1,\n2,NaN\n3,inf\n4,-Infinity\n5,1.#QNAN\n6,NA\n7,null\n8,-1.#INF\n9,+2\n");
  const auto& loss = read.signal(0, "loss");
  EXPECT_THAT(loss.positions, ElementsAre(2, 3, 4, 5, 8, 9));
  EXPECT_TRUE(std::isnan(loss.values[0]) && std::isnan(loss.values[3]));
  EXPECT_EQ(loss.values[1], HUGE_VAL);
  EXPECT_EQ(loss.values[2], -HUGE_VAL);
  EXPECT_EQ(loss.values[4], -HUGE_VAL);
  EXPECT_EQ(loss.values[5], 2.0);
  EXPECT_EQ(read.report.nonfinite, 5U);
  EXPECT_EQ(read.report.missing_cells, 3U);
}

TEST(Csv, StepsThatGoBackOpenSegmentsWithOneWarning) {
  const auto read = read_text("step,a,b\n1,1,1\n2,1,1\n1,2,2\n2,2,2\n1,3,3\n");
  EXPECT_THAT(read.signal(0, "a").segments, ElementsAre(0U, 2U, 4U));
  EXPECT_THAT(read.signal(0, "b").segments, ElementsAre(0U, 2U, 4U));
  EXPECT_THAT(read.report.warnings, SizeIs(1));
}

TEST(Csv, OneColumnOfNumbersIsASeriesNamedAfterTheFile) {
  const auto read = read_text("1120\n1160\n963\n", {}, "nile.txt");
  EXPECT_THAT(read.signal(0, "nile").values, ElementsAre(1120, 1160, 963));
  EXPECT_THAT(read.signal(0, "nile").positions, ElementsAre(0, 1, 2));
  const auto named = read_text("volume\n1120\n1160\n", {}, "nile.txt");
  EXPECT_THAT(named.signal(0, "volume").values, ElementsAre(1120, 1160));
}

TEST(Csv, DatesBecomeSecondsWhereThereIsNoStep) {
  const auto read =
      read_text("timestamp,value\n1970-01-02 00:05:00,20.0\n1970-01-02 00:10:00,21\n");
  EXPECT_THAT(read.signal(0, "value").positions, ElementsAre(86700.0, 87000.0));
  EXPECT_TRUE(read.signal(0, "value").axis == series::Axis::seconds);
  const auto both = read_text("step,time,loss\n5,1970-01-01T00:00:01+00:00,2\n");
  EXPECT_THAT(both.signal(0, "loss").seconds, ElementsAre(1.0));
  EXPECT_THAT(both.signal(0, "loss").positions, ElementsAre(5.0));
}

TEST(Csv, MalformedRowsNameFileLineAndColumn) {
  const std::string ragged = error_of("step,loss\n1,2\n3\n");
  EXPECT_THAT(ragged, HasSubstr("log.txt:3: 1 cells where the header has 2"));
  const std::string text = error_of("step,loss\n1,2\n3,oops\n");
  EXPECT_THAT(text, HasSubstr("log.txt:3: column \"loss\" holds \"oops\""));
  EXPECT_THAT(text, HasSubstr("--skip-bad-rows"));
  EXPECT_THAT(error_of("step,loss\n,2\n1,2\n2,2\n"),
              HasSubstr("log.txt:2: column \"step\", the position, is empty"));
  EXPECT_THAT(error_of("step,loss\n1,2\nnan,2\n"), HasSubstr("not finite"));
  EXPECT_THAT(error_of("step,loss\n1,2\n2,\"1,500\"\n"),
              HasSubstr("a decimal comma, or thousands?"));
  EXPECT_THAT(error_of("run,step,loss\na,1,2\n\"b,2,3\n"), HasSubstr("log.txt:3: a quoted field"));
  EXPECT_THAT(error_of("step,\"loss\"x\n1,2\n"), HasSubstr("header cannot be read"));
  EXPECT_THAT(error_of("a,1,2\nb,3,4\n"), HasSubstr("no header row"));
}

TEST(Csv, BadRowsCanBeSkippedAndAreCounted) {
  ReadOptions options;
  options.skip_bad_rows = true;
  const auto read =
      read_text("step,loss,acc\n1,2,3\nx,2,3\n3\n4,oops,3\n5,\xFF,2\n6,1,2\n", options);
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1, 6));
  EXPECT_THAT(read.signal(0, "acc").positions, ElementsAre(1, 6));  // A bad row leaves no half.
  EXPECT_EQ(read.report.skipped_rows, 4U);
  EXPECT_THAT(read.report.warnings, SizeIs(1));
}

TEST(Csv, LimitsHoldAgainstHostileFiles) {
  ReadOptions options;
  options.limits.line_bytes = 1000;
  EXPECT_THAT(error_of("step,loss\n" + std::string(5000, '7') + "\n", options),
              HasSubstr("line longer than 1000 bytes"));
  EXPECT_THAT(error_of("step,\"loss\n" + std::string(5000, '7'), options),
              HasSubstr("a quoted field opens here"));
  EXPECT_THAT(error_of("step" + std::string(200'000, ',') + "\n1\n"), HasSubstr("columns"));
  options.limits.names = 10;
  std::string many = "run,step,loss\n";
  for (int i = 0; i < 20; ++i) many += fmt::format("r{},1,2\n", i);
  EXPECT_THAT(error_of(many, options), HasSubstr("more than 10 runs"));
}

TEST(Csv, NulBytesAndBrokenUtf8AreNamed) {
  EXPECT_THAT(error_of(std::string("step,loss\n1,\0\0\n", 15)), HasSubstr("binary"));
  EXPECT_THAT(error_of("step,loss\n1,2\n2,\xE9t\xE9\n"), HasSubstr("log.txt:3: not UTF-8"));
}

TEST(Csv, HostileNamesAreKeptVerbatim) {
  const std::string name = "\x1b[31m<script>alert(1)</script>/../../etc/passwd\u202e";
  const auto read = read_text("run,step," + name + "\n" + name + ",1,2\n");
  EXPECT_EQ(read.runs[0].info.name, name);
  EXPECT_THAT(read.signal(0, name).values, ElementsAre(2.0));
}

TEST(Csv, ColumnsOfEqualNamesAreNumbered) {
  const auto read = read_text("step,loss,loss,loss.1\n1,2,3,4\n");
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2));
  EXPECT_THAT(read.signal(0, "loss.1").values, ElementsAre(3));
  EXPECT_THAT(read.signal(0, "loss.1.1").values, ElementsAre(4));
  EXPECT_THAT(read.report.warnings, SizeIs(1));
}

TEST(Csv, TheUserChoosesColumnsAndAxis) {
  ReadOptions options;
  options.step_column = "k";
  options.run_columns = {"lr", "opt"};
  options.axis = series::Axis::epsilon;
  const auto read = read_text("k,step,lr,opt,loss\n1,9,0.1,sgd,5\n", options);
  EXPECT_EQ(read.runs[0].info.name, "lr=0.1/sgd");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1.0));
  EXPECT_THAT(read.signal(0, "step").values, ElementsAre(9.0));
  EXPECT_TRUE(read.signal(0, "loss").axis == series::Axis::epsilon);
  options.step_column = "kk";
  EXPECT_THAT(error_of("k,step\n1,2\n", options),
              HasSubstr("no column \"kk\" for the step (columns: k, step)"));
}

TEST(Csv, NoHeaderGivesNumberedColumns) {
  ReadOptions options;
  options.header = Header::absent;
  options.step_column = "column1";
  const auto read = read_text("1,2.5\n2,1.5\n", options);
  EXPECT_THAT(read.signal(0, "column2").values, ElementsAre(2.5, 1.5));
}

/// Property: where the bytes are cut never matters.
TEST(Csv, CutsDoNotMatter) {
  std::string text = "\xEF\xBB\xBF\"run\",step,\"a \"\"b\"\"\",note\r\n";
  for (int i = 0; i < 40; ++i) {
    text += fmt::format("\"r\n{}\",{},{},\"x,\"\"y\n\"\r\n", i % 3, i,
                        i % 5 == 0 ? "" : fmt::format("{}", i * 0.25));
  }
  const auto whole = read_text(text);
  EXPECT_EQ(whole.report.points, 32U);
  std::mt19937 random(7);
  for (int trial = 0; trial < 50; ++trial) {
    Collector collector;
    Feed feed(collector, Limits{});
    CsvParser parser(feed, {"log.txt", "log"}, {}, feed.source("log.txt"));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % (trial < 10 ? 1 : 60);
      parser.feed(std::string_view(text).substr(at, size));
      at += size;
    }
    parser.finish();
    EXPECT_EQ(parser.consumed(), text.size());
    const auto runs = collector.take();
    ASSERT_EQ(runs.size(), whole.runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      EXPECT_EQ(runs[i].info.name, whole.runs[i].info.name);
      EXPECT_TRUE(runs[i].signals == whole.runs[i].signals);
    }
  }
}

TEST(Numbers, TimesOfDay) {
  EXPECT_EQ(parse_time("2014-04-01 00:05:00"), 1396310700.0);  // date -u -d … +%s
  EXPECT_EQ(parse_time("2014-04-01T02:05:00+02:00"), 1396310700.0);
  EXPECT_EQ(parse_time("1969-12-31"), -86400.0);
  EXPECT_EQ(parse_time("2000-01-01 00:00:00.5Z"), 946684800.5);
  for (const char* bad :
       {"", "2014", "2014-13-01", "2014-02-30", "2014-04-01 25:61", "2014-04-01x"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

}  // namespace
}  // namespace emdyn::collect::ingest
