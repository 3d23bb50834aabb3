#pragma once
#include <cstdint>

#include "emdyn/detect/bounded_vector.hpp"
#include "emdyn/math/pareto.hpp"

namespace emdyn::detect {

/// Learns, from a stream of scores, how likely a score as high as the last one is when nothing
/// happens. Causal: the p-value of a score uses the scores before it.
///
///   unknown null  empirical up to the 95 % quantile of the first 200 scores, beyond it a
///                 generalised Pareto tail fitted to the last 512 excesses (peaks over threshold)
///   known null    a second opinion: the scores are -ln p of the p-values the null gives, which
///                 are exponential where it holds. From p = 0.05 on, the tail is fitted as above,
///                 beginning from that exponential and leaving it only as the evidence grows.
///
/// Cost: O(1), amortised; a refit of O(512) with every sixteenth excess; 4 KB, 6 KB unknown.
/// Source: Siffer, Fouque, Termier, Largouet, "Anomaly Detection in Streams with Extreme Value
/// Theory", KDD 2017; probability-weighted moments of Hosking & Wallis, "Parameter and Quantile
/// Estimation for the Generalized Pareto Distribution", Technometrics 29 (1987).
class Calibrator {
 public:
  enum class Null { unknown, known };
  explicit Calibrator(Null null = Null::unknown);

  /// Chance of a score of at least `score`; 1 before there are enough scores. @pre score >= 0.
  double p_value(double score) const noexcept;
  /// Takes the score of a calm moment in.
  void learn(double score) noexcept;
  bool ready() const noexcept { return null_ == Null::known || first_.full(); }
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.first_, self.peaks_, self.next_, self.fresh_, self.seen_, self.above_,
            self.threshold_, self.tail_.shape, self.tail_.scale);
    archive.require(self.next_ < kPeaks && self.tail_.scale > 0.0 && self.seen_ >= 0.0 &&
                    self.above_ >= 0.0 && self.above_ <= self.seen_);
  }
  bool operator==(const Calibrator&) const = default;

 private:
  static constexpr std::size_t kPeaks = 512;
  static constexpr std::size_t kEnough = 200;  // Scores the first threshold comes from.

  void begin() noexcept;
  void refit() noexcept;

  Null null_;
  BoundedVector<double> first_;  // Scores until there are enough, then sorted: the body.
  BoundedVector<double> peaks_;  // Ring of excesses over the threshold.
  std::uint64_t next_ = 0;
  std::uint64_t fresh_ = 0;  // Excesses since the last refit.
  double seen_ = 0.0;
  double above_ = 0.0;
  double threshold_ = 0.0;
  math::GeneralisedPareto tail_{0.0, 1.0};
};

}  // namespace emdyn::detect
