#include "emdyn/provoke/attack/contract/nearest_boundary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::provoke::attack {
namespace {

constexpr std::size_t kFirst = 3;  // Classes asked about before any slope is known.
constexpr double kDoubt = 2.0;     // How much steeper a slope may have become.
constexpr double kNone = std::numeric_limits<double>::infinity();

}  // namespace

NearestBoundary::NearestBoundary(Search& search, const Slots& slots, std::size_t classes)
    : search_(search), best_(search.count()) {
  const auto rival_classes = rivals(search, slots, classes);
  each_ = rival_classes.empty() ? 0 : rival_classes.front().size();
  boundaries_.resize(search.count() * each_);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    for (std::size_t k = 0; k < each_; ++k) of(slots[i])[k].to = rival_classes[i][k];
  }
}

void NearestBoundary::see(std::size_t slot, std::span<const float> logits) {
  const std::size_t label = search_.point(slot).label;
  for (Boundary& boundary : of(slot))
    boundary.gap =
        std::abs(static_cast<double>(logits[label]) - static_cast<double>(logits[boundary.to]));
}

std::vector<std::size_t> NearestBoundary::first_choice(std::size_t slot) {
  const auto all = of(slot);
  std::vector<std::size_t> chosen;
  double shortest = kNone;
  double steepest_seen = 0.0;
  for (const Boundary& boundary : all) {
    steepest_seen = std::max(steepest_seen, boundary.dual);
    if (boundary.dual > 0.0) shortest = std::min(shortest, boundary.gap / boundary.dual);
  }
  for (std::size_t k = 0; k < all.size(); ++k) {
    const double dual = all[k].dual > 0.0 ? all[k].dual : steepest_seen;
    const bool near = dual > 0.0 ? all[k].gap <= kDoubt * shortest * dual : k < kFirst;
    if (near) chosen.push_back(k);
  }
  return chosen;
}

std::vector<std::size_t> NearestBoundary::still_possible(std::size_t slot, double shortest) {
  const auto all = of(slot);
  double steepest_seen = 0.0;
  for (const Boundary& boundary : all) steepest_seen = std::max(steepest_seen, boundary.dual);
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < all.size(); ++k) {
    const double dual = all[k].dual > 0.0 ? all[k].dual : steepest_seen;
    // Where no slope is known at all there is nothing to judge by.
    if (!all[k].asked && (!(dual > 0.0) || all[k].gap < kDoubt * dual * shortest))
      chosen.push_back(k);
  }
  return chosen;
}

void NearestBoundary::ask_alike(const Slots& slots,
                                const std::vector<std::vector<std::size_t>>& chosen,
                                std::size_t count, const Rows& x, Rows& moves) {
  // A hair beyond the boundary, as DeepFool's code does, in units of the box.
  const Box& box = search_.box();
  const double hair = 1e-4 * (static_cast<double>(box.high) - static_cast<double>(box.low));
  std::vector<std::size_t> asked;
  for (const std::size_t slot : slots) {
    for (const std::size_t k : chosen[slot]) asked.push_back(of(slot)[k].to);
  }
  Rows logits(0, 0);
  const Rows slopes = search_.jacobian(slots, x, asked, logits);
  std::vector<float> move(x.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const std::size_t slot = slots[i];
    see(slot, logits[i]);
    for (std::size_t j = 0; j < count; ++j) {
      Boundary& boundary = of(slot)[chosen[slot][j]];
      const auto slope = slopes[i * count + j];
      boundary.asked = true;
      boundary.dual = dual_norm(search_.norm(), slope);
      if (!(boundary.dual > 0.0)) continue;
      const double need = boundary.gap + hair * boundary.dual;
      // Without the box it cannot be shorter than this.
      if (need / boundary.dual >= best_[slot].length) continue;
      double length = move_to_hyperplane(search_.norm(), x[slot], slope, need, box, move);
      double got = 0.0;
      for (std::size_t v = 0; v < x.size(); ++v)
        got += static_cast<double>(slope[v]) * static_cast<double>(move[v]);
      if (got < 0.999 * need) length = 1e30 * need / boundary.dual;  // Out of reach: a last resort.
      if (length >= best_[slot].length) continue;
      best_[slot] = {boundary.to, length};
      std::ranges::copy(move, moves[slot].begin());
    }
  }
}

void NearestBoundary::ask(const Slots& slots, const std::vector<std::vector<std::size_t>>& chosen,
                          const Rows& x, Rows& moves) {
  for (std::size_t count = 1; count <= each_; ++count) {
    Slots alike;
    for (const std::size_t slot : slots) {
      if (chosen[slot].size() == count) alike.push_back(slot);
    }
    if (!alike.empty()) ask_alike(alike, chosen, count, x, moves);
  }
}

Slots NearestBoundary::look(const Slots& slots, const Rows& x, Rows& moves) {
  std::vector<std::vector<std::size_t>> chosen(search_.count());
  for (const std::size_t slot : slots) {
    for (Boundary& boundary : of(slot)) boundary.asked = false;
    best_[slot] = {each_ > 0 ? of(slot).front().to : 0, kNone};
    std::ranges::fill(moves[slot], 0.0F);
    chosen[slot] = first_choice(slot);
  }
  for (Slots left = slots; !left.empty() && !search_.stopped();) {
    ask(left, chosen, x, moves);
    Slots next;
    for (const std::size_t slot : left) {
      chosen[slot] = still_possible(slot, best_[slot].length);
      if (!chosen[slot].empty()) next.push_back(slot);
    }
    left = next;
  }
  Slots nearest;
  for (const std::size_t slot : slots) nearest.push_back(best_[slot].to);
  return nearest;
}

Slots nearest_classes(Search& search, const Slots& slots) {
  constexpr std::size_t kClasses = 9;
  NearestBoundary boundary(search, slots, kClasses);
  Slots result(search.count(), 0);
  if (boundary.classes() < 2) {
    for (const std::size_t slot : slots) result[slot] = search.point(slot).label == 0 ? 1 : 0;
    return result;
  }
  Rows moves(search.count(), search.size());
  const Slots nearest = boundary.look(slots, originals(search), moves);
  for (std::size_t i = 0; i < slots.size(); ++i) result[slots[i]] = nearest[i];
  return result;
}

}  // namespace emdyn::provoke::attack
