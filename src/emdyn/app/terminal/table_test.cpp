#include "emdyn/app/terminal/table.hpp"

#include <gmock/gmock.h>

namespace emdyn::app::terminal {
namespace {

using Align = Table::Align;

TEST(Table, AlignsAndEscapes) {
  Table table({{"name"}, {"points", Align::right}});
  table.row({"größe", "12"});
  table.row({"a\x1b[0m", "1,000"});
  const std::vector<std::string> expected{"name      points", "größe         12",
                                          "a\\x1b[0m   1,000"};
  EXPECT_EQ(table.lines(80), expected);
}

TEST(Table, TheWidestTextGivesWayInANarrowTerminal) {
  Table table({{"name"}, {"n", Align::right}});
  table.row({"a very long name indeed", "123456"});
  EXPECT_EQ(table.lines(20).back(), "a very…ndeed  123456");
}

TEST(Table, ColumnsOfEqualTextsAreSaidOnce) {
  Table table({{"signal"}, {"detector"}, {"score", Align::right}, {"direction"}});
  table.row({"train_loss", "auto", "1.5", "rise"});
  table.row({"gradient_norm", "auto", "12.5", "rise"});
  const std::vector<std::string> once{"signal         detector  score",
                                      "train_loss     auto        1.5",
                                      "gradient_norm  auto       12.5", "all: direction rise"};
  EXPECT_EQ(table.lines(40), once);
  EXPECT_EQ(table.lines(36).back(), "all: direction rise");
  const auto both = table.lines(24);
  EXPECT_EQ(both[1], "train_loss       1.5");
  EXPECT_EQ(both.back(), "all: directi…tector auto");
  EXPECT_EQ(table.lines(80).size(), 3U);  // Where there is room nothing is taken out.
  Table one({{"signal"}, {"detector"}});
  one.row({"a very long name indeed", "auto"});
  EXPECT_EQ(one.lines(20).front(), "signal      detector");
}

TEST(Table, WhatFindsNoRoomGoesOnInASecondLine) {
  Table table(
      {{"id", Align::left, true}, {"points", Align::right}, {"created", Align::left, true}});
  table.row({"1m8qga6h42yz8wvz", "123,456", "2026-12-01 00:33"});
  table.row({"1m8qga7gvw5xfxa7", "7", "2026-12-02 00:33"});
  const std::vector<std::string> expected{"id                 points", "    created",
                                          "1m8qga6h42yz8wvz  123,456", "    2026-12-01 00:33",
                                          "1m8qga7gvw5xfxa7        7", "    2026-12-02 00:33"};
  EXPECT_EQ(table.lines(30), expected);
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
  Table table({{"signal"},
               {"position", Align::right},
               {"direction"},
               {"onset", Align::right},
               {"made of"}});
  for (int i = 0; i < 5; ++i) {
    table.row({"hendrycksTest-marketing/acc_norm", "1396342800", i % 2 == 0 ? "rise" : "fall",
               "1396344600 [1396343400, 1396345800]", "last value 93 %, change 7 %"});
  }
  for (std::size_t width = 40; width < 160; ++width) {
    for (const std::string& line : table.lines(width)) EXPECT_LE(text_columns(line), width) << line;
  }
}

TEST(Table, NamesAreShortenedInTheMiddle) {
  EXPECT_EQ(shortened("hendrycksTest-marketing/acc", 13), "hendry…ng/acc");
  EXPECT_EQ(shortened("größe/größer", 7), "grö…ßer");
  EXPECT_EQ(shortened("short", 5), "short");
  EXPECT_EQ(text_columns(shortened("abcdefgh", 4)), 4U);
}

TEST(Wrapped, BreaksAtBlanksAndKeepsEveryWord) {
  EXPECT_THAT(wrapped("one two three", 80, 2), testing::ElementsAre("one two three"));
  EXPECT_THAT(wrapped("one two three", 8, 2), testing::ElementsAre("one two", "  three"));
  EXPECT_THAT(wrapped("one two three", 7, 2), testing::ElementsAre("one two", "  three"));
  EXPECT_THAT(wrapped("  a sentence of words", 10, 4),
              testing::ElementsAre("  a", "    sentence", "    of", "    words"));
  EXPECT_THAT(wrapped("incomprehensibilities and", 10, 0),
              testing::ElementsAre("incomprehensibilities", "and"));
  EXPECT_THAT(wrapped("σ σσ σσσ", 4, 0), testing::ElementsAre("σ σσ", "σσσ"));
  EXPECT_TRUE(wrapped("", 10, 2).empty());
}

}  // namespace
}  // namespace emdyn::app::terminal
