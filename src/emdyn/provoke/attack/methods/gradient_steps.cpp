#include "emdyn/provoke/attack/methods/gradient_steps.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/foresight.hpp"

namespace emdyn::provoke::attack {
namespace {

/// Half the way to what is known: from there steps of 4/3 of the radius in all reach every face.
constexpr double kStartShare = 0.5;

/// velocity = decay * velocity + slope / |slope|_1, in `slope` too.
void gather(std::span<float> velocity, std::span<float> slope, double decay) {
  const double length = dual_norm(Norm::linf, slope);
  const double scale = length > 0.0 ? 1.0 / length : 0.0;
  for (std::size_t i = 0; i < slope.size(); ++i) {
    velocity[i] = static_cast<float>(decay * static_cast<double>(velocity[i]) +
                                     scale * static_cast<double>(slope[i]));
    slope[i] = velocity[i];
  }
}

}  // namespace

void Fgsm::run(Search& search) const {
  Slots slots = search.open();
  if (slots.empty()) return;
  Rows x(search.count(), search.size());
  for (const std::size_t slot : slots) std::ranges::copy(search.original(slot), x[slot].begin());
  const Slopes slopes = search.gradient(slots, x, point_loss(search, config_.loss));
  std::vector<std::size_t> place(search.count());
  for (std::size_t i = 0; i < slots.size(); ++i) place[slots[i]] = i;
  for (const double epsilon : search.task().epsilons) {
    if (epsilon <= 0.0 || search.stopped()) continue;
    Slots asked;
    for (const std::size_t slot : slots) {
      if (search.point(slot).certified < epsilon && !std::isfinite(search.distance(slot)))
        asked.push_back(slot);
    }
    for (const std::size_t slot : asked) {
      const auto slope = slopes.gradient[place[slot]];
      std::ranges::copy(search.original(slot), x[slot].begin());
      steepest_row(search.norm(), search.original(slot), slope, epsilon, search.box(), x[slot]);
    }
    const Rows logits = search.logits(asked, x);
    for (std::size_t i = 0; i < asked.size(); ++i) search.offer(asked[i], x[asked[i]], logits[i]);
  }
}

void Steps::start(Search& search, const Slots& slots, bool first, Rows& x) const {
  for (const std::size_t slot : slots) {
    if (config_.random_start && !first) {
      random_start(search, slot, x[slot]);
    } else if (config_.random_start || !search.found(slot).empty()) {
      warm_start(search, slot, x[slot], kStartShare);
    } else {
      std::ranges::copy(search.original(slot), x[slot].begin());
    }
  }
}

void Steps::climb(Search& search, Slots slots, Rows& x) const {
  const PointLoss loss = point_loss(search, config_.loss);
  Rows velocity(config_.decay > 0.0 ? search.count() : 0, search.size());
  std::vector<float> direction(search.size());
  Foresight foresight(search, config_.loss);
  const auto sparse =
      static_cast<std::size_t>(std::ceil(config_.sparsity * static_cast<double>(search.size())));
  for (std::int64_t step = 0; step < config_.steps; ++step) {
    slots = search.open(slots);
    if (slots.empty() || search.stopped()) return;
    Slopes slopes = search.gradient(slots, x, loss);
    const double length = config_.step * search.epsilon();
    Slots left;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      search.offer(slot, x[slot], slopes.logits[i]);
      if (search.task().active_set && search.finished(slot)) continue;
      if (foresight.hopeless(slot, x[slot], slopes.gradient[i], slopes.loss[i])) continue;
      left.push_back(slot);
      if (config_.decay > 0.0) gather(velocity[slot], slopes.gradient[i], config_.decay);
      steepest(search.norm(), slopes.gradient[i], sparse, direction);
      if (!(config_.decay > 0.0))
        foresight.plan(slot, x[slot], direction, slopes.gradient[i], slopes.loss[i], length,
                       config_.steps - step);
      advance(x[slot], direction, length);
      project(search.norm(), search.original(slot), search.epsilon(), search.box(), x[slot]);
    }
    foresight.look();
    slots = left;
  }
  slots = search.open(slots);
  const Rows logits = search.logits(slots, x);
  for (std::size_t i = 0; i < slots.size(); ++i) search.offer(slots[i], x[slots[i]], logits[i]);
}

void Steps::run(Search& search) const {
  Rows x(search.count(), search.size());
  for (std::int64_t restart = 0; restart < config_.restarts; ++restart) {
    const Slots slots = search.open();
    if (slots.empty() || search.stopped()) return;
    start(search, slots, restart == 0, x);
    climb(search, slots, x);
  }
}

}  // namespace emdyn::provoke::attack
