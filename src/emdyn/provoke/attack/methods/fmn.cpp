#include "emdyn/provoke/attack/methods/fmn.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/provoke/attack/contract/loss.hpp"
#include "emdyn/provoke/attack/contract/nearest_boundary.hpp"

namespace emdyn::provoke::attack {
namespace {

double cosine(double first, double last, std::int64_t step, std::int64_t steps) {
  const double turn = std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
  return last + 0.5 * (first - last) * (1.0 + std::cos(turn));
}

/// The radius of a point: how it answers to a success or a failure.
struct Radius {
  double epsilon = 0.0;
  bool known = false;  ///< A success was met.

  void success(Norm norm, double gamma, double best) {
    const double shrunk = epsilon * (1.0 - gamma);
    epsilon = norm == Norm::l0 ? std::max(1.0, std::min({epsilon - 1.0, std::floor(shrunk), best}))
                               : std::min(known ? shrunk : best * (1.0 - gamma), best);
    known = true;
  }
  void failure(Norm norm, double gamma, double size, double to_boundary) {
    if (norm == Norm::l0) {
      epsilon = std::max(epsilon + 1.0, std::floor(epsilon * (1.0 + gamma)));
    } else {
      // A little beyond the estimate, which on a flat boundary ends exactly on it.
      epsilon = (known ? epsilon : size + to_boundary) * (1.0 + gamma);
    }
  }
};

}  // namespace

void Fmn::run(Search& search) const {
  const Slots all = search.open();
  if (all.empty()) return;
  const Slots towards = nearest_classes(search, all);
  // The likeliest rival need not be the nearest: that one is followed until something is found.
  const PointLoss loss = [&](std::size_t slot, std::span<const float> logits,
                             std::span<float> slope) {
    const Point& point = search.point(slot);
    if (point.target) return margin_to(logits, *point.target, slope);
    return search.found(slot).empty() ? difference(logits, point.label, towards[slot], slope)
                                      : margin(logits, point.label, slope);
  };
  Rows x = originals(search);
  for (std::int64_t restart = 0; restart < config_.restarts; ++restart) {
    const Slots slots = search.open(all);
    if (slots.empty() || search.stopped()) return;
    if (restart > 0) {
      for (const std::size_t slot : slots) start_elsewhere(search, slot, 1.0, x[slot]);
    }
    descend(search, slots, loss, x);
  }
}

void Fmn::descend(Search& search, Slots slots, const PointLoss& loss, Rows& x) const {
  const Box& box = search.box();
  const double width = static_cast<double>(box.high) - static_cast<double>(box.low);
  std::vector<Radius> radius(search.count());
  for (const std::size_t slot : slots) {
    // A later start searches below what is known.
    if (!search.found(slot).empty()) radius[slot] = {search.distance(slot), true};
  }
  std::vector<float> direction(search.size());
  for (std::int64_t step = 0; step < config_.steps; ++step) {
    slots = search.open(slots);
    if (slots.empty() || search.stopped()) return;
    const Slopes slopes = search.gradient(slots, x, loss);
    const double gamma = cosine(config_.gamma, config_.last_gamma, step, config_.steps);
    const double length = width * cosine(config_.step, config_.last_step, step, config_.steps);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      const auto origin = search.original(slot);
      const auto slope = slopes.gradient[i];
      if (search.offer(slot, x[slot], slopes.logits[i])) {
        radius[slot].success(search.norm(), gamma, search.distance(slot));
      } else {
        const double dual = dual_norm(search.norm(), slope);
        radius[slot].failure(search.norm(), gamma,
                             provoke::attack::distance(search.norm(), origin, x[slot]),
                             dual > 0.0 ? std::abs(slopes.loss[i]) / dual : width);
      }
      steepest(Norm::l2, slope, 0, direction);
      advance(x[slot], direction, length);
      project(search.norm(), origin, radius[slot].epsilon, box, x[slot]);
    }
  }
  slots = search.open(slots);
  const Rows logits = search.logits(slots, x);
  for (std::size_t i = 0; i < slots.size(); ++i) search.offer(slots[i], x[slots[i]], logits[i]);
}

}  // namespace emdyn::provoke::attack
