#include "emdyn/collect/ingest/live_lines.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = LiveLines::Kind;

double only_value(const LiveLines& lines) {
  EXPECT_EQ(lines.values().size(), 1U);
  return lines.values().empty() ? std::nan("") : lines.values().front().value;
}

TEST(LiveLines, PlainNumbersAreNumberedFromZero) {
  LiveLines lines({});
  EXPECT_EQ(lines.read("1.5"), Kind::row);
  EXPECT_EQ(lines.position(), 0.0);
  EXPECT_EQ(only_value(lines), 1.5);
  EXPECT_EQ(lines.read("  "), Kind::nothing);
  EXPECT_EQ(lines.read("nan\r"), Kind::row);
  EXPECT_EQ(lines.position(), 1.0);
  EXPECT_TRUE(std::isnan(only_value(lines)));
  EXPECT_THAT(lines.names(), ElementsAre("value"));
}

TEST(LiveLines, MalformedLinesAreSaidAndPassedOver) {
  LiveLines lines({});
  EXPECT_EQ(lines.read("1"), Kind::row);
  EXPECT_EQ(lines.read("WARN: disk"), Kind::malformed);
  EXPECT_THAT(lines.fault(), HasSubstr("WARN: disk"));
  EXPECT_EQ(lines.read("1,2,3"), Kind::malformed);
  EXPECT_EQ(lines.read("{\"a\":"), Kind::malformed);
  EXPECT_EQ(lines.read(std::string_view("\0\x01", 2)), Kind::malformed);
  EXPECT_EQ(lines.read("\xff\xfe"), Kind::malformed);
  EXPECT_EQ(lines.read("2"), Kind::row);
  EXPECT_EQ(lines.position(), 1.0);
}

TEST(LiveLines, ATableWithAHeader) {
  LiveLines lines({});
  EXPECT_EQ(lines.read("step,loss,note,accuracy"), Kind::nothing);
  EXPECT_EQ(lines.read("10,0.5,fine,"), Kind::row);
  EXPECT_EQ(lines.position(), 10.0);
  EXPECT_EQ(only_value(lines), 0.5);
  EXPECT_EQ(lines.read("20,0.25,,0.9"), Kind::row);
  ASSERT_EQ(lines.values().size(), 2U);
  EXPECT_THAT(lines.names(), ElementsAre("loss", "accuracy"));
  EXPECT_EQ(lines.read("20,oops,,0.9"), Kind::malformed);  // A number column.
  EXPECT_EQ(lines.read("x,1,,0.9"), Kind::malformed);
}

TEST(LiveLines, DatesArePositionsInSecondsWithAndWithoutHeader) {
  LiveLines with({});
  EXPECT_EQ(with.read("timestamp,value"), Kind::nothing);
  EXPECT_EQ(with.read("1970-01-01 00:05:00,20.0"), Kind::row);
  EXPECT_EQ(with.position(), 300.0);
  EXPECT_TRUE(with.axis() == series::Axis::seconds);
  LiveLines without({});
  EXPECT_EQ(without.read("1970-01-01 00:05:00,20.0"), Kind::row);
  EXPECT_EQ(without.position(), 300.0);
  EXPECT_EQ(only_value(without), 20.0);
}

TEST(LiveLines, CellsWithoutHeader) {
  LiveLines two({});
  EXPECT_EQ(two.read("7;1.5"), Kind::row);
  EXPECT_EQ(two.position(), 7.0);
  EXPECT_EQ(only_value(two), 1.5);
  LiveLines channels({.all_channels = true});
  EXPECT_EQ(channels.read("7;1.5"), Kind::row);
  EXPECT_THAT(channels.names(), ElementsAre("column1", "column2"));
  LiveLines three({});
  EXPECT_EQ(three.read("1,2,3"), Kind::row);
  EXPECT_EQ(three.position(), 0.0);
  EXPECT_EQ(three.values().size(), 3U);
}

TEST(LiveLines, TextThatNoRowFitsWasNoHeader) {
  LiveLines lines({});
  EXPECT_EQ(lines.read("Starting up, please wait, really"), Kind::nothing);
  EXPECT_EQ(lines.read("3;4.5"), Kind::row);
  EXPECT_EQ(lines.position(), 3.0);
  EXPECT_EQ(only_value(lines), 4.5);
}

TEST(LiveLines, JsonObjectsWithSeveralKeys) {
  LiveLines lines({});
  EXPECT_EQ(lines.read(R"({"_emdyn":1,"run":"a"})"), Kind::nothing);
  EXPECT_EQ(
      lines.read(R"({"step":5,"train":{"loss":0.5},"acc":"NaN","note":"x","time":1700000000})"),
      Kind::row);
  EXPECT_EQ(lines.position(), 5.0);
  EXPECT_THAT(lines.names(), ElementsAre("train/loss", "acc"));
  EXPECT_TRUE(std::isnan(lines.values()[1].value));
  EXPECT_EQ(lines.read(R"({"acc":0.5})"), Kind::row);  // Belongs to the step before it.
  EXPECT_EQ(lines.position(), 5.0);
  EXPECT_EQ(lines.read(R"({"step":"x","acc":1})"), Kind::row);
  EXPECT_EQ(lines.read(R"({"name":"lr","value":0.1,"step":6})"), Kind::row);
  EXPECT_EQ(lines.names().back(), "lr");
}

TEST(LiveLines, SignalsAreBounded) {
  LiveLines lines({.signals = 2});
  EXPECT_EQ(lines.read(R"({"a":1,"b":2,"c":3})"), Kind::row);
  EXPECT_EQ(lines.values().size(), 2U);
  EXPECT_TRUE(lines.dropped_signals());
}

TEST(LiveLines, NamesTheStepColumnAsked) {
  LiveLines table({.step_column = "k"});
  EXPECT_EQ(table.read("k,step"), Kind::nothing);
  EXPECT_EQ(table.read("4,1"), Kind::row);
  EXPECT_EQ(table.position(), 4.0);
  LiveLines json({.step_column = "k"});
  EXPECT_EQ(json.read(R"({"k":4,"step":1})"), Kind::row);
  EXPECT_EQ(json.position(), 4.0);
  EXPECT_THAT(json.names(), ElementsAre("step"));
}

}  // namespace
}  // namespace emdyn::collect::ingest
