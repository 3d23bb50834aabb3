#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/registry.hpp"

namespace emdyn::probe {
namespace {

class ProbeContract : public ::testing::TestWithParam<ProbeEntry> {};

TEST_P(ProbeContract, SaysWhatUsersNeedToKnow) {
  const ProbeEntry& entry = GetParam();
  for (const std::string_view text :
       {entry.name, entry.family, entry.summary, entry.cost, entry.gives, entry.error}) {
    EXPECT_FALSE(text.empty());
  }
  EXPECT_FALSE(entry.needs.empty());
  EXPECT_EQ(&find_entry(entry.name), &*std::ranges::find(entries(), entry.name, &ProbeEntry::name));
}

TEST_P(ProbeContract, DescribesItsSettings) {
  for (const Json& field : GetParam().fields()) {
    EXPECT_FALSE(field["help"].get<std::string>().empty()) << field["name"];
    EXPECT_TRUE(field.contains("default")) << field["name"];
  }
  const Json json = GetParam();
  EXPECT_EQ(json["needs"].size(), GetParam().needs.size());
  EXPECT_EQ(json["name"], std::string(GetParam().name));
}

INSTANTIATE_TEST_SUITE_P(Every, ProbeContract,
                         ::testing::ValuesIn(entries().begin(), entries().end()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(ProbeRegistry, NamesAreUniqueAndFamiliesStandTogether) {
  std::set<std::string_view> names;
  std::set<std::string_view> families;
  std::string_view last;
  for (const ProbeEntry& entry : entries()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    if (entry.family != last) {
      EXPECT_TRUE(families.insert(entry.family).second) << entry.family;
    }
    last = entry.family;
  }
}

TEST(ProbeRegistry, OffersTheNearestName) {
  EXPECT_THROW(find_entry("nothing_like_it"), ConfigError);
  try {
    find_entry("heavy_tails");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("heavy_tail?"), std::string::npos);
  }
}

}  // namespace
}  // namespace emdyn::probe
