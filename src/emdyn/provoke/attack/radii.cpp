#include "emdyn/provoke/attack/radii.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::provoke::attack {
namespace {

/// The smallest radius of the task at which `make(slot, epsilon, row)` is a success, among the
/// places [0, high) of each slot: bisection, as if larger radii always did better. Successes are
/// offered. `near` looks at the largest of them first: if that fails, the rest is not asked.
template <class Make>
void bisect_radii(Search& search, Slots slots, std::vector<std::size_t> high, bool near,
                  const Make& make) {
  const auto& radii = search.task().epsilons;
  std::vector<std::size_t> low(search.count(), 0);
  for (const std::size_t slot : slots) {
    const double least = std::max(search.point(slot).certified, 0.0);
    low[slot] = static_cast<std::size_t>(std::ranges::upper_bound(radii, least) - radii.begin());
  }
  Rows rows(search.count(), search.size());
  const auto probe = [&](std::size_t slot) {
    return near ? high[slot] - 1 : (low[slot] + high[slot]) / 2;
  };
  while (!search.stopped()) {
    std::erase_if(slots, [&](std::size_t slot) { return low[slot] >= high[slot]; });
    if (slots.empty()) return;
    for (const std::size_t slot : slots) make(slot, radii[probe(slot)], rows[slot]);
    const Rows logits = search.logits(slots, rows);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      const std::size_t at = probe(slot);
      if (search.offer(slot, rows[slot], logits[i])) {
        high[slot] = at;
      } else {
        low[slot] = at + 1;
      }
    }
    near = false;
  }
}

/// One gradient at the original, and the row of steepest ascent at some of the radii.
void open_with_one_step(Search& search) {
  const Slots slots = search.open();
  if (slots.empty() || search.stopped()) return;
  const Slopes slopes =
      search.gradient(slots, originals(search), point_loss(search, AttackLoss::cross_entropy));
  std::vector<std::size_t> place(search.count());
  for (std::size_t i = 0; i < slots.size(); ++i) place[slots[i]] = i;
  const std::vector<std::size_t> all(search.count(), search.task().epsilons.size());
  bisect_radii(search, slots, all, false,
               [&](std::size_t slot, double epsilon, std::span<float> row) {
                 const auto origin = search.original(slot);
                 std::ranges::copy(origin, row.begin());
                 steepest_row(search.norm(), origin, slopes.gradient[place[slot]], epsilon,
                              search.box(), row);
               });
}

/// Looks whether what was found, projected on smaller radii, is a success there.
void bring_within(Search& search, const Slots& slots, std::size_t radius) {
  const std::vector<std::size_t> below(search.count(), radius);
  Rows far(search.count(), search.size());
  for (const std::size_t slot : slots) std::ranges::copy(search.found(slot), far[slot].begin());
  bisect_radii(search, slots, below, true,
               [&](std::size_t slot, double epsilon, std::span<float> row) {
                 std::ranges::copy(far[slot], row.begin());
                 project(search.norm(), search.original(slot), epsilon, search.box(), row);
               });
}

}  // namespace

void descend(const AttackMethod& method, Search& search, bool slopes) {
  const auto& radii = search.task().epsilons;
  const bool several =
      std::ranges::count_if(radii, [](double epsilon) { return epsilon > 0.0; }) > 1;
  search.set_descending(several);
  if (several && slopes) open_with_one_step(search);
  for (std::size_t k = radii.size(); k-- > 0 && !search.stopped();) {
    if (radii[k] <= 0.0) return;
    search.set_epsilon(radii[k]);
    const Slots asked = search.open();
    if (asked.empty()) continue;
    method.run(search);
    Slots found;
    for (const std::size_t slot : asked) {
      if (search.finished(slot)) {
        found.push_back(slot);
      } else {
        search.give_up(slot);
      }
    }
    if (k > 0) bring_within(search, found, k);
  }
}

void refine(Search& search, const Slots& slots, std::int64_t halvings) {
  Slots found;
  for (const std::size_t slot : slots) {
    if (!search.found(slot).empty()) found.push_back(slot);
  }
  if (found.empty() || search.norm() == Norm::l0) return;
  Rows far(search.count(), search.size());
  Rows trial(search.count(), search.size());
  std::vector<double> low(search.count(), 0.0);
  std::vector<double> high(search.count(), 1.0);
  for (const std::size_t slot : found) std::ranges::copy(search.found(slot), far[slot].begin());
  for (std::int64_t step = 0; step < halvings && !search.stopped(); ++step) {
    for (const std::size_t slot : found) {
      const double share = 0.5 * (low[slot] + high[slot]);
      const auto origin = search.original(slot);
      for (std::size_t i = 0; i < search.size(); ++i) {
        const auto start = static_cast<double>(origin[i]);
        trial[slot][i] =
            static_cast<float>(start + share * (static_cast<double>(far[slot][i]) - start));
      }
    }
    const Rows logits = search.logits(found, trial);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t slot = found[i];
      const bool success = search.offer(slot, trial[slot], logits[i]);
      (success ? high : low)[slot] = 0.5 * (low[slot] + high[slot]);
    }
  }
}

}  // namespace emdyn::provoke::attack
