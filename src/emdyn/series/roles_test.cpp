#include "emdyn/series/roles.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

Run run_with(std::vector<std::string> names) {
  series::Run run;
  for (auto& name : names) run.signals.push_back({.name = std::move(name)});
  return run;
}

TEST(Roles, KnowTheCommonAliases) {
  EXPECT_EQ(role_of("val/acc"), Role::test_accuracy);
  EXPECT_EQ(role_of("eval_accuracy"), Role::test_accuracy);
  EXPECT_EQ(role_of("Loss/Train"), Role::train_loss);
  EXPECT_EQ(role_of("train/grad_norm"), Role::gradient_norm);
  EXPECT_EQ(role_of("banana"), std::nullopt);
}

TEST(Roles, PreferTheUsersChoiceThenTheExactWordThenTheFirstAlias) {
  const series::Run run = run_with({"accuracy", "val/acc", "test_accuracy", "mine"});
  EXPECT_EQ(find_role(run, Role::test_accuracy)->name, "test_accuracy");
  EXPECT_EQ(find_role(run, Role::test_accuracy, {{Role::test_accuracy, "mine"}})->name, "mine");
  EXPECT_EQ(find_role(run_with({"accuracy", "val/acc"}), Role::test_accuracy)->name, "val/acc");
  EXPECT_EQ(find_role(run, Role::weight_norm), nullptr);
}

TEST(Roles, SayWhatIsMissingOrWrong) {
  RoleChoices choices;
  EXPECT_THROW(add_role_choice(choices, "test_accuracy"), ConfigError);
  EXPECT_THROW(add_role_choice(choices, "nonsense=x"), ConfigError);
  add_role_choice(choices, "test_loss=a=b");  // Signal names may hold anything.
  EXPECT_EQ(choices.at(Role::test_loss), "a=b");
  EXPECT_THROW((void)find_role(run_with({"x"}), Role::test_loss, choices), DataError);
  EXPECT_EQ(
      missing_role_message(run_with({"x", "y"}), Role::test_loss),
      "role test_loss is missing: name the signal with --role test_loss=SIGNAL (signals: x, y)");
}

}  // namespace
}  // namespace emdyn::series
