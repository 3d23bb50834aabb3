#include "emdyn/forecast/curves/link.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "emdyn/core/text.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::forecast {
namespace {

// Nearer to a bound than this a share says no more than that it is there: an accuracy of 1,000
// examples knows no finer step.
constexpr double kNearBound = 2e-3;
constexpr double kDecades = 30.0;  // A factor over which additive changes stop making sense.

constexpr std::array<std::string_view, 10> kShares{"acc",    "auc",       "f1",   "exact_match",
                                                   "recall", "precision", "map@", "pass@",
                                                   "share",  "stereotype"};
constexpr std::array<std::string_view, 8> kPositive{"loss", "norm",    "ppl",        "perplexity",
                                                    "nll",  "entropy", "error_rate", "bits_per"};

template <std::size_t N>
bool names_one(std::string_view name, const std::array<std::string_view, N>& words) {
  const std::string lower = to_lower(name);
  return std::ranges::any_of(
      words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

bool is_share(std::string_view name) {
  const auto role = series::role_of(name);
  if (role) return *role == series::Role::train_accuracy || *role == series::Role::test_accuracy;
  return names_one(name, kShares) && !names_one(name, kPositive);
}

}  // namespace

std::string_view word(LinkKind kind) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"identity", "log", "logit"};
  return kWords[static_cast<std::size_t>(kind)];
}

double CurveLink::forward(double value) const noexcept {
  switch (kind) {
    case LinkKind::identity:
      return std::clamp(value, low, high);
    case LinkKind::log:
      return std::log(std::max(value, std::numeric_limits<double>::min()));
    case LinkKind::logit:
      break;
  }
  const double share = std::clamp((value - low) / (high - low), kNearBound, 1.0 - kNearBound);
  return std::log(share / (1.0 - share));
}

double CurveLink::back(double scaled) const noexcept {
  switch (kind) {
    case LinkKind::identity:
      return std::clamp(scaled, low, high);
    case LinkKind::log:
      return std::exp(std::clamp(scaled, -700.0, 700.0));
    case LinkKind::logit:
      break;
  }
  return low + (high - low) / (1.0 + std::exp(-scaled));
}

CurveLink choose_link(std::string_view name, std::span<const double> values) {
  if (values.empty()) return {};
  const auto [least, most] = std::ranges::minmax(values);
  if (is_share(name) && least >= 0.0 && most <= 100.0)
    return {LinkKind::logit, 0.0, most <= 1.0 ? 1.0 : 100.0};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (least > 0.0 && most > kDecades * least) return {LinkKind::log, 0.0, kInfinity};
  if (least >= 0.0 && names_one(name, kPositive)) return {LinkKind::identity, 0.0, kInfinity};
  return {};
}

}  // namespace emdyn::forecast
