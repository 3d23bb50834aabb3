#include "emdyn/emergence/transition/levels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

/// Samples on either side: those at or before `onset`, those at or after `end`; at least one each.
struct Sides {
  std::span<const double> before{}, after{};
};

Sides sides_of(const Samples& samples, double onset, double end) {
  const std::span<const double> values = samples.values;
  const auto& x = samples.positions;
  const auto first = static_cast<std::size_t>(std::ranges::upper_bound(x, onset) - x.begin());
  const auto last = static_cast<std::size_t>(std::ranges::lower_bound(x, end) - x.begin());
  const std::size_t count = std::clamp<std::size_t>(first, 1, values.size() - 1);
  const std::size_t begin = std::clamp<std::size_t>(std::max(last, count), 1, values.size() - 1);
  return {values.first(count), values.subspan(begin)};
}

}  // namespace

std::optional<Levels> levels_around(const Samples& samples, double onset, double end,
                                    series::Direction direction) {
  if (samples.size() < 2) return std::nullopt;
  const Sides sides = sides_of(samples, onset, end);
  const double sign = direction == series::Direction::fall ? -1.0 : 1.0;
  for (std::size_t most = std::max<std::size_t>(3, samples.size() / 4);;
       most = std::max<std::size_t>(3, most / 2)) {
    const std::size_t left = std::min(most, sides.before.size());
    const std::size_t right = std::min(most, sides.after.size());
    const Levels levels{math::median(sides.before.last(left)),
                        math::median(sides.after.first(right))};
    if (sign * (levels.after - levels.before) > 0.0) return levels;
    if (most <= 3) return std::nullopt;
  }
}

std::optional<Levels> levels_within(const Samples& samples, double begin, double end,
                                    series::Direction direction, bool extreme) {
  const auto& x = samples.positions;
  const auto first = static_cast<std::size_t>(std::ranges::lower_bound(x, begin) - x.begin());
  const auto last = static_cast<std::size_t>(std::ranges::upper_bound(x, end) - x.begin());
  if (first == 0 || first >= last) return std::nullopt;
  const std::span<const double> values = samples.values;
  const std::size_t wide = std::min(first, std::max<std::size_t>(3, samples.size() / 4));
  const std::span<const double> inside = values.subspan(first, last - first);
  const bool up = direction != series::Direction::fall;
  Levels levels;
  levels.before = math::median(values.subspan(first - wide, wide));
  levels.after =
      !extreme ? math::median(inside) : (up ? std::ranges::max(inside) : std::ranges::min(inside));
  if ((levels.after > levels.before) != up) return std::nullopt;
  return levels;
}

}  // namespace emdyn::emergence
