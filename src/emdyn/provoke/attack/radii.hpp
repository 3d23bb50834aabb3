#pragma once
#include <cstdint>

#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

/// Asks an attack of one radius for all radii of the task, from the largest down: what breaks a
/// point within one breaks it within every larger one, so a point fails at most once.
///
/// With several radii and `slopes`, one gradient at the original tells where to begin: the row of
/// steepest ascent is looked at for radii found by bisection, as are the attack's own rows, brought
/// within smaller radii. From there on the attack is asked at the radii where the point still
/// holds, and may leave it when its slope says that nothing is in reach (within_reach).
void descend(const AttackMethod& method, Search& search, bool slopes);

/// Pulls what was found towards the original for as long as it stays a success.
void refine(Search& search, const Slots& slots, std::int64_t halvings);

/// Brings what was found nearer where the model's slope shows how: each round moves to the shortest
/// distance from the original to the boundary linearised at the row, as far as that stays a
/// success; where the boundary has a kink there, steps up the margin within 0.99 of the distance.
/// Ends when the linear model knows nothing shorter or a round brings less than 0.1 %. Rows that
/// are finished already are left alone.
void polish(Search& search, const Slots& slots);

}  // namespace emdyn::provoke::attack
