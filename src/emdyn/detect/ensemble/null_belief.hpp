#pragma once
#include <array>
#include <cmath>
#include <cstddef>

namespace emdyn::detect {

/// Whether a null distribution is borne out where it can be checked: p-values from 1e-6 to 5e-3 may
/// come no more than twice as often as they say, and three standard errors. Smaller ones do not
/// count, so anomalies take no belief away; heavy tails, bursts and dependence do, because they
/// show among the moderately small ones. The past fades: what came more than 10,000 samples ago
/// counts half.
///
/// Cost: O(1), 24 bytes.
class NullBelief {
 public:
  /// @param run samples that small p-values stay small together, >= 1.
  explicit NullBelief(double run) noexcept : run_(run) {}

  /// @param p in [0, 1].
  void push(double p) noexcept {
    seen_ += 1.0;
    if (p <= kSmall && p > kAnomaly) small_ += 1.0;
    if (seen_ < kMemory) return;
    seen_ *= 0.5;
    small_ *= 0.5;
  }
  bool holds() const noexcept {
    const double expected = kSmall * seen_;
    return small_ <= 2.0 * expected + 3.0 * std::sqrt(run_ * expected + 1.0);
  }
  void reset() noexcept { seen_ = small_ = 0.0; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.seen_, self.small_);
    archive.require(self.small_ >= 0.0 && self.seen_ >= self.small_ && kMemory >= self.seen_);
  }
  bool operator==(const NullBelief&) const = default;

 private:
  static constexpr double kSmall = 5e-3;
  static constexpr double kAnomaly = 1e-6;
  static constexpr double kMemory = 20000.0;

  double run_;
  double seen_ = 0.0;
  double small_ = 0.0;
};

/// Whether the bulk of standardised residuals looks normal: shares of |z| in four classes are
/// together no more than 5 % from their probabilities (total variation) and one standard error.
/// Quiet stretches, bursts, jumps between constants and few distinct values show here, a few
/// anomalies do not. The past fades as that of NullBelief.
///
/// Cost: O(1), 40 bytes.
class NormalCore {
 public:
  void push(double z) noexcept {
    const double size = std::abs(z);
    counts_[size < 0.5 ? 0U : size < 1.0 ? 1U : size < 2.0 ? 2U : 3U] += 1.0;
    seen_ += 1.0;
    if (seen_ < kMemory) return;
    seen_ = 0.0;
    for (double& count : counts_) seen_ += count *= 0.5;
  }
  bool holds() const noexcept {
    if (seen_ == 0.0) return true;
    double distance = 0.0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      distance += 0.5 * std::abs(counts_[i] / seen_ - kShares[i]);
    }
    return distance <= 0.05 + 1.0 / std::sqrt(seen_);
  }
  void reset() noexcept { *this = {}; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.counts_, self.seen_);
    for (const double count : self.counts_) archive.require(count >= 0.0 && kMemory >= count);
    archive.require(self.seen_ >= 0.0 && kMemory >= self.seen_);
  }
  bool operator==(const NormalCore&) const = default;

 private:
  static constexpr double kMemory = 20000.0;
  // Of |z| below 0.5, 1, 2 and above.
  static constexpr std::array<double, 4> kShares{0.382925, 0.299764, 0.271810, 0.045500};

  std::array<double, 4> counts_{};
  double seen_ = 0.0;
};

}  // namespace emdyn::detect
