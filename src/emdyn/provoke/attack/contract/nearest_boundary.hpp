#pragma once
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

/// The nearest of the boundaries between a point's label and other classes, of the model linearised
/// at a row. A slope costs a backward pass, so it is asked for where it can matter: of the
/// likeliest classes first, then of those that would be the nearest if their slope were twice as
/// steep as it was at the last look (at the first look: twice the steepest seen).
class NearestBoundary {
 public:
  /// For the `classes` likeliest classes besides the label; one forward pass each tells them.
  NearestBoundary(Search& search, const Slots& slots, std::size_t classes);

  std::size_t classes() const noexcept { return each_; }
  /// What the model says where the slot's row now stands; spares slopes at the next look.
  void see(std::size_t slot, std::span<const float> logits);
  /// Writes to `moves` the shortest move from x to a hair beyond the nearest boundary that the box
  /// lets it reach (else towards the nearest); 0 where nothing has a slope. @return its class, in
  /// the order of `slots`; the likeliest where nothing has a slope.
  Slots look(const Slots& slots, const Rows& x, Rows& moves);

 private:
  struct Boundary {
    std::size_t to = 0;
    double gap = 0.0;
    double dual = 0.0;   ///< Of the slope when last asked for; 0: never.
    bool asked = false;  ///< In this look.
  };
  struct Best {
    std::size_t to = 0;
    double length = 0.0;
  };

  std::span<Boundary> of(std::size_t slot) {
    return std::span(boundaries_).subspan(slot * each_, each_);
  }
  std::vector<std::size_t> first_choice(std::size_t slot);
  std::vector<std::size_t> still_possible(std::size_t slot, double shortest);
  void ask(const Slots& slots, const std::vector<std::vector<std::size_t>>& chosen, const Rows& x,
           Rows& moves);
  void ask_alike(const Slots& slots, const std::vector<std::vector<std::size_t>>& chosen,
                 std::size_t count, const Rows& x, Rows& moves);

  Search& search_;
  std::size_t each_ = 0;
  std::vector<Boundary> boundaries_;
  std::vector<Best> best_;
};

/// By slot: the class whose linearised boundary is the nearest at the original, of the nine
/// likeliest. No gradients where there is only one to choose.
Slots nearest_classes(Search& search, const Slots& slots);

}  // namespace emdyn::provoke::attack
