#include "emdyn/provoke/attack/contract/method.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/loss.hpp"

namespace emdyn::provoke::attack {

PointLoss point_loss(const Search& search, AttackLoss kind) {
  return [&search, kind](std::size_t slot, std::span<const float> logits, std::span<float> slope) {
    const Point& point = search.point(slot);
    switch (kind) {
      case AttackLoss::cross_entropy:
        return point.target ? log_probability(logits, *point.target, slope)
                            : cross_entropy(logits, point.label, slope);
      case AttackLoss::logit_ratio:
        return point.target ? logit_ratio_to(logits, point.label, *point.target, slope)
                            : logit_ratio(logits, point.label, slope);
      default:
        return point.target ? margin_to(logits, *point.target, slope)
                            : margin(logits, point.label, slope);
    }
  };
}

double boundary_level(AttackLoss kind, bool targeted, std::size_t classes, double own) noexcept {
  if (kind != AttackLoss::cross_entropy) return own;
  const double surprise = std::max(targeted ? -own : own, 1e-300);  // -log p
  const double odds = surprise > 30.0 ? surprise : std::log(std::expm1(surprise));
  // Towards a target the odds lie below the margin, by no more than this.
  return targeted ? -odds + std::log(static_cast<double>(classes)) : odds;
}

void random_start(Search& search, std::size_t slot, std::span<float> row) {
  Philox& random = search.random(slot);
  const auto origin = search.original(slot);
  const double epsilon = search.epsilon();
  std::vector<double> move(row.size());
  double length = 0.0;
  for (double& value : move) {
    switch (search.norm()) {
      case Norm::linf:
        value = 2.0 * random.uniform() - 1.0;
        break;
      case Norm::l2:
        value = random.normal();
        length += value * value;
        break;
      default:  // Exponential sizes with random signs are uniform on the l1 sphere.
        value = -std::log(1.0 - random.uniform());
        length += value;
        if (random.below(2) == 0) value = -value;
    }
  }
  double scale = epsilon;
  if (search.norm() != Norm::linf) {
    const double radius = std::pow(random.uniform(), 1.0 / static_cast<double>(row.size()));
    scale =
        epsilon * radius / std::max(search.norm() == Norm::l2 ? std::sqrt(length) : length, 1e-300);
  }
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = static_cast<float>(static_cast<double>(origin[i]) + scale * move[i]);
  project(search.norm(), origin, epsilon, search.box(), row);
}

Rows originals(const Search& search) {
  Rows rows(search.count(), search.size());
  for (std::size_t slot = 0; slot < search.count(); ++slot)
    std::ranges::copy(search.original(slot), rows[slot].begin());
  return rows;
}

void warm_start(Search& search, std::size_t slot, std::span<float> row, double share) {
  const auto known = search.found(slot);
  if (known.empty()) return random_start(search, slot, row);
  const auto origin = search.original(slot);
  std::ranges::copy(known, row.begin());
  project(search.norm(), origin, search.epsilon(), search.box(), row);
  if (share >= 1.0) return;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double start = static_cast<double>(origin[i]);
    row[i] = static_cast<float>(start + share * (static_cast<double>(row[i]) - start));
  }
  project(search.norm(), origin, search.epsilon(), search.box(), row);
}

void start_elsewhere(Search& search, std::size_t slot, double share, std::span<float> row) {
  const double known = std::min(search.distance(slot), search.epsilon());
  if (std::isfinite(known)) {
    const double radius = search.epsilon();
    search.set_epsilon(share * known);
    random_start(search, slot, row);
    search.set_epsilon(radius);
    return;
  }
  const double low = static_cast<double>(search.box().low);
  const double width = static_cast<double>(search.box().high) - low;
  for (float& value : row) {
    value = std::clamp(static_cast<float>(low + width * search.random(slot).uniform()),
                       search.box().low, search.box().high);
  }
}

void advance(std::span<float> row, std::span<const float> direction, double length) {
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = static_cast<float>(static_cast<double>(row[i]) +
                                length * static_cast<double>(direction[i]));
}

std::vector<Slots> rivals(Search& search, const Slots& slots, std::size_t count) {
  std::vector<Slots> result(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (const auto target = search.point(slots[i]).target) result[i] = {*target};
  }
  if (slots.empty() || !result[0].empty()) return result;
  const Rows logits = search.logits(slots, originals(search));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    for (std::size_t k = 0; k < search.classes(); ++k) {
      if (k != search.point(slots[i]).label) result[i].push_back(k);
    }
    std::ranges::stable_sort(result[i], std::ranges::greater{},
                             [&](std::size_t k) { return logits[i][k]; });
    result[i].resize(std::min(count, result[i].size()));
  }
  return result;
}

}  // namespace emdyn::provoke::attack
