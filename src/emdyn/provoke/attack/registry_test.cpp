#include "emdyn/provoke/attack/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn::provoke::attack {
namespace {

using ::testing::ThrowsMessage;

TEST(AttackRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(registry());
  for (const AttackEntry& entry : attacks()) {
    EXPECT_FALSE(entry.norms.empty()) << entry.name;
    EXPECT_EQ(entry.settings(entry.name, {}).size(), entry.fields().size()) << entry.name;
    EXPECT_NE(entry.make(entry.name, {}), nullptr) << entry.name;
  }
}

TEST(AttackRegistry, CurvesAreMeasuredByOneAttackWithAndOneWithoutGradients) {
  EXPECT_EQ(
      std::ranges::count(attacks(), true, [](const AttackEntry& entry) { return entry.on_curves; }),
      2);
  EXPECT_TRUE(curve_attack(true).gradient);
  EXPECT_FALSE(curve_attack(false).gradient);
}

TEST(AttackRegistry, TheDefaultsOfAFamilysMembersAreTheirOwn) {
  EXPECT_EQ(find_attack("bim").settings("bim", {}).at("random_start"), false);
  EXPECT_EQ(find_attack("pgd").settings("pgd", {}).at("random_start"), true);
  EXPECT_EQ(find_attack("bim").fields()[1].at("default"),
            find_attack("bim").settings("bim", {}).at("step"));
}

TEST(AttackRegistry, AnUnknownNameIsOfferedTheNearest) {
  EXPECT_THAT(
      [] { find_attack("fgms"); },
      ThrowsMessage<ConfigError>(
          "unknown attack \"fgms\"; did you mean \"fgsm\"? (emdyn stress attack --list shows all)"));
}

TEST(AttackRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "attacks",
      registry_page(
          {.title = "Attacks",
           .intro =
               "`emdyn stress attack --attack NAME --set NAME.SETTING=VALUE`. `gradient` attacks need "
               "a differentiable model, the others its answers only; `targeted` ones can be sent "
               "towards a class; `extent` is what one run takes care of. Costs are per point.",
           .see = "stress.md"},
          described(registry())));
}

}  // namespace
}  // namespace emdyn::provoke::attack
