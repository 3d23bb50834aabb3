#include "emdyn/core/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace emdyn {
namespace {

TEST(ParseDouble, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_double("-2.5e3"), -2500.0);
  EXPECT_EQ(parse_double("+1"), 1.0);
  EXPECT_EQ(parse_double("1e999"), HUGE_VAL);
  EXPECT_EQ(parse_double("-1e999"), -HUGE_VAL);
  EXPECT_EQ(parse_double("1e-999"), 0.0);
  EXPECT_TRUE(std::isnan(*parse_double("NaN")));
  EXPECT_EQ(parse_double("-inf"), -HUGE_VAL);
  for (const char* bad : {"", "1x", " 1", "1,5", "+-1", "0x10", "--1"})
    EXPECT_FALSE(parse_double(bad)) << bad;
}

TEST(TerminalSafe, EscapesControlsAndBrokenBytesAndKeepsLetters) {
  EXPECT_EQ(terminal_safe("a\x1b[31mb\n\xff"), "a\\x1b[31mb\\x0a\\xff");
  EXPECT_EQ(terminal_safe("\xc2\x9b"),
            "\\u009b");  // A C1 control starts sequences on some terminals.
  EXPECT_EQ(terminal_safe("größe → 時"), "größe → 時");
  EXPECT_EQ(terminal_safe("lo\u202ess a\u200bb \ufeff\u2066x"),
            "lo\\u202ess a\\u200bb \\ufeff\\u2066x");
  EXPECT_EQ(terminal_safe("\U000e0041"), "\\U000e0041");
  EXPECT_EQ(terminal_safe("\u2764\ufe0f 👍🏽"), "\u2764\ufe0f 👍🏽");
}

TEST(HtmlEscape, LeavesNoMarkup) {
  EXPECT_EQ(html_escape("<b a=\"1\">'&"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
  EXPECT_EQ(html_escape("gr\u00f6\u00dfe \u200b<\u202e\xff"),
            "gr\u00f6\u00dfe \\u200b&lt;\\u202e\xff");
}

TEST(IsUtf8, RefusesOverlongSurrogatesAndCutSequences) {
  EXPECT_TRUE(is_utf8("größe 時 😀"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xe6\x99", "\xf5\x80\x80\x80", "\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(NearestWord, OffersATypoButNotAnythingElse) {
  constexpr std::array<std::string_view, 3> known{"detect", "analyze", "forecast"};
  EXPECT_EQ(nearest_word("detcet", known), "detect");
  EXPECT_EQ(nearest_word("analyse", known), "analyze");
  EXPECT_FALSE(nearest_word("zebra", known));
}

}  // namespace
}  // namespace emdyn
