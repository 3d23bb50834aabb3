#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/json.hpp"
#include "emdyn/provoke/attack/contract/search.hpp"

namespace emdyn::provoke::attack {

/// One attack with its settings. Calls are safe from many threads at once, each with its own
/// search.
class AttackMethod {
 public:
  virtual ~AttackMethod() = default;
  /// Offers rows to the search until its open points are found or the attack has done its work.
  virtual void run(Search& search) const = 0;
};

/// The losses that attacks can be told to raise.
enum class AttackLoss : std::uint8_t { cross_entropy, margin, logit_ratio };
inline constexpr std::array<std::string_view, 3> kLossWords{"cross_entropy", "margin",
                                                            "logit_ratio"};

/// The loss of each point away from its label or, where it has a target, towards that.
PointLoss point_loss(const Search& search, AttackLoss kind);

/// A number whose slope is the one that a loss wrote, and which is above 0 wherever the point is a
/// success: with cross entropy the log-odds of the other classes, which lie above the margin. `own`
/// is the loss's value; towards a target when told so.
double boundary_level(AttackLoss kind, bool targeted, std::size_t classes, double own) noexcept;

/// Writes a random point of the ball and the box: uniform in the cube for linf, in the ball for l2
/// and l1 (before the box cuts it).
void random_start(Search& search, std::size_t slot, std::span<float> row);

/// A row per point: the points as they are.
Rows originals(const Search& search);

/// What is known of the point, brought within the radius, or a share of the way there; a random
/// point of the ball where nothing is known.
void warm_start(Search& search, std::size_t slot, std::span<float> row, double share = 1.0);

/// Where to begin once more: a random point within `share` of the distance of what was found; of
/// the whole box where nothing was.
void start_elsewhere(Search& search, std::size_t slot, double share, std::span<float> row);

/// row += length * direction.
void advance(std::span<float> row, std::span<const float> direction, double length);

/// The classes other than the point's label, the likeliest first, at most `count`; its target alone
/// where it has one. One forward pass each.
std::vector<Slots> rivals(Search& search, const Slots& slots, std::size_t count);

}  // namespace emdyn::provoke::attack
