#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/radii.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr int kRounds = 12;
constexpr int kSteps = 10;  // Up the margin, where the boundary has a kink.
constexpr double kShrink = 0.99;
constexpr double kWorthwhile = 0.999;  // What a round has to leave of the distance at most.

/// The row at `share` of the way from `near` to `far`.
void between(std::span<const float> near, std::span<const float> far, double share,
             std::span<float> row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto start = static_cast<double>(near[i]);
    row[i] = static_cast<float>(start + share * (static_cast<double>(far[i]) - start));
  }
}

class Polish {
 public:
  explicit Polish(Search& search)
      : search_(search),
        loss_(point_loss(search, AttackLoss::margin)),
        far_(search.count(), search.size()),
        near_(search.count(), search.size()),
        trial_(search.count(), search.size()) {}

  void run(Slots slots) {
    for (int round = 0; round < kRounds && !slots.empty() && !search_.stopped(); ++round) {
      std::vector<double> before(search_.count());
      for (const std::size_t slot : slots) before[slot] = search_.distance(slot);
      const auto worthwhile = [&](std::size_t slot) {
        return search_.distance(slot) < kWorthwhile * before[slot];
      };
      const Slots shorter = project_origins(slots);
      pull_back(shorter);
      Slots next;
      Slots kinked;
      for (const std::size_t slot : shorter) (worthwhile(slot) ? next : kinked).push_back(slot);
      climb(kinked);
      for (const std::size_t slot : kinked) {
        if (worthwhile(slot)) next.push_back(slot);
      }
      slots = search_.open(next);
    }
  }

 private:
  /// Writes to near_ the nearest row, from the original, on the boundary linearised at what was
  /// found. @return the slots where that is shorter than what was found.
  Slots project_origins(const Slots& slots) {
    for (const std::size_t slot : slots) std::ranges::copy(search_.found(slot), far_[slot].begin());
    const Slopes slopes = search_.gradient(slots, far_, loss_);
    Slots shorter;
    std::vector<float> move(search_.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      const auto origin = search_.original(slot);
      const auto slope = slopes.gradient[i];
      const double along = rise(slope, origin, far_[slot]);
      if (!(along > 0.0)) continue;
      const double gap = std::min(along - slopes.loss[i] + 1e-5 * along, along);
      if (!(gap > 0.0)) continue;
      const double length =
          move_to_hyperplane(search_.norm(), origin, slope, gap, search_.box(), move);
      if (!(length < kWorthwhile * search_.distance(slot))) continue;
      for (std::size_t k = 0; k < move.size(); ++k)
        near_[slot][k] = std::clamp(origin[k] + move[k], search_.box().low, search_.box().high);
      shorter.push_back(slot);
    }
    return shorter;
  }

  /// The nearest success between near_ and far_: near_ itself, else by four halvings.
  void pull_back(Slots slots) {
    std::vector<double> low(search_.count(), 0.0);
    std::vector<double> high(search_.count(), 1.0);
    for (int step = 0; step < 5 && !slots.empty() && !search_.stopped(); ++step) {
      const auto share = [&](std::size_t slot) {
        return step == 0 ? 0.0 : 0.5 * (low[slot] + high[slot]);
      };
      for (const std::size_t slot : slots)
        between(near_[slot], far_[slot], share(slot), trial_[slot]);
      const Rows logits = search_.logits(slots, trial_);
      Slots left;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        const bool success = search_.offer(slot, trial_[slot], logits[i]);
        (success ? high : low)[slot] = share(slot);
        if (step > 0 || !success) left.push_back(slot);
      }
      slots = left;
    }
  }

  /// Steps up the margin within a ball a little smaller than what was found.
  void climb(Slots slots) {
    if (slots.empty()) return;
    std::vector<double> radius(search_.count());
    for (const std::size_t slot : slots) {
      radius[slot] = kShrink * search_.distance(slot);
      std::ranges::copy(search_.found(slot), trial_[slot].begin());
      project(search_.norm(), search_.original(slot), radius[slot], search_.box(), trial_[slot]);
    }
    std::vector<float> direction(search_.size());
    double share = 0.5;  // Of the row's length in l2; falls to 1 %.
    for (int step = 0; step < kSteps && !slots.empty() && !search_.stopped(); ++step) {
      const Slopes slopes = search_.gradient(slots, trial_, loss_);
      Slots left;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        const auto origin = search_.original(slot);
        if (search_.offer(slot, trial_[slot], slopes.logits[i])) continue;
        left.push_back(slot);
        const double length = share * distance(Norm::l2, origin, trial_[slot]);
        steepest(Norm::l2, slopes.gradient[i], 0, direction);
        advance(trial_[slot], direction, length);
        project(search_.norm(), origin, radius[slot], search_.box(), trial_[slot]);
      }
      slots = left;
      share *= 0.65;
    }
    const Rows logits = search_.logits(slots, trial_);
    for (std::size_t i = 0; i < slots.size(); ++i)
      search_.offer(slots[i], trial_[slots[i]], logits[i]);
  }

  Search& search_;
  PointLoss loss_;
  Rows far_;
  Rows near_;
  Rows trial_;
};

}  // namespace

void polish(Search& search, const Slots& slots) {
  if (search.norm() == Norm::l0) return;
  Slots found;
  for (const std::size_t slot : search.open(slots)) {
    if (!search.found(slot).empty()) found.push_back(slot);
  }
  Polish(search).run(found);
}

}  // namespace emdyn::provoke::attack
