#pragma once
#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

namespace emdyn::emergence {

/// What values a signal can take: no fit and no sentence leaves it.
struct ValueRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool share = false;    ///< Of a whole: 0 to 1, or 0 to 100 where `percent`.
  bool percent = false;  ///< Written from 0 to 100.

  bool holds(double value) const noexcept { return value >= low && value <= high; }
  double limit(double value) const noexcept { return std::clamp(value, low, high); }
};

/// From the role or the name, kept only where every finite value lies within: accuracies, error
/// rates and probabilities in [0, 1] or in percent [0, 100]; losses, norms and learning rates at
/// least 0; perplexities at least 1; log-likelihoods at most 0. Anything else is unbounded.
ValueRange value_range(std::string_view name, std::span<const double> values);

}  // namespace emdyn::emergence
