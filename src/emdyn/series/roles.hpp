#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/run.hpp"

namespace emdyn::series {

/// What a signal means, whatever its file calls it.
enum class Role {
  train_loss,
  test_loss,
  train_accuracy,
  test_accuracy,
  gradient_norm,
  update_norm,
  weight_norm,
  learning_rate,
};

std::string_view word(Role role) noexcept;
std::span<const std::string_view> role_words() noexcept;
/// @throws ConfigError listing the roles for a word that names none.
Role role_from_word(std::string_view word);

/// Roles given by the user: `test_accuracy=val/acc`.
using RoleChoices = std::map<Role, std::string>;
/// @throws ConfigError when `text` is not ROLE=SIGNAL.
void add_role_choice(RoleChoices& choices, std::string_view text);

/// The role a signal's name is a common alias of (`val/acc`, `eval_accuracy`, `loss/train`, …).
/// Case, and the separators / _ - . and space, do not matter.
std::optional<Role> role_of(std::string_view signal) noexcept;

/// The signal that plays `role`: the user's choice, else the exact role word, else the first alias.
/// Null when there is none. @throws DataError when the user's choice names no signal of the run.
const Signal* find_role(const Run& run, Role role, const RoleChoices& choices = {});

/// "role test_accuracy is missing: …, give it with --role test_accuracy=SIGNAL (signals: …)".
std::string missing_role_message(const Run& run, Role role);

}  // namespace emdyn::series
