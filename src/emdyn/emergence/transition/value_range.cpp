#include "emdyn/emergence/transition/value_range.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "emdyn/core/text.hpp"
#include "emdyn/emergence/mirage/metric_series.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::emergence {
namespace {

enum class Bound { none, share, positive, at_least_one, at_most_zero };

// Whole words of a name that say "share of a whole" and are neither a role nor a metric's kind.
constexpr std::array<std::string_view, 17> kShareWords{
    "accuracy", "acc",  "f1",      "precision", "recall", "auc",   "auroc", "auprc",   "iou",
    "dice",     "top1", "success", "winrate",   "rate",   "share", "ratio", "fraction"};

bool is_share_word(std::string_view name) {
  const std::string lower = to_lower(name);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= lower.size(); ++i) {
    if (i < lower.size() && letter(lower[i])) continue;
    const std::string_view word = std::string_view(lower).substr(begin, i - begin);
    begin = i + 1;
    // "learning rate" is no share of anything.
    if (word == "learning" || word == "lr") return false;
    if (std::ranges::find(kShareWords, word) != kShareWords.end()) return true;
  }
  return false;
}

Bound bound_of(std::string_view name) {
  using series::Role;
  if (const auto role = series::role_of(name)) {
    const bool accuracy = *role == Role::test_accuracy || *role == Role::train_accuracy;
    return accuracy ? Bound::share : Bound::positive;
  }
  using mirage::MetricKind;
  switch (mirage::kind_of_metric(name).value_or(MetricKind::other)) {
    case MetricKind::graded:
    case MetricKind::probability:
    case MetricKind::error_rate:
      return Bound::share;
    case MetricKind::loss:
    case MetricKind::brier:
      return Bound::positive;
    case MetricKind::perplexity:
      return Bound::at_least_one;
    case MetricKind::log_likelihood:
      return Bound::at_most_zero;
    case MetricKind::other:
      break;
  }
  if (is_share_word(name)) return Bound::share;
  const std::string lower = to_lower(name);
  return lower.find("norm") != std::string::npos ? Bound::positive : Bound::none;
}

}  // namespace

ValueRange value_range(std::string_view name, std::span<const double> values) {
  const Bound bound = bound_of(name);
  ValueRange range;
  if (bound == Bound::none) return range;
  double least = range.high;
  double most = range.low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  if (!(least <= most)) return range;
  // Sums of float32 shares end a rounding above 1.
  constexpr double kSlack = 1e-6;
  // Between one and two it is neither a share nor, hardly, a percentage.
  constexpr double kLeastPercent = 2.0;
  const bool percent = most > kLeastPercent;
  if (bound == Bound::share && least >= -kSlack && most <= 100.0 * (1.0 + kSlack) &&
      (percent || most <= 1.0 + kSlack)) {
    const double whole = percent ? 100.0 : 1.0;
    range = {std::min(0.0, least), std::max(whole, most), true, percent};
  } else if (bound == Bound::at_most_zero && most <= 0.0) {
    range.high = 0.0;
  } else if (bound == Bound::at_least_one && least >= 1.0) {
    range.low = 1.0;
  } else if ((bound == Bound::positive || bound == Bound::at_least_one) && least >= 0.0) {
    range.low = 0.0;
  }
  return range;
}

}  // namespace emdyn::emergence
