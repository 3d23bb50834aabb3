#include "emdyn/report/chart/family.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace emdyn::report {

namespace {

struct FamilyWord {
  std::string_view word;  ///< Whole, or its beginning where it ends in '*'.
  std::string_view family;
};

constexpr auto kScores = std::to_array<std::string_view>(
    {"loss",  "losses", "acc",   "accuracy", "accuracies", "ppl",     "perplexity", "nll",
     "bpb",   "bpc",    "bleu",  "rouge",    "rouge1",     "rouge2",  "rougel",     "f1",
     "auc",   "auroc",  "auprc", "mse",      "rmse",       "mae",     "error",      "errors",
     "err",   "top1",   "top5",  "score",    "precision",  "recall",  "iou",        "miou",
     "dice",  "map",    "wer",   "cer",      "reward",     "rewards", "return",     "em",
     "brier", "r2",     "elo",   "winrate",  "mcc"});

// Words of quantities; the first that the name holds decides.
constexpr std::array kQuantities{
    FamilyWord{"grad", "gradients"},
    FamilyWord{"grads", "gradients"},
    FamilyWord{"gradnorm", "gradients"},
    FamilyWord{"gradient*", "gradients"},
    FamilyWord{"weight", "weights"},
    FamilyWord{"weights", "weights"},
    FamilyWord{"fourier", "representation"},
    FamilyWord{"rank", "representation"},
    FamilyWord{"cka", "representation"},
    FamilyWord{"represent*", "representation"},
    FamilyWord{"dimension*", "representation"},
    FamilyWord{"spectr*", "representation"},
    FamilyWord{"collapse", "representation"},
    FamilyWord{"anisotropy", "representation"},
    FamilyWord{"eigen*", "representation"},
    FamilyWord{"activation*", "activations"},
    FamilyWord{"act", "activations"},
    FamilyWord{"acts", "activations"},
    FamilyWord{"dead", "activations"},
    FamilyWord{"kurtosis", "activations"},
    FamilyWord{"saturation", "activations"},
    FamilyWord{"logit", "activations"},
    FamilyWord{"logits", "activations"},
    FamilyWord{"param*", "weights"},
    FamilyWord{"update*", "weights"},
};

// Weaker words: counts of data, then places of a network.
constexpr std::array kPlaces{
    FamilyWord{"token*", "data"},
    FamilyWord{"batch*", "data"},
    FamilyWord{"data", "data"},
    FamilyWord{"dataset", "data"},
    FamilyWord{"epoch*", "data"},
    FamilyWord{"sample*", "data"},
    FamilyWord{"label*", "data"},
    FamilyWord{"entropy", "loss"},
    FamilyWord{"attention", "activations"},
    FamilyWord{"attn", "activations"},
    FamilyWord{"embed*", "representation"},
};

// What is set, not measured, though a word of it is a quantity.
constexpr auto kSettings = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"learning", "rate"}, {"weight", "decay"}, {"loss", "scale"}, {"grad", "clip"}});

using Words = std::vector<std::string>;

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "valAcc", "MSELoss/train_set" as words in lower case.
Words words_of(std::string_view name) {
  Words words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool upper = is_upper(c);
    if (!upper && !is_lower(c) && !is_digit(c)) {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    const bool after_lower = i > 0 && is_lower(name[i - 1]);
    const bool before_lower = i + 1 < name.size() && is_lower(name[i + 1]);
    const bool begins = upper && (after_lower || (i > 0 && is_upper(name[i - 1]) && before_lower));
    if (begins && !words.back().empty()) words.emplace_back();
    words.back() += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool fits(std::string_view word, std::string_view pattern) noexcept {
  if (pattern.back() == '*') return word.starts_with(pattern.substr(0, pattern.size() - 1));
  return word == pattern;
}

bool has_score(const Words& words) {
  return std::ranges::any_of(words, [](const std::string& word) {
    return std::ranges::find(kScores, word) != kScores.end();
  });
}

bool is_setting(const Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    for (const auto& [first, second] : kSettings) {
      if (words[i - 1] == first && words[i] == second) return true;
    }
  }
  return false;
}

template <std::size_t count>
std::string_view first_of(const std::array<FamilyWord, count>& table, const Words& words) {
  for (const FamilyWord& entry : table) {
    const auto same = [&](const std::string& word) { return fits(word, entry.word); };
    if (std::ranges::any_of(words, same)) return entry.family;
  }
  return {};
}

}  // namespace

std::string_view family_of_role(series::Role role) noexcept {
  switch (role) {
    case series::Role::train_loss:
    case series::Role::test_loss:
    case series::Role::train_accuracy:
    case series::Role::test_accuracy:
      return "loss";
    case series::Role::gradient_norm:
      return "gradients";
    case series::Role::update_norm:
    case series::Role::weight_norm:
      return "weights";
    case series::Role::learning_rate:
      break;
  }
  return "other";
}

std::string_view signal_family(std::string_view signal) {
  if (const auto role = series::role_of(signal)) return family_of_role(*role);
  const Words all = words_of(signal);
  if (is_setting(all)) return "other";
  const std::size_t slash = signal.rfind('/');
  const Words last = slash == std::string_view::npos ? all : words_of(signal.substr(slash + 1));
  if (has_score(last)) return "loss";
  if (const auto family = first_of(kQuantities, all); !family.empty()) return family;
  if (has_score(all)) return "loss";
  const auto family = first_of(kPlaces, all);
  return family.empty() ? "other" : family;
}

}  // namespace emdyn::report
