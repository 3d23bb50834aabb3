#include "emdyn/core/registry.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <sstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn {
namespace {

using testing::HasSubstr;

struct Fruit {
  double weight = 0.5;
  std::int64_t seeds = 3;
};
constexpr std::array kFruitFields{
    Field<Fruit>{"weight", &Fruit::weight, 0.0, 2.0, "kilograms"},
    Field<Fruit>{"seeds", &Fruit::seeds, 0, std::numeric_limits<double>::max(), "in one | half"},
};

struct FruitEntry : EntryFacts {
  bool sour;
};
std::vector<Fact> facts(const FruitEntry& entry) {
  return {{"sour", entry.sour}, {"grown_in", Json::array({"spring", "autumn"})}};
}

constexpr std::array kFruit{
    FruitEntry{
        {"apple", "grows on trees", "own", "O(1)", [] { return describe_fields(kFruitFields); }},
        false},
    FruitEntry{{"lemon", "keeps long", "Linnaeus 1753", "O(acid)"}, true},
};
constexpr Registry<FruitEntry> kFruitRegistry{
    {.what = "fruit", .several = "fruits", .list = "emdyn fruit --list"}, kFruit};
constexpr Registry<FruitEntry> kUnlisted{{.what = "fruit", .several = "fruits"}, kFruit};

std::string refusal(const Registry<FruitEntry>& registry, std::string_view name) {
  try {
    registry.find(name);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "found";
}

TEST(Registry, KeepsItsContract) { test::expect_registry_contract(kFruitRegistry); }

TEST(Registry, FindsByNameAtCompileTime) {
  static_assert(kFruitRegistry.find_or_null("lemon")->sour);
  static_assert(kFruitRegistry.find_or_null("pear") == nullptr);
}

TEST(Registry, OffersWhatIsNearAndSaysWhereAllAre) {
  EXPECT_EQ(refusal(kFruitRegistry, "lenom"),
            "unknown fruit \"lenom\"; did you mean \"lemon\"? (emdyn fruit --list shows all)");
  EXPECT_EQ(refusal(kFruitRegistry, "pineapple"),
            "unknown fruit \"pineapple\" (emdyn fruit --list shows all)");
  EXPECT_EQ(refusal(kUnlisted, "lenom"),
            "unknown fruit \"lenom\"; did you mean \"lemon\"? known: apple, lemon");
  EXPECT_EQ(refusal(kUnlisted, "pineapple"), "unknown fruit \"pineapple\"; known: apple, lemon");
  EXPECT_THAT(refusal(kUnlisted, "\x1b[2J"), HasSubstr("\\x1b"));
}

TEST(Registry, EntryAsJson) {
  const Json json = entry_json(kFruitRegistry.form(), kFruit[0], facts(kFruit[0]));
  EXPECT_EQ(json.at("name"), "apple");
  EXPECT_EQ(json.at("sour"), false);
  EXPECT_EQ(json.at("paper"), "own");
  EXPECT_EQ(json.at("parameters").size(), 2U);
  const RegistryForm other{
      .what = "fruit", .several = "fruits", .summary_key = "help", .fields_key = "settings"};
  EXPECT_EQ(entry_json(other, kFruit[1]).at("help"), "keeps long");
  EXPECT_EQ(entry_json(other, kFruit[1]).at("settings"), Json::array());
}

TEST(Registry, SettingsInWords) {
  const Json fields = kFruit[0].fields();
  EXPECT_EQ(setting_default(fields[0]), "0.5");
  EXPECT_EQ(setting_range(fields[0]), "0 … 2");
  EXPECT_EQ(setting_default(fields[1]), "3");
  EXPECT_EQ(setting_range(fields[1]), "at least 0");
  EXPECT_EQ(setting_range(Json{{"default", true}}), "true, false");
  EXPECT_EQ(setting_range(Json{{"choices", {"a", "b"}}, {"default", "a"}}), "a, b");
}

TEST(Registry, PageHasEveryEntryWrappedAt120) {
  std::string intro;
  for (int i = 0; i < 60; ++i) intro += "word ";
  const std::string page = registry_page({.title = "Fruits", .intro = intro, .see = "fruits.md"},
                                         described(kFruitRegistry));
  EXPECT_THAT(page, HasSubstr("# Fruits\n"));
  EXPECT_THAT(page, HasSubstr("| [apple](#apple) | grows on trees | O(1) |"));
  EXPECT_THAT(page,
              HasSubstr("## lemon\n\nKeeps long.\n\n- sour: yes\n- grown_in: spring, autumn\n"));
  EXPECT_THAT(page, HasSubstr("| `seeds` | 3 | at least 0 | in one \\| half |"));
  EXPECT_THAT(page, HasSubstr("[fruits.md](../fruits.md)"));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with('|') || line.size() <= 120U) << line;
  }
  EXPECT_TRUE(page.ends_with("O(acid)\n- source: Linnaeus 1753\n"));
}

}  // namespace
}  // namespace emdyn
