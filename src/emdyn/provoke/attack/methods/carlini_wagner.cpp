#include "emdyn/provoke/attack/methods/carlini_wagner.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/provoke/attack/contract/adam.hpp"
#include "emdyn/provoke/attack/contract/loss.hpp"
#include "emdyn/provoke/attack/contract/nearest_boundary.hpp"

namespace emdyn::provoke::attack {
namespace {

constexpr double kLargestWeight = 1e10;

/// The interval of the weight, and what the present search of a point has seen.
struct Weight {
  double low = 0.0;
  double value = 0.0;
  double high = kLargestWeight;
  bool success = false;
  bool met = false;  ///< Some other class, with whatever confidence.
  double last_loss = 1e300;

  void next() {
    if (success) {
      high = std::min(high, value);
    } else {
      low = std::max(low, value);
    }
    value = high < kLargestWeight ? 0.5 * (low + high) : value * 10.0;
    success = false;
    met = false;
    last_loss = 1e300;
  }
};

class Minimiser {
 public:
  Minimiser(Search& search, const CarliniWagnerConfig& config)
      : search_(search),
        config_(config),
        middle_(0.5 *
                (static_cast<double>(search.box().high) + static_cast<double>(search.box().low))),
        half_(0.5 *
              (static_cast<double>(search.box().high) - static_cast<double>(search.box().low))),
        x_(search.count(), search.size()),
        angle_(search.count() * search.size()),
        weights_(search.count()),
        towards_(nearest_classes(search, search.open())) {
    for (Weight& weight : weights_) weight.value = config.first_weight;
  }

  void run() {
    for (std::int64_t turn = 0; turn < config_.searches; ++turn) {
      const Slots slots = search_.open();
      if (slots.empty() || search_.stopped()) return;
      // The last search takes the safest weight that is known to work.
      if (turn + 1 == config_.searches && turn > 0) {
        for (Weight& weight : weights_)
          weight.value = weight.high < kLargestWeight ? weight.high : weight.value;
      }
      minimise(slots);
      for (const std::size_t slot : slots) weights_[slot].next();
    }
  }

 private:
  std::span<double> angle(std::size_t slot) {
    return std::span(angle_).subspan(slot * search_.size(), search_.size());
  }

  void minimise(Slots slots) {
    std::vector<Adam> adam(search_.count(), Adam(0, config_.learning_rate));
    for (const std::size_t slot : slots) {
      adam[slot] = Adam(search_.size(), config_.learning_rate);
      for (std::size_t i = 0; i < search_.size(); ++i) {
        const double unit = (static_cast<double>(search_.original(slot)[i]) - middle_) / half_;
        angle(slot)[i] = std::atanh(0.999999 * unit);
      }
      place(slot);
    }
    // The likeliest rival need not be the nearest: that one is followed until something is found.
    const PointLoss loss = [&](std::size_t slot, std::span<const float> logits,
                               std::span<float> slope) {
      const Point& point = search_.point(slot);
      if (point.target) return margin_to(logits, *point.target, slope);
      return weights_[slot].met ? margin(logits, point.label, slope)
                                : difference(logits, point.label, towards_[slot], slope);
    };
    const std::int64_t period = std::max<std::int64_t>(config_.steps / 10, 1);
    for (std::int64_t step = 0; step < config_.steps; ++step) {
      slots = search_.open(slots);
      if (slots.empty() || search_.stopped()) return;
      const Slopes slopes = search_.gradient(slots, x_, loss);
      Slots left;
      for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = slots[i];
        const double total =
            descend(slot, slopes.loss[i], slopes.gradient[i], slopes.logits[i], adam[slot]);
        if (config_.abort_early && step % period == 0) {
          if (total > 0.9999 * weights_[slot].last_loss) continue;
          weights_[slot].last_loss = total;
        }
        left.push_back(slot);
      }
      slots = left;
    }
    const Rows logits = search_.logits(slots, x_);
    for (std::size_t i = 0; i < slots.size(); ++i) search_.offer(slots[i], x_[slots[i]], logits[i]);
  }

  void place(std::size_t slot) {
    for (std::size_t i = 0; i < search_.size(); ++i)
      x_[slot][i] = std::clamp(static_cast<float>(middle_ + half_ * std::tanh(angle(slot)[i])),
                               search_.box().low, search_.box().high);
  }

  /// One step of Adam. @return the loss before it.
  double descend(std::size_t slot, double margin, std::span<const float> slope,
                 std::span<const float> logits, Adam& adam) {
    Weight& weight = weights_[slot];
    const bool enough = margin > config_.confidence;
    if (search_.offer(slot, x_[slot], logits)) {
      weight.met = true;
      weight.success = weight.success || enough;
    }
    const auto origin = search_.original(slot);
    const double pull = enough ? 0.0 : weight.value;
    double square = 0.0;
    std::vector<double> gradient(search_.size());
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double move = static_cast<double>(x_[slot][i]) - static_cast<double>(origin[i]);
      const double turn = std::tanh(angle(slot)[i]);
      square += move * move;
      gradient[i] =
          (2.0 * move - pull * static_cast<double>(slope[i])) * half_ * (1.0 - turn * turn);
    }
    adam.descend(gradient, angle(slot));
    place(slot);
    return square + pull * (config_.confidence - margin);
  }

  Search& search_;
  const CarliniWagnerConfig& config_;
  double middle_;
  double half_;
  Rows x_;
  std::vector<double> angle_;
  std::vector<Weight> weights_;
  Slots towards_;
};

}  // namespace

void CarliniWagner::run(Search& search) const { Minimiser(search, config_).run(); }

}  // namespace emdyn::provoke::attack
