#include "emdyn/series/roles.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::series {
namespace {

constexpr std::array<std::string_view, 8> kWords{"train_loss",    "test_loss",     "train_accuracy",
                                                 "test_accuracy", "gradient_norm", "update_norm",
                                                 "weight_norm",   "learning_rate"};

// Aliases in canonical form: lower case, words joined by one space.
constexpr std::pair<std::string_view, Role> kAliases[] = {
    {"train loss", Role::train_loss},
    {"loss train", Role::train_loss},
    {"training loss", Role::train_loss},
    {"loss training", Role::train_loss},
    {"lm loss", Role::train_loss},
    {"loss", Role::train_loss},
    {"train nll", Role::train_loss},
    {"train cross entropy", Role::train_loss},
    {"test loss", Role::test_loss},
    {"loss test", Role::test_loss},
    {"val loss", Role::test_loss},
    {"loss val", Role::test_loss},
    {"valid loss", Role::test_loss},
    {"loss valid", Role::test_loss},
    {"validation loss", Role::test_loss},
    {"loss validation", Role::test_loss},
    {"eval loss", Role::test_loss},
    {"loss eval", Role::test_loss},
    {"dev loss", Role::test_loss},
    {"train accuracy", Role::train_accuracy},
    {"train acc", Role::train_accuracy},
    {"acc train", Role::train_accuracy},
    {"accuracy train", Role::train_accuracy},
    {"training accuracy", Role::train_accuracy},
    {"test accuracy", Role::test_accuracy},
    {"test acc", Role::test_accuracy},
    {"acc test", Role::test_accuracy},
    {"accuracy test", Role::test_accuracy},
    {"val accuracy", Role::test_accuracy},
    {"val acc", Role::test_accuracy},
    {"acc val", Role::test_accuracy},
    {"accuracy val", Role::test_accuracy},
    {"valid accuracy", Role::test_accuracy},
    {"valid acc", Role::test_accuracy},
    {"validation accuracy", Role::test_accuracy},
    {"validation acc", Role::test_accuracy},
    {"accuracy validation", Role::test_accuracy},
    {"eval accuracy", Role::test_accuracy},
    {"eval acc", Role::test_accuracy},
    {"accuracy eval", Role::test_accuracy},
    {"dev accuracy", Role::test_accuracy},
    {"dev acc", Role::test_accuracy},
    {"accuracy", Role::test_accuracy},
    {"acc", Role::test_accuracy},
    {"gradient norm", Role::gradient_norm},
    {"grad norm", Role::gradient_norm},
    {"gradnorm", Role::gradient_norm},
    {"norm gradient", Role::gradient_norm},
    {"grad norm total", Role::gradient_norm},
    {"train grad norm", Role::gradient_norm},
    {"update norm", Role::update_norm},
    {"weight norm", Role::weight_norm},
    {"param norm", Role::weight_norm},
    {"parameter norm", Role::weight_norm},
    {"params norm", Role::weight_norm},
    {"weights norm", Role::weight_norm},
    {"norm weight", Role::weight_norm},
    {"learning rate", Role::learning_rate},
    {"lr", Role::learning_rate},
    {"train lr", Role::learning_rate},
    {"train learning rate", Role::learning_rate},
};

std::string canonical(std::string_view name) {
  std::string text;
  for (const char c : to_lower(name)) {
    const bool separator = c == '/' || c == '_' || c == '-' || c == '.' || c == ' ' || c == ':';
    if (!separator) {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

std::string_view word(Role role) noexcept { return kWords[static_cast<std::size_t>(role)]; }
std::span<const std::string_view> role_words() noexcept { return kWords; }

Role role_from_word(std::string_view word) {
  const auto found = std::ranges::find(kWords, word);
  if (found == kWords.end()) {
    throw ConfigError(fmt::format("unknown role \"{}\"; roles: {}", word, fmt::join(kWords, ", ")));
  }
  return static_cast<Role>(found - kWords.begin());
}

void add_role_choice(RoleChoices& choices, std::string_view text) {
  const auto equal = text.find('=');
  if (equal == std::string_view::npos || equal == 0 || equal + 1 == text.size()) {
    throw ConfigError(fmt::format("--role needs ROLE=SIGNAL, got \"{}\"", text));
  }
  choices[role_from_word(text.substr(0, equal))] = text.substr(equal + 1);
}

std::optional<Role> role_of(std::string_view signal) noexcept {
  const std::string text = canonical(signal);
  for (const auto& [alias, role] : kAliases) {
    if (alias == text) return role;
  }
  return std::nullopt;
}

const Signal* find_role(const Run& run, Role role, const RoleChoices& choices) {
  if (const auto chosen = choices.find(role); chosen != choices.end()) {
    if (const Signal* signal = run.find(chosen->second)) return signal;
    throw DataError(
        fmt::format("--role {}={}: the run has no such signal", word(role), chosen->second));
  }
  if (const Signal* exact = run.find(word(role))) return exact;
  // Aliases are listed from the most to the least explicit one.
  for (const auto& [alias, meant] : kAliases) {
    if (meant != role) continue;
    for (const Signal& signal : run.signals) {
      if (canonical(signal.name) == alias) return &signal;
    }
  }
  return nullptr;
}

std::string missing_role_message(const Run& run, Role role) {
  std::vector<std::string> names;
  for (const Signal& signal : run.signals) {
    if (names.size() == 12) {
      names.emplace_back("…");
      break;
    }
    names.push_back(terminal_safe(signal.name));
  }
  return fmt::format("role {} is missing: name the signal with --role {}=SIGNAL (signals: {})",
                     word(role), word(role), fmt::join(names, ", "));
}

}  // namespace emdyn::series
