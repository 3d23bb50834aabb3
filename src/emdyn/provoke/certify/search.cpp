#include "emdyn/provoke/certify/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

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

Part keep(const Choice& choice, double bound) {
  Part part{bound, choice.side, {}, {}};
  for (std::size_t j = 0; j < choice.side.size(); ++j) {
    const bool open = choice.side[j] == Side::open;
    part.multiplier.push_back(static_cast<float>(open ? choice.alpha[j] : choice.beta[j]));
    part.limits.push_back(std::nextafter(static_cast<float>(choice.line[j].lower), -INFINITY));
    part.limits.push_back(std::nextafter(static_cast<float>(choice.line[j].upper), INFINITY));
  }
  return part;
}

Choice restore(const Part& part) {
  const std::size_t count = part.side.size();
  Choice choice{part.side, std::vector<Line>(count), std::vector<double>(count),
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
  std::size_t choose(const Choice& choice, double bound) {
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
        Choice trial = choice;
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
  double cost(const Choice& choice, std::size_t unit) {
    (void)dual_.bound(margin_, 1.0, choice);
    return std::abs(dual_.coefficient(unit)) * choice.line[unit].intercept;
  }

  // Puts a unit on one side and tightens what depends on it. False where the side is impossible.
  bool assume(Choice& choice, std::size_t split, Side side) {
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

  double ascend(Choice& choice, int iterations) {
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
  static constexpr int kTrialIterations = 4;

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
                              const Form& margin, double rounding, const Choice& root,
                              const BranchOptions& options, const Verify& verify, Dual& dual) {
  constexpr int kLeafIterations = 500;
  const DescentOptions local{.steps = 6, .first_step = 0.1};
  Branching branching(units, region.size(), margin, rounding, options, dual);
  std::vector<Part> parts;
  const auto worse = [&](std::size_t a, std::size_t b) {
    return parts[a].bound != parts[b].bound ? parts[a].bound > parts[b].bound : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(worse)> open(worse);
  std::vector<std::size_t> free;
  const auto push = [&](Part part) {
    if (free.empty()) {
      parts.push_back(std::move(part));
      open.push(parts.size() - 1);
    } else {
      const std::size_t place = free.back();
      free.pop_back();
      parts[place] = std::move(part);
      open.push(place);
    }
  };
  BranchResult result;
  double certified = std::numeric_limits<double>::infinity();  // Least bound of a closed part.
  double unresolved = std::numeric_limits<double>::infinity();
  push(keep(root, dual.bound(margin, 1.0, root) - rounding));
  while (!open.empty()) {
    const bool out = result.nodes >= options.node_limit || dual.stopped();
    if (out) {
      result.bound = std::min({certified, unresolved, parts[open.top()].bound});
      return result;
    }
    const std::size_t place = open.top();
    open.pop();
    const Part part = std::move(parts[place]);
    free.push_back(place);
    const Choice parent = restore(part);
    const std::size_t split = branching.choose(parent, part.bound);
    if (split == Branching::kNone) {
      // Every sign is decided: a linear programme, whose dual has no gap.
      Choice leaf = parent;
      const double bound = std::max(part.bound, branching.ascend(leaf, kLeafIterations));
      if (bound > 0.0) {
        certified = std::min(certified, bound);
        continue;
      }
      if (descend(dual, region, margin, dual.minimiser(), {}, verify)) {
        result.outcome = Outcome::attacked;
        result.bound = std::min({part.bound, certified, unresolved});
        return result;
      }
      unresolved = std::min(unresolved, bound);
      continue;
    }
    const double cost = branching.cost(parent, split);
    for (const Side side : {Side::inactive, Side::active}) {
      ++result.nodes;
      Choice child = parent;
      if (!branching.assume(child, split, side)) continue;
      const double bound = std::max(part.bound, branching.ascend(child, options.iterations));
      branching.learn(split, side, bound - part.bound, cost);
      if (bound > 0.0) {
        certified = std::min(certified, bound);
        continue;
      }
      if (descend(dual, region, margin, dual.minimiser(), local, verify)) {
        result.outcome = Outcome::attacked;
        result.bound = std::min({part.bound, certified, unresolved});
        return result;
      }
      push(keep(child, bound));
    }
  }
  result.bound = std::min(certified, unresolved);
  if (unresolved == std::numeric_limits<double>::infinity()) result.outcome = Outcome::certified;
  return result;
}

}  // namespace emdyn::provoke::certify
