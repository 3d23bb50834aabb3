#include "emdyn/provoke/certify/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::provoke::certify {
namespace {

// A step against the gradient: its signs for Linf, its direction for L2.
void step(const Region& region, std::span<const double> gradient, double length,
          std::span<double> x) {
  double scale = length;
  if (region.norm() == Norm::l2) {
    double square = 0.0;
    for (const double g : gradient) square += g * g;
    if (square <= 0.0) return;
    scale = length / std::sqrt(square);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double g = gradient[i];
    const double direction = region.norm() == Norm::l2 ? g : g > 0.0 ? 1.0 : g < 0.0 ? -1.0 : 0.0;
    x[i] -= scale * direction;
  }
  region.project(x);
}

// A part of the region, as compact as it can wait in a queue.
struct Part {
  double bound = 0.0;
  std::vector<Side> side{};
  std::vector<float> multiplier{};  // alpha of an open unit, beta of a decided one.
  std::vector<float> limits{};      // Bounds of units, rounded outward.
};

Part keep(const Relaxation& choice, double bound) {
  Part part{bound, choice.side, {}, {}};
  for (std::size_t j = 0; j < choice.side.size(); ++j) {
    const bool open = choice.side[j] == Side::open;
    part.multiplier.push_back(static_cast<float>(open ? choice.alpha[j] : choice.beta[j]));
    part.limits.push_back(std::nextafter(static_cast<float>(choice.line[j].lower), -INFINITY));
    part.limits.push_back(std::nextafter(static_cast<float>(choice.line[j].upper), INFINITY));
  }
  return part;
}

Relaxation restore(const Part& part) {
  const std::size_t count = part.side.size();
  Relaxation choice{part.side, std::vector<Line>(count), std::vector<double>(count),
                    std::vector<double>(count)};
  for (std::size_t j = 0; j < count; ++j) {
    choice.line[j].set(static_cast<double>(part.limits[2 * j]),
                       static_cast<double>(part.limits[2 * j + 1]));
    const auto multiplier = static_cast<double>(part.multiplier[j]);
    (part.side[j] == Side::open ? choice.alpha[j] : choice.beta[j]) = multiplier;
  }
  return choice;
}

// For every unit the units that its argument depends on, directly or through others.
class Dependence {
 public:
  Dependence(const std::vector<Unit>& units, std::size_t inputs)
      : words_((units.size() + 63) / 64), bits_(units.size() * words_) {
    for (std::size_t j = 0; j < units.size(); ++j) {
      const Form& form = units[j].form;
      const auto add = [&](std::size_t k) {
        bits_[j * words_ + k / 64] |= std::uint64_t{1} << (k % 64);
        for (std::size_t w = 0; w < words_; ++w) bits_[j * words_ + w] |= bits_[k * words_ + w];
      };
      if (form.dense()) {
        for (std::size_t i = inputs; i < form.value.size(); ++i)
          if (form.value[i] != 0.0) add(i - inputs);
      } else {
        for (const std::uint32_t i : form.index)
          if (i >= inputs) add(i - inputs);
      }
    }
  }
  bool on(std::size_t unit, std::size_t earlier) const noexcept {
    return (bits_[unit * words_ + earlier / 64] >> (earlier % 64) & 1U) != 0;
  }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

class Branching {
 public:
  Branching(const std::vector<Unit>& units, std::size_t inputs, const Form& margin, double rounding,
            const BranchOptions& options, Dual& dual)
      : units_(units),
        margin_(margin),
        rounding_(rounding),
        options_(options),
        dual_(dual),
        dependence_(units, inputs) {}

  // The unit to split on; none when no open unit matters to the bound.
  std::size_t choose(const Relaxation& choice, double bound) {
    (void)dual_.bound(margin_, 1.0, choice);
    candidates_.clear();
    for (std::size_t j = 0; j < units_.size(); ++j) {
      const double q = dual_.coefficient(j);
      if (choice.side[j] != Side::open || q == 0.0) continue;
      // What the relaxation costs the bound at most; scaled by what such costs have been worth.
      const double cost = std::abs(q) * choice.line[j].intercept;
      candidates_.push_back({score(j, cost, bound), cost, j});
    }
    if (candidates_.empty()) return kNone;
    std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      return a.score != b.score ? a.score > b.score : a.unit < b.unit;
    });
    const std::size_t count =
        std::min(candidates_.size(), static_cast<std::size_t>(std::max(1, options_.candidates)));
    for (std::size_t k = 0; k < count && !dual_.stopped(); ++k) {
      Candidate& candidate = candidates_[k];
      if (history_[candidate.unit].reliable()) continue;
      for (const Side side : {Side::inactive, Side::active}) {
        Relaxation trial = choice;
        trial.side[candidate.unit] = side;
        learn(candidate.unit, side, ascend(trial, kTrialIterations) - bound, candidate.cost);
      }
      candidate.score = score(candidate.unit, candidate.cost, bound);
    }
    std::size_t best = 0;
    for (std::size_t k = 1; k < count; ++k)
      if (candidates_[k].score > candidates_[best].score) best = k;
    return candidates_[best].unit;
  }

  // What a half gained over its parent, in units of the cost there.
  void learn(std::size_t unit, Side side, double gain, double cost) {
    if (!(cost > 0.0)) return;
    for (History* history : {&history_[unit], &overall_}) {
      history->gain[side == Side::active] += std::max(0.0, gain) / cost;
      history->count[side == Side::active] += 1.0;
    }
  }
  double cost(const Relaxation& choice, std::size_t unit) {
    (void)dual_.bound(margin_, 1.0, choice);
    return std::abs(dual_.coefficient(unit)) * choice.line[unit].intercept;
  }

  // Puts a unit on one side and tightens what depends on it. False where the side is impossible.
  bool assume(Relaxation& choice, std::size_t split, Side side) {
    choice.side[split] = side;
    Line& line = choice.line[split];
    line.set(side == Side::active ? 0.0 : line.lower, side == Side::active ? line.upper : 0.0);
    for (std::size_t j = split + 1; j < units_.size(); ++j) {
      if (choice.side[j] != Side::open || !dependence_.on(j, split)) continue;
      if (dual_.stopped()) return true;  // Looser bounds hold as well.
      const Unit& unit = units_[j];
      Line& other = choice.line[j];
      const double low = std::max(other.lower, dual_.bound(unit.form, 1.0, choice) - unit.rounding);
      const double high =
          std::min(other.upper, -dual_.bound(unit.form, -1.0, choice) + unit.rounding);
      if (low > high) return false;
      other.set(low, high);
      if (low >= 0.0) choice.side[j] = Side::active;
      if (high <= 0.0) choice.side[j] = Side::inactive;
    }
    return true;
  }

  double ascend(Relaxation& choice, int iterations) {
    const Dual::Ascent ascent{.iterations = iterations, .stop_above = rounding_};
    return dual_.ascend(margin_, 1.0, choice, ascent) - rounding_;
  }

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

 private:
  const std::vector<Unit>& units_;
  const Form& margin_;
  double rounding_;
  const BranchOptions& options_;
  Dual& dual_;
  struct History {
    double gain[2] = {};
    double count[2] = {};
    bool reliable() const noexcept { return std::min(count[0], count[1]) >= 4.0; }
  };
  struct Candidate {
    double score = 0.0;
    double cost = 0.0;
    std::size_t unit = 0;
  };
  static constexpr int kTrialIterations = 4;  // Only ranks units; the halves are bounded in full.

  // Product of the gains that are expected in both halves, none more than is needed.
  double score(std::size_t unit, double cost, double bound) const {
    double product = 1.0;
    for (const std::size_t half : {0U, 1U}) {
      const History& own = history_[unit];
      const double average = own.count[half] > 0.0 ? own.gain[half] / own.count[half]
                             : overall_.count[half] > 0.0
                                 ? overall_.gain[half] / overall_.count[half]
                                 : 1.0;
      product *= std::max(std::min(average * cost, -bound), 1e-6 * cost);
    }
    return product;
  }

  Dependence dependence_;
  std::vector<History> history_ = std::vector<History>(units_.size());
  History overall_{};
  std::vector<Candidate> candidates_{};
};

/// Parts that wait to be split, the one with the least bound first. What closed parts held is used
/// again: a part holds lines and slopes of every unit.
class OpenParts {
 public:
  bool empty() const noexcept { return order_.empty(); }
  double least_bound() const { return parts_[order_.front()].bound; }

  void push(Part part) {
    std::size_t place = parts_.size();
    if (free_.empty()) {
      parts_.push_back(std::move(part));
    } else {
      place = free_.back();
      free_.pop_back();
      parts_[place] = std::move(part);
    }
    order_.push_back(place);
    std::ranges::push_heap(order_, Later{parts_});
  }

  Part pop() {
    std::ranges::pop_heap(order_, Later{parts_});
    const std::size_t place = order_.back();
    order_.pop_back();
    free_.push_back(place);
    return std::move(parts_[place]);
  }

 private:
  // Equal bounds go by place, so that the order is the same on every machine.
  struct Later {
    const std::vector<Part>& parts;
    bool operator()(std::size_t a, std::size_t b) const {
      return parts[a].bound != parts[b].bound ? parts[a].bound > parts[b].bound : a > b;
    }
  };

  std::vector<Part> parts_{};
  std::vector<std::size_t> order_{};  // A heap of places in parts_.
  std::vector<std::size_t> free_{};
};

class BranchAndBound {
 public:
  BranchAndBound(const Region& region, const std::vector<Unit>& units, const Form& margin,
                 double rounding, const BranchOptions& options, const Verify& verify, Dual& dual)
      : region_(region),
        margin_(margin),
        rounding_(rounding),
        options_(options),
        verify_(verify),
        dual_(dual),
        branching_(units, region.size(), margin, rounding, options, dual) {}

  BranchResult run(const Relaxation& root) {
    open_.push(keep(root, dual_.bound(margin_, 1.0, root) - rounding_));
    while (!open_.empty()) {
      if (nodes_ >= options_.node_limit || dual_.stopped())
        return ended(BranchOutcome::undecided, open_.least_bound());
      const Part part = open_.pop();
      const Relaxation parent = restore(part);
      const std::size_t unit = branching_.choose(parent, part.bound);
      const bool broken =
          unit == Branching::kNone ? leaf_breaks(part, parent) : half_breaks(part, parent, unit);
      // Best first: no part that is still open has a lower bound than this one.
      if (broken) return ended(BranchOutcome::attacked, part.bound);
    }
    return ended(unresolved_ == kInfinite ? BranchOutcome::certified : BranchOutcome::undecided,
                 kInfinite);
  }

 private:
  static constexpr double kInfinite = std::numeric_limits<double>::infinity();
  static constexpr int kLeafIterations = 500;

  // Every sign is decided: a linear programme, whose dual has no gap.
  bool leaf_breaks(const Part& part, Relaxation leaf) {
    const double bound = std::max(part.bound, branching_.ascend(leaf, kLeafIterations));
    if (closes(bound)) return false;
    if (descend(dual_, region_, margin_, dual_.minimiser(), {}, verify_)) return true;
    unresolved_ = std::min(unresolved_, bound);
    return false;
  }

  bool half_breaks(const Part& part, const Relaxation& parent, std::size_t unit) {
    // Cheap, since every half pays for it; leaves get the whole search.
    constexpr DescentOptions kNear{.steps = 6, .first_step = 0.1};
    const double cost = branching_.cost(parent, unit);
    for (const Side side : {Side::inactive, Side::active}) {
      ++nodes_;
      Relaxation child = parent;
      if (!branching_.assume(child, unit, side)) continue;
      const double bound = std::max(part.bound, branching_.ascend(child, options_.iterations));
      branching_.learn(unit, side, bound - part.bound, cost);
      if (closes(bound)) continue;
      if (descend(dual_, region_, margin_, dual_.minimiser(), kNear, verify_)) return true;
      open_.push(keep(child, bound));
    }
    return false;
  }

  bool closes(double bound) noexcept {
    if (!(bound > 0.0)) return false;
    certified_ = std::min(certified_, bound);
    return true;
  }

  BranchResult ended(BranchOutcome outcome, double open_bound) const {
    return {outcome, std::min({open_bound, certified_, unresolved_}), nodes_};
  }

  const Region& region_;
  const Form& margin_;
  double rounding_;
  const BranchOptions& options_;
  const Verify& verify_;
  Dual& dual_;
  Branching branching_;
  OpenParts open_{};
  double certified_ = kInfinite;   // Least bound of a part that is proved.
  double unresolved_ = kInfinite;  // Of a leaf that is neither proved nor broken.
  std::int64_t nodes_ = 0;
};

}  // namespace

bool descend(Dual& dual, const Region& region, const Form& margin, std::vector<double> start,
             const DescentOptions& options, const Verify& verify) {
  double length = options.first_step * region.epsilon();
  const double cooling =
      std::pow(options.last_step / options.first_step, 1.0 / std::max(1, options.steps - 1));
  double refused = 0.0;
  for (int i = 0;; ++i) {
    const double value = dual.exact(margin, start);
    // What the real model refused once is tried again only where the margin is lower.
    if (value < refused) {
      if (verify(start)) return true;
      refused = value;
    }
    if (i == options.steps || dual.stopped()) return false;
    step(region, dual.gradient(margin), length, start);
    length *= cooling;
  }
}

BranchResult branch_and_bound(const Region& region, const std::vector<Unit>& units,
                              const Form& margin, double rounding, const Relaxation& root,
                              const BranchOptions& options, const Verify& verify, Dual& dual) {
  return BranchAndBound(region, units, margin, rounding, options, verify, dual).run(root);
}

}  // namespace emdyn::provoke::certify
