#include "emdyn/provoke/attack/methods/universal.hpp"

#include <algorithm>
#include <numeric>

#include "emdyn/provoke/attack/methods/deep_fool.hpp"

namespace emdyn::provoke::attack {
namespace {

void shifted(const Search& search, std::size_t slot, std::span<const float> change,
             std::span<float> row) {
  const auto origin = search.original(slot);
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = std::clamp(origin[i] + change[i], search.box().low, search.box().high);
}

/// Slots that `change` does not break.
Slots unbroken(Search& search, const Slots& slots, std::span<const float> change, Rows& x) {
  for (const std::size_t slot : slots) shifted(search, slot, change, x[slot]);
  const Rows logits = search.logits(slots, x);
  Slots left;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!search.success(slots[i], logits[i])) left.push_back(slots[i]);
  }
  return left;
}

}  // namespace

void Universal::run(Search& search) const {
  const Slots slots = search.open();
  if (slots.empty()) return;
  const DeepFool deep_fool({.steps = config_.steps, .overshoot = config_.overshoot});
  const Box wide{-3e38F, 3e38F};
  const std::vector<float> zero(search.size(), 0.0F);
  std::vector<float> change(search.size(), 0.0F);
  std::vector<float> best = change;
  std::size_t fewest = slots.size() + 1;
  Rows x(search.count(), search.size());
  Slots order = slots;
  for (std::int64_t pass = 0; pass < config_.passes && !search.stopped(); ++pass) {
    shuffle(order, search.random(slots.front()));
    for (const std::size_t slot : order) {
      if (search.stopped()) break;
      if (unbroken(search, {slot}, change, x).empty()) continue;
      const std::vector<float> before(x[slot].begin(), x[slot].end());
      if (deep_fool.climb(search, {slot}, x, false).empty()) continue;
      for (std::size_t i = 0; i < change.size(); ++i) change[i] += x[slot][i] - before[i];
      project(search.norm(), zero, search.epsilon(), wide, change);
    }
    const std::size_t left = unbroken(search, slots, change, x).size();
    if (left < fewest) {
      fewest = left;
      best = change;
    }
    const double broken = 1.0 - static_cast<double>(left) / static_cast<double>(slots.size());
    if (broken >= config_.fooling_rate) break;
  }
  for (const std::size_t slot : slots) {
    shifted(search, slot, best, x[slot]);
    // origin + change rounds.
    project(search.norm(), search.original(slot), search.epsilon(), search.box(), x[slot]);
  }
  const Rows logits = search.logits(slots, x);
  for (std::size_t i = 0; i < slots.size(); ++i) search.offer(slots[i], x[slots[i]], logits[i]);
}

}  // namespace emdyn::provoke::attack
