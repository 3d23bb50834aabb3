#include "emdyn/provoke/attack/methods/square.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/loss.hpp"

namespace emdyn::provoke::attack {
namespace {

struct Layout {
  std::size_t channels = 1;
  std::size_t height = 1;
  std::size_t width = 1;

  explicit Layout(const std::vector<std::int64_t>& shape) {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(shape[i]); };
    width = shape.empty() ? 1 : at(shape.size() - 1);
    if (shape.size() > 1) height = at(shape.size() - 2);
    for (std::size_t i = 0; i + 2 < shape.size(); ++i) channels *= at(i);
  }
  std::size_t at(std::size_t channel, std::size_t row, std::size_t column) const noexcept {
    return (channel * height + row) * width + column;
  }
};

struct Window {
  std::size_t row = 0;
  std::size_t column = 0;
  std::size_t height = 1;
  std::size_t width = 1;
  bool holds(std::size_t r, std::size_t c) const noexcept {
    return r >= row && r < row + height && c >= column && c < column + width;
  }
};

/// A window of about `area` places, a square where the image is high enough.
Window window_of(const Layout& layout, double area, std::size_t least, Philox& random) {
  const auto side = static_cast<std::size_t>(std::max(std::round(std::sqrt(area)), 1.0));
  Window window;
  window.height = std::min(std::max(side, least), layout.height);
  window.width = layout.height > window.height || layout.height >= side
                     ? std::max(side, least)
                     : static_cast<std::size_t>(
                           std::max(std::round(area / static_cast<double>(layout.height)), 1.0));
  window.width = std::min(window.width, layout.width);
  const auto below = [&](std::size_t bound) {
    return static_cast<std::size_t>(random.below(static_cast<std::uint32_t>(bound)));
  };
  window.row = below(layout.height - window.height + 1);
  window.column = below(layout.width - window.width + 1);
  return window;
}

float random_sign(Philox& random) { return random.below(2) == 0 ? -1.0F : 1.0F; }

/// Vertical stripes of +-epsilon, a sign per channel and column.
void stripes(const Layout& layout, double epsilon, Philox& random, std::span<float> x) {
  for (std::size_t c = 0; c < layout.channels; ++c) {
    for (std::size_t column = 0; column < layout.width; ++column) {
      const float move = random_sign(random) * static_cast<float>(epsilon);
      for (std::size_t row = 0; row < layout.height; ++row) x[layout.at(c, row, column)] += move;
    }
  }
}

/// A peak over a rectangle, highest in its middle, falling as 1 / distance²; length 1 in l2.
void add_peak(std::vector<double>& bump, std::size_t width, const Window& part, double sign) {
  const std::size_t turns = std::max(part.height / 2 + 1, part.width / 2 + 1);
  double square = 0.0;
  std::vector<double> peak(part.height * part.width, 0.0);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    // The square of side 2 turn + 1 about the middle, cut by the rectangle.
    const auto begin = [&](std::size_t extent) {
      return extent / 2 > turn ? extent / 2 - turn : 0;
    };
    const auto end = [&](std::size_t extent) { return std::min(extent, extent / 2 + turn + 1); };
    const double value = 1.0 / static_cast<double>((turn + 1) * (turn + 1));
    for (std::size_t r = begin(part.height); r < end(part.height); ++r) {
      for (std::size_t c = begin(part.width); c < end(part.width); ++c)
        peak[r * part.width + c] += value;
    }
  }
  for (const double value : peak) square += value * value;
  for (std::size_t r = 0; r < part.height; ++r) {
    for (std::size_t c = 0; c < part.width; ++c)
      bump[(part.row + r) * width + part.column + c] +=
          sign * peak[r * part.width + c] / std::sqrt(std::max(square, 1e-300));
  }
}

/// Two peaks of opposite sign side by side or above one another, length 1 in l2.
std::vector<double> bump_of(std::size_t height, std::size_t width, Philox& random) {
  std::vector<double> bump(height * width, 0.0);
  const bool split_rows = height > 1 && (width < 2 || random.below(2) == 0);
  if (split_rows) {
    add_peak(bump, width, {0, 0, height / 2, width}, 1.0);
    add_peak(bump, width, {height / 2, 0, height - height / 2, width}, -1.0);
  } else if (width > 1) {
    add_peak(bump, width, {0, 0, height, width / 2}, 1.0);
    add_peak(bump, width, {0, width / 2, height, width - width / 2}, -1.0);
  } else {
    bump[0] = 1.0;
  }
  double square = 0.0;
  for (const double value : bump) square += value * value;
  for (double& value : bump) value /= std::sqrt(square);
  return bump;
}

/// origin + move scaled to length epsilon, within ball and box.
void place(std::span<const float> origin, std::span<const double> move, double epsilon,
           const Box& box, std::span<float> x) {
  double square = 0.0;
  for (const double value : move) square += value * value;
  const double scale = epsilon / std::max(std::sqrt(square), 1e-12);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(static_cast<double>(origin[i]) + scale * move[i]);
  project(Norm::l2, origin, epsilon, box, x);
}

/// The l2 start: a grid of bumps.
void grid(const Layout& layout, std::span<const float> origin, double epsilon, const Box& box,
          Philox& random, std::span<float> x) {
  const std::size_t height = std::max<std::size_t>(layout.height / 5, 1);
  const std::size_t width = std::max<std::size_t>(layout.width / 5, 1);
  std::vector<double> move(x.size(), 0.0);
  for (std::size_t row = 0; row + height <= layout.height; row += height) {
    for (std::size_t column = 0; column + width <= layout.width; column += width) {
      const auto bump = bump_of(height, width, random);
      for (std::size_t c = 0; c < layout.channels; ++c) {
        const auto sign = static_cast<double>(random_sign(random));
        for (std::size_t r = 0; r < height; ++r) {
          for (std::size_t k = 0; k < width; ++k)
            move[layout.at(c, row + r, column + k)] = sign * bump[r * width + k];
        }
      }
    }
  }
  place(origin, move, epsilon, box, x);
}

/// One step in l2: the mass of one window and what is left of the budget move into another.
void shift_mass(const Layout& layout, std::span<const float> origin, double epsilon, const Box& box,
                double area, Philox& random, std::span<float> x) {
  const Window to = window_of(layout, area, 3, random);
  Window from = to;
  const Window other = window_of(layout, area, 3, random);
  from.row = other.row;
  from.column = other.column;
  std::vector<double> move(x.size());
  double used = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    move[i] = static_cast<double>(x[i]) - static_cast<double>(origin[i]);
    used += move[i] * move[i];
  }
  const double spare =
      std::max(epsilon * epsilon - used, 0.0) / static_cast<double>(layout.channels);
  const auto bump = bump_of(to.height, to.width, random);
  std::vector<double> fresh(bump.size());
  for (std::size_t c = 0; c < layout.channels; ++c) {
    double both = 0.0;
    double inside = 0.0;
    for (std::size_t r = 0; r < layout.height; ++r) {
      for (std::size_t k = 0; k < layout.width; ++k) {
        const double square = move[layout.at(c, r, k)] * move[layout.at(c, r, k)];
        if (to.holds(r, k)) inside += square;
        if (to.holds(r, k) || from.holds(r, k)) both += square;
      }
    }
    const auto sign = static_cast<double>(random_sign(random));
    double square = 0.0;
    for (std::size_t r = 0; r < to.height; ++r) {
      for (std::size_t k = 0; k < to.width; ++k) {
        double& value = fresh[r * to.width + k];
        value = sign * bump[r * to.width + k] +
                move[layout.at(c, to.row + r, to.column + k)] / (1e-12 + std::sqrt(inside));
        square += value * value;
      }
    }
    const double scale = std::sqrt(spare + both) / (1e-12 + std::sqrt(square));
    for (std::size_t r = 0; r < from.height; ++r) {
      for (std::size_t k = 0; k < from.width; ++k)
        move[layout.at(c, from.row + r, from.column + k)] = 0.0;
    }
    for (std::size_t r = 0; r < to.height; ++r) {
      for (std::size_t k = 0; k < to.width; ++k)
        move[layout.at(c, to.row + r, to.column + k)] = scale * fresh[r * to.width + k];
    }
  }
  place(origin, move, epsilon, box, x);
}

/// One step in linf: a square set to an extreme, a sign per channel.
void stamp(const Layout& layout, double epsilon, double area, Philox& random, std::span<float> x) {
  const Window window = window_of(layout, area, 1, random);
  for (std::size_t c = 0; c < layout.channels; ++c) {
    const float move = random_sign(random) * static_cast<float>(2.0 * epsilon);
    for (std::size_t r = 0; r < window.height; ++r) {
      for (std::size_t k = 0; k < window.width; ++k)
        x[layout.at(c, window.row + r, window.column + k)] += move;
    }
  }
}

void propose(Search& search, const Layout& layout, std::size_t slot, double share,
             std::span<float> x) {
  Philox& random = search.random(slot);
  const auto origin = search.original(slot);
  const double area = share * static_cast<double>(layout.height * layout.width);
  if (search.norm() == Norm::linf) {
    stamp(layout, search.epsilon(), area, random, x);
    project(Norm::linf, origin, search.epsilon(), search.box(), x);
  } else {
    shift_mass(layout, origin, search.epsilon(), search.box(), area, random, x);
  }
}

void begin(Search& search, const Layout& layout, std::size_t slot, bool first, std::span<float> x) {
  if (first && !search.found(slot).empty()) return warm_start(search, slot, x);
  const auto origin = search.original(slot);
  std::ranges::copy(origin, x.begin());
  if (search.norm() == Norm::linf) {
    stripes(layout, search.epsilon(), search.random(slot), x);
    project(Norm::linf, origin, search.epsilon(), search.box(), x);
  } else {
    grid(layout, origin, search.epsilon(), search.box(), search.random(slot), x);
  }
}

}  // namespace

double square_share(double p, std::int64_t query, std::int64_t queries) noexcept {
  const auto scaled = static_cast<std::int64_t>(static_cast<double>(query) /
                                                static_cast<double>(queries) * 10000.0);
  constexpr std::array<std::int64_t, 9> kHalvings{10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};
  for (const std::int64_t halving : kHalvings) p /= scaled > halving ? 2.0 : 1.0;
  return p;
}

void Square::run(Search& search) const {
  const Layout layout(search.shape());
  const PointLoss loss = point_loss(search, AttackLoss::margin);
  std::vector<float> unused(search.classes());
  Rows x(search.count(), search.size());
  Rows trial(search.count(), search.size());
  std::vector<double> best(search.count());
  for (std::int64_t restart = 0; restart < config_.restarts; ++restart) {
    Slots slots = search.open();
    for (std::int64_t query = 0; query < config_.queries; ++query) {
      if (query > 0) slots = search.open(slots);
      if (slots.empty() || search.stopped()) break;
      const double share = square_share(config_.p, query, config_.queries);
      for (const std::size_t slot : slots) {
        std::ranges::copy(x[slot], trial[slot].begin());
        query == 0 ? begin(search, layout, slot, restart == 0, trial[slot])
                   : propose(search, layout, slot, share, trial[slot]);
      }
      const Rows logits = search.logits(slots, trial);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        const bool success = search.offer(slot, trial[slot], logits[i]);
        const double value = loss(slot, logits[i], unused);
        if (query > 0 && !(value > best[slot]) && !success) continue;
        best[slot] = value;
        std::ranges::copy(trial[slot], x[slot].begin());
      }
    }
  }
}

}  // namespace emdyn::provoke::attack
