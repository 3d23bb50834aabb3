#include "emdyn/provoke/attack/methods/deep_fool.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/nearest_boundary.hpp"

namespace emdyn::provoke::attack {

Slots DeepFool::climb(Search& search, Slots slots, Rows& x, bool offer) const {
  Slots crossed;
  if (slots.empty()) return crossed;
  NearestBoundary boundary(search, slots, static_cast<std::size_t>(config_.classes - 1));
  const Rows start = x;
  Rows base = x;  // Where the steps lead before the overshoot.
  Rows moves(search.count(), search.size());
  for (std::int64_t step = 0; step <= config_.steps && !slots.empty(); ++step) {
    if (search.stopped()) break;
    // What has crossed leaves before gradients are paid for.
    if (step > 0) {
      const Rows answers = search.logits(slots, x);
      Slots left;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const bool success = offer ? search.offer(slots[i], x[slots[i]], answers[i])
                                   : search.success(slots[i], answers[i]);
        (success ? crossed : left).push_back(slots[i]);
        boundary.see(slots[i], answers[i]);
      }
      slots = left;
    }
    if (slots.empty() || step == config_.steps) break;
    boundary.look(slots, x, moves);
    for (const std::size_t slot : slots) {
      advance(base[slot], moves[slot], 1.0);
      for (std::size_t k = 0; k < search.size(); ++k) {
        const double from = static_cast<double>(start[slot][k]);
        const double to = static_cast<double>(base[slot][k]);
        x[slot][k] = std::clamp(static_cast<float>(from + (1.0 + config_.overshoot) * (to - from)),
                                search.box().low, search.box().high);
      }
    }
  }
  return crossed;
}

void DeepFool::run(Search& search) const {
  Rows x = originals(search);
  climb(search, search.open(), x, true);
}

}  // namespace emdyn::provoke::attack
