#include "emdyn/provoke/attack/contract/norm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr std::array<std::string_view, 4> kWords{"l0", "l1", "l2", "linf"};

/// The nearest float of `value` that does not lie beyond it, seen from inside.
float float_below(double value) noexcept {
  const auto rounded = static_cast<float>(value);
  return static_cast<double>(rounded) > value
             ? std::nextafter(rounded, -std::numeric_limits<float>::infinity())
             : rounded;
}
float float_above(double value) noexcept { return -float_below(-value); }

void project_linf(std::span<const float> origin, double epsilon, const Box& box,
                  std::span<float> x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double center = static_cast<double>(origin[i]);
    const float low = std::max(box.low, float_above(center - epsilon));
    const float high = std::min(box.high, float_below(center + epsilon));
    x[i] = std::clamp(x[i], low, high);
  }
}

/// origin + scale * (x - origin) within the box; floats may round away from the ball, so the scale
/// shrinks until they do not.
void scale_towards(Norm norm, std::span<const float> origin, double epsilon, const Box& box,
                   std::span<float> x) {
  for (double target = epsilon; distance(norm, origin, x) > epsilon;) {
    const double scale = target / distance(norm, origin, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double moved = static_cast<double>(origin[i]) +
                           scale * (static_cast<double>(x[i]) - static_cast<double>(origin[i]));
      x[i] = std::clamp(static_cast<float>(moved), box.low, box.high);
    }
    target = target * (1.0 - 1e-6) - 1e-12;
    if (target <= 0.0) std::copy(origin.begin(), origin.end(), x.begin());
  }
}

/// delta_i = clamp(scale * u_i, room_i) with the scale, at most 1, at which its length is epsilon.
/// What the box cuts makes the others longer: the scale rises until no further value is cut.
void project_l2(std::span<const float> origin, double epsilon, const Box& box, std::span<float> x) {
  const auto move = [&](std::size_t i) {
    return static_cast<double>(x[i]) - static_cast<double>(origin[i]);
  };
  const auto room = [&](std::size_t i) {
    return std::abs(static_cast<double>(x[i] > origin[i] ? box.high : box.low) -
                    static_cast<double>(origin[i]));
  };
  double scale = 0.0;
  for (std::size_t step = 0; step <= x.size(); ++step) {
    double open = 0.0;
    double cut = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double u = move(i);
      const double edge = room(i);
      if (scale * std::abs(u) < edge) {
        open += u * u;
      } else {
        cut += edge * edge;
      }
    }
    const double left = epsilon * epsilon - cut;
    const double next = open > 0.0 && left > 0.0 ? std::sqrt(left / open) : scale;
    if (!(next > scale * (1.0 + 1e-12)) || scale >= 1.0) break;
    scale = std::min(next, 1.0);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double moved = static_cast<double>(origin[i]) + scale * move(i);
    x[i] = std::clamp(static_cast<float>(moved), box.low, box.high);
  }
  scale_towards(Norm::l2, origin, epsilon, box, x);
}

/// delta_i = sign(u_i) * min(max(|u_i| - lambda, 0), room_i) with lambda such that their sum is
/// epsilon; it falls with lambda, so lambda is bracketed, then solved on its linear piece.
void project_l1(std::span<const float> origin, double epsilon, const Box& box, std::span<float> x) {
  std::vector<double> size(x.size());
  std::vector<double> room(x.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = static_cast<double>(x[i]) - static_cast<double>(origin[i]);
    size[i] = std::abs(u);
    const float edge = u > 0 ? box.high : box.low;
    room[i] = std::abs(static_cast<double>(edge) - static_cast<double>(origin[i]));
    largest = std::max(largest, size[i]);
  }
  const auto total = [&](double lambda) {
    double sum = 0.0;
    for (std::size_t i = 0; i < size.size(); ++i)
      sum += std::min(std::max(size[i] - lambda, 0.0), room[i]);
    return sum;
  };
  double low = 0.0;
  double high = largest;
  if (total(0.0) > epsilon) {
    for (int step = 0; step < 60 && low < high; ++step) {
      const double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) break;
      (total(middle) > epsilon ? low : high) = middle;
    }
  } else {
    high = 0.0;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double move = std::min(std::max(size[i] - high, 0.0), room[i]);
    const double moved = static_cast<double>(origin[i]) + (x[i] > origin[i] ? move : -move);
    x[i] = std::clamp(static_cast<float>(moved), box.low, box.high);
  }
  scale_towards(Norm::l1, origin, epsilon, box, x);
}

void project_l0(std::span<const float> origin, double epsilon, const Box& box, std::span<float> x) {
  std::vector<float> sizes(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = std::clamp(x[i], box.low, box.high);
    sizes[i] = std::abs(x[i] - origin[i]);
  }
  const auto keep = static_cast<std::size_t>(std::max(epsilon, 0.0));
  if (keep >= x.size()) return;
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(keep), order.end(),
                   [&](std::size_t a, std::size_t b) {
                     return sizes[a] != sizes[b] ? sizes[a] > sizes[b] : a < b;
                   });
  for (std::size_t i = keep; i < order.size(); ++i) x[order[i]] = origin[order[i]];
}

/// The move of size epsilon that raises <slope, x> most in ball and box, for l1: the steepest
/// values one after the other, each as far as the box lets it.
void fill_l1(std::span<const float> slope, double epsilon, const Box& box, std::span<float> x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return std::abs(slope[i]); });
  for (const std::size_t i : order) {
    if (epsilon <= 0.0 || slope[i] == 0.0F) return;
    const float edge = slope[i] > 0.0F ? box.high : box.low;
    const double room = std::abs(static_cast<double>(edge) - static_cast<double>(x[i]));
    const double move = std::min(room, epsilon);
    x[i] = static_cast<float>(static_cast<double>(x[i]) + (slope[i] > 0.0F ? move : -move));
    epsilon -= move;
  }
}

/// How far each value can move towards the hyperplane, and what each unit of it brings.
struct Reach {
  std::vector<double> gain;
  std::vector<double> room;
};

/// Moves min(t * speed_i, room_i) whose gains sum to `need`: their sum is concave in t, so Newton's
/// method from 0 climbs to it in a few steps, each passing a breakpoint.
double solve(const Reach& reach, std::span<const double> speed, double need) {
  double t = 0.0;
  for (std::size_t step = 0; step <= reach.gain.size() + 1; ++step) {
    double got = 0.0;
    double slope = 0.0;
    for (std::size_t i = 0; i < speed.size(); ++i) {
      const double move = t * speed[i];
      const bool open = move < reach.room[i];
      got += reach.gain[i] * (open ? move : reach.room[i]);
      slope += open ? reach.gain[i] * speed[i] : 0.0;
    }
    if (!(slope > 0.0)) return std::numeric_limits<double>::infinity();
    const double next = t + (need - got) / slope;
    if (!(next > t * (1.0 + 1e-15))) return t;
    t = next;
  }
  return t;
}

/// The values of steepest gain first, each as far as it goes.
void fill_steepest(const Reach& reach, double need, std::span<double> move) {
  std::vector<std::size_t> order(move.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto less = [&](std::size_t a, std::size_t b) {
    return reach.gain[a] != reach.gain[b] ? reach.gain[a] < reach.gain[b] : a > b;
  };
  std::make_heap(order.begin(), order.end(), less);
  for (auto end = order.end(); need > 0.0 && end != order.begin(); --end) {
    std::pop_heap(order.begin(), end, less);
    const std::size_t i = *(end - 1);
    if (!(reach.gain[i] > 0.0)) return;
    move[i] = std::min(reach.room[i], need / reach.gain[i]);
    need -= move[i] * reach.gain[i];
  }
}

}  // namespace

std::string_view word(Norm norm) noexcept { return kWords[static_cast<std::size_t>(norm)]; }

Norm norm_from_word(std::string_view text) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == text) return static_cast<Norm>(i);
  }
  throw ConfigError(fmt::format("norm must be l0, l1, l2 or linf, got {}", text));
}

double distance(Norm norm, std::span<const float> a, std::span<const float> b) noexcept {
  double result = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double change = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    switch (norm) {
      case Norm::l0:
        result += change > 0.0 ? 1.0 : 0.0;
        break;
      case Norm::l1:
        result += change;
        break;
      case Norm::l2:
        result += change * change;
        break;
      case Norm::linf:
        result = std::max(result, change);
        break;
    }
  }
  return norm == Norm::l2 ? std::sqrt(result) : result;
}

double dual_norm(Norm norm, std::span<const float> slope) noexcept {
  double sum = 0.0;
  for (const float value : slope) {
    const double size = std::abs(static_cast<double>(value));
    if (norm == Norm::l2) sum += size * size;
    if (norm == Norm::linf) sum += size;
    if (norm == Norm::l1 || norm == Norm::l0) sum = std::max(sum, size);
  }
  return norm == Norm::l2 ? std::sqrt(sum) : sum;
}

void project(Norm norm, std::span<const float> origin, double epsilon, const Box& box,
             std::span<float> x) {
  switch (norm) {
    case Norm::l0:
      return project_l0(origin, epsilon, box, x);
    case Norm::l1:
      return project_l1(origin, epsilon, box, x);
    case Norm::linf:
      return project_linf(origin, epsilon, box, x);
    case Norm::l2:
      return project_l2(origin, epsilon, box, x);
  }
}

double move_to_hyperplane(Norm norm, std::span<const float> x, std::span<const float> normal,
                          double gap, const Box& box, std::span<float> move) {
  const double sign = gap >= 0.0 ? 1.0 : -1.0;
  Reach reach{std::vector<double>(x.size()), std::vector<double>(x.size())};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool up = sign * static_cast<double>(normal[i]) > 0.0;
    reach.gain[i] = std::abs(static_cast<double>(normal[i]));
    reach.room[i] = std::max(0.0, up ? static_cast<double>(box.high) - static_cast<double>(x[i])
                                     : static_cast<double>(x[i]) - static_cast<double>(box.low));
  }
  std::vector<double> moves(x.size(), 0.0);
  if (norm == Norm::l1 || norm == Norm::l0) {
    fill_steepest(reach, std::abs(gap), moves);
  } else {
    const std::vector<double> ones(norm == Norm::linf ? x.size() : 0, 1.0);
    const std::span<const double> speed = norm == Norm::linf ? std::span(ones) : reach.gain;
    const double t = solve(reach, speed, std::abs(gap));
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (reach.gain[i] > 0.0) moves[i] = std::min(t * speed[i], reach.room[i]);
    }
  }
  double length = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double direction = static_cast<double>(normal[i]) >= 0.0 ? sign : -sign;
    move[i] = static_cast<float>(direction * moves[i]);
    if (norm == Norm::l1) length += moves[i];
    if (norm == Norm::l0) length += moves[i] > 0.0 ? 1.0 : 0.0;
    if (norm == Norm::l2) length += moves[i] * moves[i];
    if (norm == Norm::linf) length = std::max(length, moves[i]);
  }
  return norm == Norm::l2 ? std::sqrt(length) : length;
}

void steepest(Norm norm, std::span<const float> slope, std::size_t sparse,
              std::span<float> direction) {
  const auto sign = [](float v) { return v > 0.0F ? 1.0F : v < 0.0F ? -1.0F : 0.0F; };
  if (norm == Norm::linf) {
    for (std::size_t i = 0; i < slope.size(); ++i) direction[i] = sign(slope[i]);
    return;
  }
  if (norm == Norm::l2) {
    const double length = dual_norm(Norm::l2, slope);
    const double scale = length > 0.0 ? 1.0 / length : 0.0;
    for (std::size_t i = 0; i < slope.size(); ++i)
      direction[i] = static_cast<float>(static_cast<double>(slope[i]) * scale);
    return;
  }
  const std::size_t keep = std::clamp<std::size_t>(sparse, 1, slope.size());
  std::vector<float> sizes(slope.size());
  for (std::size_t i = 0; i < slope.size(); ++i) sizes[i] = std::abs(slope[i]);
  std::vector<float> sorted = sizes;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(keep - 1),
                   sorted.end(), std::greater<>());
  const float least = sorted[keep - 1];
  std::size_t count = 0;
  for (std::size_t i = 0; i < slope.size(); ++i) {
    direction[i] = sizes[i] >= least ? sign(slope[i]) : 0.0F;
    count += direction[i] != 0.0F ? 1U : 0U;
  }
  const float share = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
  for (float& value : direction) value *= share;
}

void steepest_row(Norm norm, std::span<const float> origin, std::span<const float> slope,
                  double epsilon, const Box& box, std::span<float> x) {
  if (norm == Norm::l1) {
    fill_l1(slope, epsilon, box, x);
  } else {
    std::vector<float> direction(x.size());
    steepest(norm, slope, 1, direction);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(static_cast<double>(x[i]) +
                                epsilon * static_cast<double>(direction[i]));
  }
  project(norm, origin, epsilon, box, x);
}

double largest_rise(Norm norm, std::span<const float> origin, double epsilon, const Box& box,
                    std::span<const float> x, std::span<const float> slope) noexcept {
  double sum = 0.0;      // linf: the rise of every value; l2: squares of the slope.
  double steep = 0.0;    // l1: the steepest slope.
  double present = 0.0;  // What x has of it already.
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double gain = static_cast<double>(slope[i]);
    const double start = static_cast<double>(origin[i]);
    const double edge = static_cast<double>(gain > 0.0 ? box.high : box.low);
    const double here = static_cast<double>(x[i]);
    present += gain * (here - start);
    if (norm == Norm::linf) {
      const double end =
          gain > 0.0 ? std::min(edge, start + epsilon) : std::max(edge, start - epsilon);
      sum += std::max(gain * (end - here), 0.0);
    } else if (edge != start) {  // A value at the box's edge cannot move further.
      sum += gain * gain;
      steep = std::max(steep, std::abs(gain));
    }
  }
  if (norm == Norm::linf) return sum;
  return std::max(epsilon * (norm == Norm::l2 ? std::sqrt(sum) : steep) - present, 0.0);
}

double rise(std::span<const float> slope, std::span<const float> from,
            std::span<const float> to) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < slope.size(); ++i)
    sum +=
        static_cast<double>(slope[i]) * (static_cast<double>(to[i]) - static_cast<double>(from[i]));
  return sum;
}

}  // namespace emdyn::provoke::attack
