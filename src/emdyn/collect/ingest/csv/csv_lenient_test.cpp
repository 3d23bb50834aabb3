#include <fmt/format.h>
#include <gmock/gmock.h>

#include "emdyn/collect/ingest/contract/testing.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_text;
using ::testing::SizeIs;

/// `rows` rows of "step,loss,lr" with five decimals, as loggers write them.
std::string logged_rows(int rows) {
  std::string text = "step,loss,lr\n";
  for (int i = 1; i <= rows; ++i) text += fmt::format("{},{:.5f},0.0001\n", i, 2.0 / i + 1.0);
  return text;
}

// The last line.

TEST(CsvTorn, AHalfWrittenLastLineIsLeftOutWithAWarning) {
  for (const char* torn : {"201,0.4", "201", "201,0.41", "201,"}) {
    const auto read = read_text(logged_rows(200) + torn);
    EXPECT_THAT(read.signal(0, "loss").values, SizeIs(200)) << torn;
    EXPECT_EQ(read.report.torn_rows, 1U) << torn;
    EXPECT_THAT(read.report.warnings, Contains(HasSubstr("log.txt:202: the last line is half")))
        << torn;
  }
}

TEST(CsvTorn, ANumberCutAtTheEndOfTheFileIsNoValue) {
  const auto table = [](const std::vector<std::string>& cells) {
    std::string text = "step,x";
    for (std::size_t i = 0; i < cells.size(); ++i) text += fmt::format("\n{},{}", i, cells[i]);
    return text;
  };
  using Cells = std::vector<std::string>;
  const Cells fixed{"12.355", "12.338", "12.314", "12.372"};
  const Cells scientific{"1.50e+00", "1.25e+00", "1.12e-01", "1.01e-01"};
  const Cells counts{"1000", "1003", "1007", "1012"};
  const Cells nan{"0.5", "0.25", "0.125", "0.75"};
  const auto with = [&](Cells cells, const std::string& last) {
    cells.push_back(last);
    return read_text(table(cells)).signal(0, "x").values.size();
  };
  EXPECT_EQ(with(fixed, "1"), 4U);
  EXPECT_EQ(with(fixed, "12."), 4U);
  EXPECT_EQ(with(fixed, "12.3"), 4U);
  EXPECT_EQ(with(fixed, "-"), 4U);
  EXPECT_EQ(with(scientific, "9.87e-"), 4U);
  EXPECT_EQ(with(scientific, "9.87"), 4U);
  EXPECT_EQ(with(scientific, "9.87e-0"), 4U);
  EXPECT_EQ(with(counts, "10"), 4U);
  EXPECT_EQ(with(nan, "na"), 4U);
  EXPECT_EQ(with(nan, "in"), 4U);
  // Whole numbers stay.
  EXPECT_EQ(with(fixed, "12.301"), 5U);
  EXPECT_EQ(with(scientific, "9.87e-02"), 5U);
  EXPECT_EQ(with(counts, "1015"), 5U);
  EXPECT_EQ(with({"101", "102", "100"}, "99"), 4U);  // One digit less, one step away.
  EXPECT_EQ(with(nan, "0.5"), 5U);
  EXPECT_EQ(with(nan, "nan"), 5U);
}

TEST(CsvTorn, AFileThatEndsWithoutANewlineAndIsWholeKeepsItsLastRow) {
  std::string text = logged_rows(50);
  text.pop_back();
  const auto read = read_text(text);
  EXPECT_THAT(read.signal(0, "lr").values, SizeIs(50));
  EXPECT_THAT(read.report.warnings, IsEmpty());
}

// Headers.

TEST(CsvHeader, ARepeatedHeaderIsPassedOverWithOneWarning) {
  const std::string header = "epoch,loss\n";
  const auto read = read_text(header + "0,3\n1,2\n" + header + "2,1\n" + header + "3,0.5\n");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(read.report.warnings, ElementsAre(HasSubstr("log.txt:4: the header stands again")));
  EXPECT_THAT(read.report.warnings[0], HasSubstr("1 more like it"));
}

TEST(CsvHeader, ANewHeaderChangesTheColumns) {
  const auto read = read_text("step,loss\n1,3\n2,2\nstep,acc,loss\n3,0.5,1\n4,0.6,0.5\n");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(3, 2, 1, 0.5));
  EXPECT_THAT(read.signal(0, "acc").positions, ElementsAre(3, 4));
}

TEST(CsvHeader, AFileResumedWithoutAPositionColumnPassesItsHeaderOverToo) {
  const auto read = read_text("a,b\n1,2\n5,4\na,b\n3,6\n");
  EXPECT_THAT(read.signal(0, "a").values, ElementsAre(1, 5, 3));
}

TEST(CsvHeader, ACommentNamesTheColumns) {
  for (const char* text :
       {"# step,loss\n1,2.5\n2,1.5\n", "#step,loss\n1,2.5\n2,1.5\n",
        "#\"step\",\"loss\"\n1,2.5\n2,1.5\n", "# made by x\n# step,loss\n1,2.5\n2,1.5\n",
        "# step loss\n1 2.5\n2 1.5\n", "# step,loss\n1 2.5\n2 1.5\n",
        "# step\tloss\n1\t2.5\n2\t1.5\n"}) {
    const auto read = read_text(text);
    EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(1.0, 2.0)) << text;
    EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.5)) << text;
    EXPECT_THAT(read.report.warnings, IsEmpty()) << text;
  }
  const auto plain = read_text("# a remark\nstep,loss\n1,2\n# another\n2,3\n");
  EXPECT_THAT(plain.signal(0, "loss").values, ElementsAre(2, 3));
  const auto hash = read_text("#,loss\n1,2\n2,3\n");
  EXPECT_THAT(hash.signal(0, "loss").positions, ElementsAre(1, 2));
}

TEST(CsvHeader, ATableOfNumbersAloneIsReadWithNumberedColumns) {
  const auto two = read_text("1.0e+00 2.6\n2.0e+00 2.5\n3.0e+00 2.4\n", {}, "trace.txt");
  EXPECT_THAT(two.signal(0, "trace").positions, ElementsAre(1, 2, 3));
  EXPECT_THAT(two.report.warnings, ElementsAre(HasSubstr("no header row")));
  const auto three = read_text("0.1,5,7\n0.2,4,8\n0.3,6,7\n");
  EXPECT_THAT(three.signal(0, "column2").positions, ElementsAre(0.1, 0.2, 0.3));
  const auto unordered = read_text("5,1\n4,2\n6,3\n");
  EXPECT_THAT(unordered.signal(0, "column1").values, ElementsAre(5, 4, 6));
}

// Separators.

TEST(CsvSeparators, BlanksPartColumns) {
  for (const char* text : {"step loss\n1 2.5\n2 1.5\n", "step   loss\n   1    2.5\n  10    1.5\n",
                           "step\t loss\n1 \t2.5\n2\t 1.5\n"}) {
    const auto read = read_text(text);
    EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.5)) << text;
  }
  const auto name = read_text("train loss\n1.5\n1.25\n");
  EXPECT_THAT(name.signal(0, "train loss").values, ElementsAre(1.5, 1.25));
  const auto quoted = read_text("step \"the loss\"\n1 2.5\n2 1.5\n");
  EXPECT_THAT(quoted.signal(0, "the loss").values, ElementsAre(2.5, 1.5));
}

TEST(CsvSeparators, ALineThatNamesTheSeparator) {
  const auto read = read_text("sep=;\nstep;loss, all\n1;2,5\n2;1,25\n");
  EXPECT_THAT(read.signal(0, "loss, all").values, ElementsAre(2.5, 1.25));
  EXPECT_THAT(read_text("sep=|\nstep|a\n1|2\n").signal(0, "a").values, ElementsAre(2));
}

// Numbers.

TEST(CsvNumbers, DecimalCommasWhereTheyAreUnambiguous) {
  const auto read =
      read_text("step;loss;tokens\n1;2,5;1.234.567,5\n2;1,125;12\n3;0,5e-1;1.000,0\n");
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(2.5, 1.125, 0.05));
  EXPECT_THAT(read.signal(0, "tokens").values, ElementsAre(1234567.5, 12, 1000));
  EXPECT_THAT(read.report.warnings, ElementsAre(HasSubstr("the comma of \"2,5\" is read as 2.5")));
  const auto quoted =
      read_text("step,n,x\n1,\"1,234,567\",\"2,5\"\n2,\"12,345,678.5\",\"0,125\"\n");
  EXPECT_THAT(quoted.signal(0, "n").values, ElementsAre(1234567, 12345678.5));
  EXPECT_THAT(quoted.signal(0, "x").values, ElementsAre(2.5, 0.125));
}

TEST(CsvNumbers, UnitsInCells) {
  const auto read =
      read_text("step,util,mem,time\n1,45 %,512 MiB,250ms\n2,50%,1 GiB,1.5 s\n3,,256 MiB,\n");
  EXPECT_THAT(read.signal(0, "util").values, ElementsAre(45, 50));
  EXPECT_THAT(read.signal(0, "mem").values, ElementsAre(512, 1024, 256));
  EXPECT_THAT(read.signal(0, "time").values, ElementsAre(250, 1500));
  EXPECT_THAT(read.report.warnings, ElementsAre(HasSubstr("column \"util\" is read in %")));
  EXPECT_THAT(error_of("step,x\n1,45 %\n2,3 MiB\n"), HasSubstr("\"3 MiB\", which is no number"));
  const auto words = read_text("step,x,y\n1,3 cats,1\n2,4 dogs,2\n");
  EXPECT_THAT(words.runs[0].signals, SizeIs(1));
}

TEST(CsvNumbers, StepsBeyondWhatADoubleHoldsAreRefused) {
  const std::string message = error_of("step,v\n9007199254740992,1\n9007199254740993,2\n");
  EXPECT_THAT(message, HasSubstr("log.txt:3: column \"step\", the position, is 9007199254740993"));
  EXPECT_THAT(message, HasSubstr("2^53"));
  const auto even = read_text("step,v\n9007199254740992,1\n9007199254740994,2\n");
  EXPECT_THAT(even.signal(0, "v").values, SizeIs(2));
  // Floating point was never meant to be exact, and times become seconds.
  EXPECT_EQ(read_text("flops,v\n1e21,1\n2.5e21,2\n").report.points, 2U);
  const auto clock = read_text("timestamp,v\n1700000000123456789,1\n1700000001123456789,2\n");
  EXPECT_NEAR(clock.signal(0, "v").positions[0], 1700000000.123456789, 1e-6);
}

TEST(CsvNumbers, TimesAreToldBySize) {
  for (const char* stamp :
       {"1700000000", "1700000000000", "1700000000000000", "1700000000000000000"}) {
    const auto read = read_text(fmt::format("step,timestamp,v\n1,{},5\n", stamp));
    EXPECT_THAT(read.signal(0, "v").seconds, ElementsAre(1.7e9)) << stamp;
  }
}

}  // namespace
}  // namespace emdyn::collect::ingest
