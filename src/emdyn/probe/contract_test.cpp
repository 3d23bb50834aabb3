#include <gtest/gtest.h>

#include <set>
#include <string>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"
#include "emdyn/probe/registry.hpp"

namespace emdyn::probe {
namespace {

TEST(ProbeRegistry, KeepsTheContractOfRegistries) {
  test::expect_registry_contract(probes());
  for (const ProbeEntry& entry : probes().entries()) {
    EXPECT_FALSE(entry.gives.empty()) << entry.name;
    EXPECT_FALSE(entry.error.empty()) << entry.name;
    EXPECT_FALSE(entry.needs.empty()) << entry.name;
    EXPECT_EQ(Json(entry)["needs"].size(), entry.needs.size()) << entry.name;
  }
}

TEST(ProbeRegistry, FamiliesStandTogether) {
  std::set<std::string_view> families;
  std::string_view last;
  for (const ProbeEntry& entry : probes().entries()) {
    if (entry.family != last) {
      EXPECT_TRUE(families.insert(entry.family).second) << entry.family;
    }
    last = entry.family;
  }
}

TEST(ProbeRegistry, PageIsCurrent) {
  test::expect_page_current(
      EMDYN_SOURCE_DIR, "probes",
      registry_page({.title = "Probes",
                     .intro = "What `emdyn probe` and the library measure inside a network. "
                              "Written from the registry.",
                     .see = "probes.md"},
                    described(probes())));
}

TEST(ProbeRegistry, OffersTheNearestName) {
  EXPECT_THROW(probes().find("nothing_like_it"), ConfigError);
  try {
    probes().find("heavy_tails");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("heavy_tail\"?"), std::string::npos);
  }
}

}  // namespace
}  // namespace emdyn::probe
