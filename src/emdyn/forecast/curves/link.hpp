#pragma once
#include <limits>
#include <span>
#include <string_view>

namespace emdyn::forecast {

/// The scale on which a signal is extrapolated.
enum class LinkKind {
  identity,  ///< As it is, clipped to its bounds.
  log,       ///< Positive quantities that range over decades.
  logit,     ///< Shares of something: accuracies, AUCs.
};
std::string_view word(LinkKind kind) noexcept;

/// A monotone scale and the bounds that no forecast leaves. A plain value.
struct CurveLink {
  LinkKind kind = LinkKind::identity;
  double low = -std::numeric_limits<double>::infinity();  ///< Least value the signal can have.
  double high = std::numeric_limits<double>::infinity();  ///< Largest one.

  /// @param value finite, in the signal's unit; beyond the bounds it counts as at them.
  double forward(double value) const noexcept;
  /// The value of a point on the scale, within the bounds.
  double back(double scaled) const noexcept;
  bool operator==(const CurveLink&) const = default;
};

/// The link of a signal from its name and its values so far: logit for what is called a share
/// (accuracy, AUC, F1, …) and lies in [0, 1], or in [0, 100] where it is in percent; log for
/// positive values over more than a factor of 30; else identity, with a floor of 0 for what is
/// called a loss, norm, perplexity or error and is never negative. O(values).
/// @param values finite ones; may be empty.
CurveLink choose_link(std::string_view name, std::span<const double> values);

}  // namespace emdyn::forecast
