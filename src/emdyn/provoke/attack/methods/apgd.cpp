#include "emdyn/provoke/attack/methods/apgd.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/foresight.hpp"
#include "emdyn/provoke/attack/contract/loss.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr double kFirstCheck = 0.22;  // Checkpoints as shares of the steps, as in the paper.
constexpr double kLeastCheck = 0.06;
constexpr double kCheckShrinks = 0.03;
constexpr double kFirstShare = 0.5;      // Of the way to what is known: the first steps are long.
constexpr double kDoubt = 4.0;           // Of slopes; the long first steps see far ones.
constexpr std::int64_t kLeastSteps = 4;  // Before a point may be abandoned.
constexpr double kStartSparsity = 0.2;   // Share of the values that the first l1 steps move.

/// One climb of the open points within `radius`, from `x` to the best points met.
class Climb {
 public:
  Climb(Search& search, const ApgdConfig& config, const PointLoss& loss, double radius,
        const Apgd::Trace& trace)
      : search_(search),
        config_(config),
        loss_(loss),
        radius_(radius),
        last_radius_(!(radius > search.epsilon())),
        trace_(trace),
        first_step_((search.norm() == Norm::l1 ? 1.0 : 2.0) * radius),
        old_(search.count(), search.size()),
        best_(search.count(), search.size()),
        slope_(search.count(), search.size()),
        best_slope_(search.count(), search.size()),
        state_(search.count()) {}

  void run(Slots slots, std::int64_t steps, Rows& x) {
    first(slots, x);
    const auto share = [&](double part) {
      return std::max<std::int64_t>(static_cast<std::int64_t>(part * static_cast<double>(steps)),
                                    1);
    };
    // In l1 every 4 %, else at shrinking distances.
    const bool l1 = search_.norm() == Norm::l1;
    std::int64_t period = share(l1 ? 0.04 : kFirstCheck);
    std::int64_t since = 0;
    for (std::int64_t step = 0; step < steps; ++step) {
      slots = search_.open(slots);
      if (slots.empty() || search_.stopped()) break;
      for (const std::size_t slot : slots) move(slot, step == 0, x[slot]);
      look(slots, step + 1 == steps, x);
      if (step >= kLeastSteps)
        std::erase_if(slots, [&](std::size_t slot) { return hopeless(slot); });
      if (++since < period) continue;
      for (const std::size_t slot : slots) l1 ? check_l1(slot, x) : check(slot, period, x);
      since = 0;
      if (!l1) period = std::max(period - share(kCheckShrinks), share(kLeastCheck));
    }
    for (const std::size_t slot : slots) std::ranges::copy(best_[slot], x[slot].begin());
  }

 private:
  struct State {
    double step = 0.0;
    double best = 0.0;
    double last = 0.0;
    double best_at_check = 0.0;
    std::int64_t rises = 0;
    bool reduced = true;
    double sparsity = kStartSparsity;
    double changed = 0.0;
  };

  void first(const Slots& slots, const Rows& x) {
    const Slopes slopes = search_.gradient(slots, x, loss_);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      search_.offer(slot, x[slot], slopes.logits[i]);
      const double loss = slopes.loss[i];
      state_[slot] = {.step = first_step_, .best = loss, .last = loss, .best_at_check = loss};
      state_[slot].changed = static_cast<double>(search_.size());
      std::ranges::copy(x[slot], old_[slot].begin());
      std::ranges::copy(x[slot], best_[slot].begin());
      std::ranges::copy(slopes.gradient[i], slope_[slot].begin());
      std::ranges::copy(slopes.gradient[i], best_slope_[slot].begin());
    }
  }

  void move(std::size_t slot, bool first_move, std::span<float> x) {
    const State& state = state_[slot];
    const auto origin = search_.original(slot);
    const std::vector<float> before(x.begin(), x.end());
    std::vector<float> direction(x.size());
    const auto sparse = static_cast<std::size_t>(state.sparsity * static_cast<double>(x.size()));
    steepest(search_.norm(), slope_[slot], sparse, direction);
    advance(x, direction, state.step);
    project(search_.norm(), origin, radius_, search_.box(), x);
    if (search_.norm() != Norm::l1) {
      const double weight = first_move ? 1.0 : config_.momentum;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double now = static_cast<double>(before[i]);
        x[i] = static_cast<float>(now + weight * (static_cast<double>(x[i]) - now) +
                                  (1.0 - weight) * (now - static_cast<double>(old_[slot][i])));
      }
      project(search_.norm(), origin, radius_, search_.box(), x);
    }
    std::ranges::copy(before, old_[slot].begin());
  }

  /// Asks for loss and slope where the points now are; the last time for the answer alone.
  void look(const Slots& slots, bool last, const Rows& x) {
    Slopes slopes{Rows(0, 0), std::vector<double>(slots.size()), Rows(0, 0)};
    if (last) {
      slopes.logits = search_.logits(slots, x);
      std::vector<float> unused(search_.classes());
      for (std::size_t i = 0; i < slots.size(); ++i)
        slopes.loss[i] = loss_(slots[i], slopes.logits[i], unused);
    } else {
      slopes = search_.gradient(slots, x, loss_);
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t slot = slots[i];
      State& state = state_[slot];
      search_.offer(slot, x[slot], slopes.logits[i]);
      state.rises += slopes.loss[i] > state.last ? 1 : 0;
      state.last = slopes.loss[i];
      if (!last) std::ranges::copy(slopes.gradient[i], slope_[slot].begin());
      if (slopes.loss[i] > state.best) {
        state.best = slopes.loss[i];
        std::ranges::copy(x[slot], best_[slot].begin());
        if (!last) std::ranges::copy(slopes.gradient[i], best_slope_[slot].begin());
      }
      if (trace_) trace_(slot, state.last, state.best);
    }
  }

  /// Nothing is in reach of the best place of a point that may be abandoned.
  bool hopeless(std::size_t slot) const {
    if (!last_radius_ || !search_.may_abandon(slot)) return false;
    const bool targeted = config_.targets > 0 || search_.point(slot).target.has_value();
    const double level =
        boundary_level(config_.loss, targeted, search_.classes(), state_[slot].best);
    return !within_reach(search_, slot, radius_, best_[slot], best_slope_[slot], level, kDoubt);
  }

  void back_to_best(std::size_t slot, Rows& x) {
    std::ranges::copy(best_[slot], x[slot].begin());
    std::ranges::copy(best_slope_[slot], slope_[slot].begin());
  }

  void check(std::size_t slot, std::int64_t period, Rows& x) {
    State& state = state_[slot];
    const bool few = static_cast<double>(state.rises) <= config_.rho * static_cast<double>(period);
    const bool stuck = !state.reduced && state.best <= state.best_at_check;
    state.reduced = few || stuck;
    state.best_at_check = state.best;
    state.rises = 0;
    if (!state.reduced) return;
    state.step /= 2.0;
    back_to_best(slot, x);
  }

  /// Sparser steps of full length while the best point grows sparser, shorter ones else.
  void check_l1(std::size_t slot, Rows& x) {
    State& state = state_[slot];
    const double changed =
        std::max(1.0, provoke::attack::distance(Norm::l0, search_.original(slot), best_[slot]));
    state.sparsity = changed / static_cast<double>(search_.size()) / 1.5;
    if (changed < 0.95 * state.changed) {
      state.step = first_step_;
      back_to_best(slot, x);
    } else {
      state.step = std::max(state.step / 1.5, first_step_ / 10.0);
    }
    state.changed = changed;
  }

  Search& search_;
  const ApgdConfig& config_;
  const PointLoss& loss_;
  double radius_;
  bool last_radius_;
  const Apgd::Trace& trace_;
  double first_step_;
  Rows old_, best_, slope_, best_slope_;
  std::vector<State> state_;
};

void climb(Search& search, const ApgdConfig& config, const PointLoss& loss,
           const Apgd::Trace& trace) {
  Rows x(search.count(), search.size());
  for (std::int64_t restart = 0; restart < config.restarts; ++restart) {
    Slots slots = search.open();
    if (slots.empty() || search.stopped()) return;
    for (const std::size_t slot : slots)
      restart == 0 ? warm_start(search, slot, x[slot], kFirstShare)
                   : random_start(search, slot, x[slot]);
    if (search.norm() != Norm::l1) {
      Climb(search, config, loss, search.epsilon(), trace).run(slots, config.steps, x);
      continue;
    }
    const std::int64_t third = std::max<std::int64_t>(config.steps * 3 / 10, 1);
    for (const std::int64_t factor : {3, 2, 1}) {
      slots = search.open(slots);
      if (slots.empty() || search.stopped()) return;
      const double radius = static_cast<double>(factor) * search.epsilon();
      for (const std::size_t slot : slots)
        project(Norm::l1, search.original(slot), radius, search.box(), x[slot]);
      const std::int64_t steps =
          factor > 1 ? third : std::max<std::int64_t>(config.steps - 2 * third, 1);
      Climb(search, config, loss, radius, trace).run(slots, steps, x);
    }
  }
}

}  // namespace

void Apgd::run(Search& search) const { run(search, {}); }

void Apgd::run(Search& search, const Trace& trace) const {
  if (config_.targets == 0) {
    climb(search, config_, point_loss(search, config_.loss), trace);
    return;
  }
  const Slots slots = search.open();
  const auto classes = rivals(search, slots, static_cast<std::size_t>(config_.targets));
  std::vector<std::size_t> target(search.count());
  const std::size_t turns = classes.empty() ? 0 : classes.front().size();
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < slots.size(); ++i) target[slots[i]] = classes[i][turn];
    const PointLoss loss = [&](std::size_t slot, std::span<const float> logits,
                               std::span<float> slope) {
      const std::size_t label = search.point(slot).label;
      switch (config_.loss) {
        case AttackLoss::cross_entropy:
          return log_probability(logits, target[slot], slope);
        case AttackLoss::margin:
          return difference(logits, label, target[slot], slope);
        default:
          return logit_ratio_to(logits, label, target[slot], slope);
      }
    };
    climb(search, config_, loss, trace);
  }
}

}  // namespace emdyn::provoke::attack
