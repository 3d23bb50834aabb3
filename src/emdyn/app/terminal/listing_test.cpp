#include "emdyn/app/terminal/listing.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace emdyn::app::terminal {
namespace {

struct Tool {
  double size = 2.5;
};
constexpr std::array kToolFields{Field<Tool>{"size", &Tool::size, 1.0, 3.0, "inches"}};

constexpr RegistryForm kTools{
    .what = "tool", .several = "tools", .summary_key = "help", .fields_key = "settings"};

std::vector<DescribedEntry> tools() {
  return {{{"hammer", "drives nails", kOwnWork, "O(nails)",
            [] { return describe_fields(kToolFields); }},
           {{"heavy", true}}}};
}

std::string printed(bool json) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  {
    Console console({.out = out});
    list_entries("tools", kTools, tools(), json, console);
  }
  std::fclose(out);
  const std::string all(text, size);
  std::free(text);
  return all;
}

TEST(Listing, TellsFactsSourceAndSettings) {
  const std::string text = printed(false);
  EXPECT_THAT(text, testing::HasSubstr("hammer\n  drives nails\n  heavy: yes\n"));
  EXPECT_THAT(text, testing::HasSubstr("cost: O(nails); source: own\n"));
  EXPECT_THAT(text, testing::ContainsRegex("size +inches \\[2.5\\] +1 … 3\n"));
}

TEST(Listing, JsonHasTheKeysThatScriptsKnow) {
  const Json tool = Json::parse(printed(true)).at("tools").at(0);
  EXPECT_EQ(tool.at("name"), "hammer");
  EXPECT_EQ(tool.at("help"), "drives nails");
  EXPECT_EQ(tool.at("heavy"), true);
  EXPECT_EQ(tool.at("settings").at(0).at("name"), "size");
}

}  // namespace
}  // namespace emdyn::app::terminal
