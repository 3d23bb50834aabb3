#include "emdyn/provoke/attack/contract/foresight.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::provoke::attack {
namespace {

constexpr int kLooks = 4;
constexpr double kSlopeDoubt = 2.0;

}  // namespace

bool within_reach(const Search& search, std::size_t slot, double radius, std::span<const float> x,
                  std::span<const float> slope, double level, double doubt) {
  return level + doubt * largest_rise(search.norm(), search.original(slot), radius, search.box(), x,
                                      slope) >
         0.0;
}

Foresight::Foresight(Search& search, AttackLoss loss)
    : search_(search),
      kind_(loss),
      looks_(search.count(), search.task().active_set && !search.task().transfer ? kLooks : 0),
      rows_(search.count(), search.size()) {}

double Foresight::level(std::size_t slot, double loss) const {
  return boundary_level(kind_, search_.point(slot).target.has_value(), search_.classes(), loss);
}

bool Foresight::hopeless(std::size_t slot, std::span<const float> x, std::span<const float> slope,
                         double loss) const {
  return search_.may_abandon(slot) &&
         !within_reach(search_, slot, search_.epsilon(), x, slope, level(slot, loss), kSlopeDoubt);
}

void Foresight::plan(std::size_t slot, std::span<const float> x, std::span<const float> direction,
                     std::span<const float> slope, double loss, double length, std::int64_t left) {
  if (looks_[slot] == 0) return;
  const double short_of = -level(slot, loss);
  if (static_cast<double>(left) * length * dual_norm(search_.norm(), slope) < short_of) return;
  const auto row = rows_[slot];
  const auto rise_after = [&](std::int64_t steps) {
    std::ranges::copy(x, row.begin());
    advance(row, direction, static_cast<double>(steps) * length);
    project(search_.norm(), search_.original(slot), search_.epsilon(), search_.box(), row);
    return rise(slope, x, row);
  };
  if (rise_after(left) < short_of) return;
  // Each look goes further beyond the place where the slope has the boundary.
  const double asked = short_of * (1.0 + 0.25 * std::pow(4.0, kLooks - looks_[slot]));
  std::int64_t low = 0;
  std::int64_t high = left;
  while (high - low > 1) {
    const std::int64_t middle = (low + high) / 2;
    (rise_after(middle) < asked ? low : high) = middle;
  }
  rise_after(high);
  --looks_[slot];
  planned_.push_back(slot);
}

void Foresight::look() {
  if (planned_.empty()) return;
  const Rows logits = search_.logits(planned_, rows_);
  for (std::size_t i = 0; i < planned_.size(); ++i)
    search_.offer(planned_[i], rows_[planned_[i]], logits[i]);
  planned_.clear();
}

}  // namespace emdyn::provoke::attack
