#include "emdyn/provoke/attack/methods/hop_skip_jump.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::provoke::attack {
namespace {

constexpr std::size_t kTogether = 128;  // Directions whose rows are in memory at once.
constexpr int kStartTries = 100;

/// The walk of one point.
class Walk {
 public:
  Walk(Search& search, const HopSkipJumpConfig& config, std::size_t slot)
      : search_(search),
        config_(config),
        slot_(slot),
        dimensions_(static_cast<double>(search.size())),
        x_(1, search.size()) {
    const bool l2 = search.norm() == Norm::l2;
    tolerance_ = config.gamma / (dimensions_ * (l2 ? std::sqrt(dimensions_) : dimensions_));
  }

  void run() {
    if (!begin()) return;
    to_boundary();
    for (std::int64_t step = 1; step <= config_.steps; ++step) {
      if (search_.stopped() || used() >= config_.queries) return;
      if (search_.task().active_set && search_.finished(slot_)) return;
      const double far = distance();
      const double samples =
          static_cast<double>(config_.first_samples) * std::sqrt(static_cast<double>(step));
      const auto direction = estimate(
          reach(step, far), std::min(static_cast<std::int64_t>(samples), config_.most_samples));
      if (!hop(direction, far / std::sqrt(static_cast<double>(step)))) return;
      to_boundary();
    }
  }

 private:
  std::int64_t used() const { return search_.forwards(slot_); }
  double distance() const {
    return provoke::attack::distance(search_.norm(), search_.original(slot_), x_[0]);
  }

  bool ask(const Rows& row) { return search_.offer(slot_, row[0], search_.logits(slot_, row)[0]); }

  /// A misclassified point of the box, at random.
  bool begin() {
    Philox& random = search_.random(slot_);
    const Box& box = search_.box();
    const double width = static_cast<double>(box.high) - static_cast<double>(box.low);
    for (int attempt = 0; attempt < kStartTries; ++attempt) {
      if (search_.stopped()) return false;
      for (float& value : x_[0])
        value =
            std::clamp(static_cast<float>(static_cast<double>(box.low) + width * random.uniform()),
                       box.low, box.high);
      if (ask(x_)) return true;
    }
    return false;
  }

  /// Bisects between the original and x (l2: on the segment; linf: by cutting to a cube).
  void to_boundary() {
    const auto origin = search_.original(slot_);
    const Rows far = x_;
    Rows trial(1, search_.size());
    double low = 0.0;
    double high = search_.norm() == Norm::l2 ? 1.0 : distance();
    const double least = search_.norm() == Norm::l2 ? tolerance_ : tolerance_ * high;
    while (high - low > least && !search_.stopped()) {
      const double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) return;
      for (std::size_t i = 0; i < origin.size(); ++i) {
        const double from = static_cast<double>(origin[i]);
        const double move = static_cast<double>(far[0][i]) - from;
        trial[0][i] = static_cast<float>(from + (search_.norm() == Norm::l2
                                                     ? middle * move
                                                     : std::clamp(move, -middle, middle)));
      }
      if (ask(trial)) {
        high = middle;
        x_ = trial;
      } else {
        low = middle;
      }
    }
  }

  /// How far random directions reach, as the paper balances noise and curvature.
  double reach(std::int64_t step, double far) const {
    const Box& box = search_.box();
    if (step == 1) return 0.1 * (static_cast<double>(box.high) - static_cast<double>(box.low));
    return search_.norm() == Norm::l2 ? std::sqrt(dimensions_) * tolerance_ * far
                                      : dimensions_ * tolerance_ * far;
  }

  /// The boundary's normal at x, from the side that each direction falls on.
  std::vector<double> estimate(double delta, std::int64_t samples) {
    std::vector<double> signed_sum(search_.size(), 0.0);
    std::vector<double> sum(search_.size(), 0.0);
    double sides = 0.0;
    for (auto left = static_cast<std::size_t>(samples); left > 0 && !search_.stopped();) {
      const std::size_t count = std::min(left, kTogether);
      left -= count;
      Rows rows(count, search_.size());
      Rows moves(count, search_.size());
      for (std::size_t s = 0; s < count; ++s) draw(delta, rows[s], moves[s]);
      const Rows logits = search_.logits(slot_, rows);
      for (std::size_t s = 0; s < count; ++s) {
        const double side = search_.success(slot_, logits[s]) ? 1.0 : -1.0;
        sides += side;
        for (std::size_t i = 0; i < sum.size(); ++i) {
          sum[i] += static_cast<double>(moves[s][i]);
          signed_sum[i] += side * static_cast<double>(moves[s][i]);
        }
      }
    }
    const double mean = sides / static_cast<double>(samples);
    // On one side only, the paper's baseline would cancel everything.
    const double baseline = std::abs(mean) >= 1.0 ? 0.0 : mean;
    for (std::size_t i = 0; i < sum.size(); ++i) signed_sum[i] -= baseline * sum[i];
    return signed_sum;
  }

  void draw(double delta, std::span<float> row, std::span<float> move) {
    Philox& random = search_.random(slot_);
    std::vector<double> direction(row.size());
    double square = 0.0;
    for (double& value : direction) {
      value = search_.norm() == Norm::l2 ? random.normal() : 2.0 * random.uniform() - 1.0;
      square += value * value;
    }
    const double scale = delta / std::max(std::sqrt(square), 1e-300);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = std::clamp(static_cast<float>(static_cast<double>(x_[0][i]) + scale * direction[i]),
                          search_.box().low, search_.box().high);
      move[i] =
          static_cast<float>((static_cast<double>(row[i]) - static_cast<double>(x_[0][i])) / delta);
    }
  }

  /// Along the normal, halving until the point is on the far side.
  bool hop(const std::vector<double>& normal, double length) {
    double square = 0.0;
    for (const double value : normal) square += value * value;
    if (!(square > 0.0)) return false;
    Rows trial(1, search_.size());
    for (int halving = 0; halving < 60 && !search_.stopped(); ++halving, length /= 2.0) {
      for (std::size_t i = 0; i < normal.size(); ++i) {
        const double unit = search_.norm() == Norm::l2 ? normal[i] / std::sqrt(square)
                                                       : (normal[i] > 0.0   ? 1.0
                                                          : normal[i] < 0.0 ? -1.0
                                                                            : 0.0);
        trial[0][i] = std::clamp(static_cast<float>(static_cast<double>(x_[0][i]) + length * unit),
                                 search_.box().low, search_.box().high);
      }
      if (!ask(trial)) continue;
      x_ = trial;
      return true;
    }
    return false;
  }

  Search& search_;
  const HopSkipJumpConfig& config_;
  std::size_t slot_;
  double dimensions_;
  double tolerance_ = 0.0;
  Rows x_;
};

}  // namespace

void HopSkipJump::run(Search& search) const {
  for (const std::size_t slot : search.open()) {
    if (search.stopped()) return;
    Walk(search, config_, slot).run();
  }
}

}  // namespace emdyn::provoke::attack
