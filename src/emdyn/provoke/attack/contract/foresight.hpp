#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

/// Whether the slope at `x` leaves hope within `radius`: the level plus `doubt` times the largest
/// rise that the slope allows in ball and box is above 0. A concave function rises no more than
/// that once; the rest is for those that are not.
bool within_reach(const Search& search, std::size_t slot, double radius, std::span<const float> x,
                  std::span<const float> slope, double level, double doubt);

/// Looks ahead on the path of steps of steepest ascent. Where the slope says that the class changes
/// after some steps, the row that far on is looked at with a forward pass: a success there ends the
/// point's search, a failure leaves its path as it was. At most four looks per point; none without
/// active set, where every point takes all its steps.
class Foresight {
 public:
  Foresight(Search& search, AttackLoss loss);

  /// Nothing is in reach of a point that may be abandoned.
  bool hopeless(std::size_t slot, std::span<const float> x, std::span<const float> slope,
                double loss) const;
  /// Chooses how far to look from `x`, which has `left` steps of this length to go.
  void plan(std::size_t slot, std::span<const float> x, std::span<const float> direction,
            std::span<const float> slope, double loss, double length, std::int64_t left);
  /// Offers the rows that were planned.
  void look();

 private:
  double level(std::size_t slot, double loss) const;

  Search& search_;
  AttackLoss kind_;
  std::vector<int> looks_;
  Slots planned_;
  Rows rows_;
};

}  // namespace emdyn::provoke::attack
