#include "emdyn/report/html/html.hpp"

#include <gtest/gtest.h>

namespace emdyn::report {
namespace {

TEST(CleanText, RemovesWhatCouldDeceive) {
  EXPECT_EQ(clean_text("plain é ≥"), "plain é ≥");
  EXPECT_EQ(clean_text("a\x1b[31mb"), "a [31mb");
  EXPECT_EQ(clean_text("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(clean_text("abc\xE2\x80\xAE"
                       "fed"),
            "abc⟨U+202E⟩fed");
  EXPECT_EQ(clean_text("x\xE2\x80\xA8y"), "x y");
  EXPECT_EQ(clean_text("cut\xE2\x80"), "cut\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(clean_text("abcdef", 3), "abc…");
}

TEST(CleanText, WritesOutWhatCannotBeSeen) {
  // Right-to-left mark, Arabic letter mark, isolate, zero-width space and joiner, byte-order mark,
  // soft hyphen, a tag of the supplementary plane.
  EXPECT_EQ(clean_text("a\xE2\x80\x8F.\xD8\x9C.\xE2\x81\xA7"), "a⟨U+200F⟩.⟨U+061C⟩.⟨U+2067⟩");
  EXPECT_EQ(clean_text("\xE2\x80\x8B\xE2\x80\x8D\xEF\xBB\xBF\xC2\xAD\xF3\xA0\x81\x81"),
            "⟨U+200B⟩⟨U+200D⟩⟨U+FEFF⟩⟨U+00AD⟩⟨U+E0041⟩");
  EXPECT_EQ(clean_text("損失 λ ё 😀"), "損失 λ ё 😀");
}

TEST(ScriptJson, EscapesWhatCannotBeSeen) {
  const std::string hidden = "a\xE2\x80\xAE\xE2\x80\x8B\xF3\xA0\x81\x81\xC2\x9B";
  const std::string text = script_json(Json{{"name", hidden}});
  EXPECT_EQ(text, R"({"name":"a\u202e\u200b\udb40\udc41\u009b"})");
  EXPECT_EQ(parse_json(text, "test")["name"], hidden);
}

TEST(ScriptJson, CannotEndItsElement) {
  const Json json = {{"</script><!--",
                      "a&b\xE2\x80\xA8\xE2\x80\xA9"
                      "c€\xFF"}};
  const std::string text = script_json(json);
  for (const char* forbidden : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    EXPECT_EQ(text.find(forbidden), std::string::npos) << forbidden;
  }
  const Json back = parse_json(text, "test");
  EXPECT_EQ(back.begin().key(), "</script><!--");
  EXPECT_EQ(back.begin().value(),
            "a&b\xE2\x80\xA8\xE2\x80\xA9"
            "c€\xEF\xBF\xBD");
}

TEST(Html, EscapesAndBalances) {
  Html html;
  {
    const auto outer = html.element("p", {{"title", "\"<'&"}, {"id", ""}});
    html.text("1 < 2");
    html.leaf("b", "</p>");
    html.single("path", {{"d", "M0 0"}});
  }
  EXPECT_EQ(html.str(),
            "<p title=\"&quot;&lt;&#39;&amp;\">1 &lt; 2<b>&lt;/p&gt;</b><path d=\"M0 0\"/></p>");
}

}  // namespace
}  // namespace emdyn::report
