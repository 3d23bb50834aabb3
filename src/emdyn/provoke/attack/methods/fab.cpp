#include "emdyn/provoke/attack/methods/fab.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/loss.hpp"

namespace emdyn::provoke::attack {

void Fab::run(Search& search) const {
  const Slots slots = search.open();
  const auto classes = rivals(search, slots, static_cast<std::size_t>(config_.targets));
  std::vector<std::size_t> target(search.count());
  const std::size_t turns = classes.empty() ? 0 : classes.front().size();
  Rows x(search.count(), search.size());
  for (std::int64_t restart = 0; restart < config_.restarts; ++restart) {
    for (std::size_t turn = 0; turn < turns; ++turn) {
      for (std::size_t i = 0; i < slots.size(); ++i) target[slots[i]] = classes[i][turn];
      const Slots left = search.open(slots);
      if (left.empty() || search.stopped()) return;
      start(search, left, restart == 0, x);
      towards(search, left, target, x);
    }
  }
}

void Fab::start(Search& search, const Slots& slots, bool first, Rows& x) const {
  for (const std::size_t slot : slots) {
    if (first) {
      std::ranges::copy(search.original(slot), x[slot].begin());
    } else {
      start_elsewhere(search, slot, 0.5, x[slot]);  // Half as far as what is known.
    }
  }
}

void Fab::step(const Search& search, std::size_t slot, std::span<const float> slope,
               double difference, std::span<float> x) const {
  const auto origin = search.original(slot);
  const Box& box = search.box();
  double along = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i)
    along += static_cast<double>(slope[i]) *
             (static_cast<double>(x[i]) - static_cast<double>(origin[i]));
  std::vector<float> from_point(x.size());
  std::vector<float> from_origin(x.size());
  const double near = move_to_hyperplane(search.norm(), x, slope, -difference, box, from_point);
  const double far =
      move_to_hyperplane(search.norm(), origin, slope, along - difference, box, from_origin);
  const double pull = std::min(near / std::max(near + far, 1e-12), config_.alpha);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = static_cast<double>(x[i]) + config_.eta * static_cast<double>(from_point[i]);
    const double b =
        static_cast<double>(origin[i]) + config_.eta * static_cast<double>(from_origin[i]);
    x[i] = std::clamp(static_cast<float>((1.0 - pull) * a + pull * b), box.low, box.high);
  }
}

void Fab::towards(Search& search, Slots slots, const std::vector<std::size_t>& target,
                  Rows& x) const {
  const PointLoss loss = [&](std::size_t slot, std::span<const float> logits,
                             std::span<float> slope) {
    const Point& point = search.point(slot);
    // Where the point is to be taken for one class, its rivals are all others.
    return point.target ? margin_to(logits, *point.target, slope)
                        : difference(logits, point.label, target[slot], slope);
  };
  for (std::int64_t step_index = 0; step_index < config_.steps; ++step_index) {
    slots = search.open(slots);
    if (slots.empty() || search.stopped()) return;
    const Slopes slopes = search.gradient(slots, x, loss);
    for (std::size_t i = 0; i < slots.size(); ++i)
      step(search, slots[i], slopes.gradient[i], slopes.loss[i], x[slots[i]]);
    const Rows logits = search.logits(slots, x);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto row = x[slots[i]];
      if (!search.offer(slots[i], row, logits[i])) continue;
      const auto origin = search.original(slots[i]);
      for (std::size_t k = 0; k < row.size(); ++k)
        row[k] = static_cast<float>(
            static_cast<double>(origin[k]) +
            config_.beta * (static_cast<double>(row[k]) - static_cast<double>(origin[k])));
    }
  }
}

}  // namespace emdyn::provoke::attack
