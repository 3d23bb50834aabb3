#include "emdyn/stress/deep_fool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::stress {
namespace {

/// The move to the nearest of the boundaries that the box lets it reach (else towards the nearest).
void nearest_move(const Search& search, std::span<const float> x, std::span<const float> logits,
                  std::size_t label, const Slots& classes, const Rows& slopes, std::size_t first,
                  std::span<float> best) {
  // A hair beyond the boundary, as the paper's code does, in units of the box.
  const double hair =
      1e-4 * (static_cast<double>(search.box().high) - static_cast<double>(search.box().low));
  double shortest = std::numeric_limits<double>::infinity();
  std::vector<float> move(x.size());
  for (std::size_t k = 0; k < classes.size(); ++k) {
    const auto slope = slopes[first + k];
    const double dual = dual_norm(search.norm(), slope);
    if (!(dual > 0.0)) continue;
    const double gap = static_cast<double>(logits[label]) - static_cast<double>(logits[classes[k]]);
    const double need = std::abs(gap) + hair * dual;
    // Without the box it cannot be shorter than this.
    if (need / dual >= shortest) continue;
    double length = move_to_hyperplane(search.norm(), x, slope, need, search.box(), move);
    double got = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i)
      got += static_cast<double>(slope[i]) * static_cast<double>(move[i]);
    if (got < 0.999 * need) length = 1e30 * need / dual;  // Out of reach: a last resort.
    if (length >= shortest) continue;
    shortest = length;
    std::ranges::copy(move, best.begin());
  }
}

}  // namespace

Slots DeepFool::climb(Search& search, Slots slots, Rows& x, bool offer) const {
  const auto classes = rivals(search, slots, static_cast<std::size_t>(config_.classes - 1));
  Slots crossed;
  if (slots.empty()) return crossed;
  const std::size_t each = classes.front().size();
  std::vector<Slots> of(search.count());
  for (std::size_t i = 0; i < slots.size(); ++i) of[slots[i]] = classes[i];
  const Rows start = x;
  Rows base = x;  // Where the steps lead before the overshoot.
  Rows logits(0, 0);
  std::vector<float> move(search.size());
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
      }
      slots = left;
    }
    if (slots.empty() || step == config_.steps) break;
    std::vector<std::size_t> asked;
    for (const std::size_t slot : slots)
      asked.insert(asked.end(), of[slot].begin(), of[slot].end());
    const Rows slopes = search.jacobian(slots, x, asked, logits);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      std::ranges::fill(move, 0.0F);
      nearest_move(search, x[slot], logits[i], search.point(slot).label, of[slot], slopes, i * each,
                   move);
      advance(base[slot], move, 1.0);
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

}  // namespace emdyn::stress
