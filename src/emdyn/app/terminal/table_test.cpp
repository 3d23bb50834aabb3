#include "emdyn/app/terminal/table.hpp"

#include <gtest/gtest.h>

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

TEST(Table, NamesAreShortenedInTheMiddle) {
  EXPECT_EQ(shortened("hendrycksTest-marketing/acc", 13), "hendry…ng/acc");
  EXPECT_EQ(shortened("größe/größer", 7), "grö…ßer");
  EXPECT_EQ(shortened("short", 5), "short");
  EXPECT_EQ(text_columns(shortened("abcdefgh", 4)), 4U);
}

}  // namespace
}  // namespace emdyn::app::terminal
