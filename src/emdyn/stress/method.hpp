#pragma once
#include "emdyn/core/json.hpp"
#include "emdyn/stress/search.hpp"

namespace emdyn::stress {

/// One attack with its settings. Calls are safe from many threads at once, each with its own
/// search.
class Method {
 public:
  virtual ~Method() = default;
  /// Offers rows to the search until its open points are found or the attack has done its work.
  virtual void run(Search& search) const = 0;
};

/// The losses that attacks can be told to raise.
enum class LossKind : std::uint8_t { cross_entropy, margin, logit_ratio };
inline constexpr std::array<std::string_view, 3> kLossWords{"cross_entropy", "margin",
                                                            "logit_ratio"};

/// The loss of each point away from its label or, where it has a target, towards that.
PointLoss point_loss(const Search& search, LossKind kind);

/// Writes a random point of the ball and the box: uniform in the cube for linf, in the ball for l2
/// and l1 (before the box cuts it).
void random_start(Search& search, std::size_t slot, std::span<float> row);

}  // namespace emdyn::stress
