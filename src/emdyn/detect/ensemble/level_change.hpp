#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace emdyn::detect {

/// Did the level change lately? For short histories, of some twenty to hundreds of samples, when
/// there is no past to rank anything among: nothing is learned in advance, every sample counts from
/// the first.
///
/// Null: a straight line and lag-one dependent noise. Alternative: a step on top of it, at any
/// sample that has at least as many before it as after it. Line and step are fitted to all samples
/// so far, and the largest F statistic of the step over all places is judged by Student's t with
/// the freedom that the dependence leaves, times the number of places that count as independent.
/// The dependence is measured on what line and step leave, and is taken one standard error
/// stronger than it looks: a curve that is no step leaves smooth residuals. Where a parabola, or a
/// bend of the line, fits as well as the step, the curve explains it and there is none.
///
/// Cost: O(samples so far), at most 512; 8 KB.
/// Source: Hawkins, Qiu, Kang, "The Changepoint Model for Statistical Process Control", Journal of
/// Quality Technology 35 (2003), the self-starting test; James, James, Siegmund, "Tests for a
/// Change-Point", Biometrika 74 (1987), the tail of a maximum over places.
class LevelChange {
 public:
  static constexpr std::size_t kMostSamples = 512;
  static constexpr std::size_t kFewestBefore = 10;
  static constexpr std::size_t kFewestAfter = 4;

  /// @param value |value| <= 1e6, about 1 in size. Beyond kMostSamples nothing more is looked at.
  /// @param quantum steps between the values that the signal takes: noise is not believed smaller
  /// than half of one.
  void push(double value, double quantum = 0.0) noexcept;
  /// Chance of a step this clear while line and noise go on; 1 while there are too few samples.
  double p_value() const noexcept { return p_value_; }
  /// Samples since the most likely step, the newest being 0 ago; 0 where there is none.
  std::uint64_t onset_samples_ago() const noexcept { return after_ > 0 ? after_ - 1 : 0; }
  bool rising() const noexcept { return rising_; }
  /// Forgets what came before the most likely step.
  void restart_at_step() noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.values_, self.count_, self.after_, self.p_value_, self.rising_);
    archive.require(kMostSamples >= self.count_ && self.count_ >= self.after_);
    archive.require(self.p_value_ >= 0.0 && 1.0 >= self.p_value_);
    for (const double value : self.values_) archive.require(value >= -1e6 && 1e6 >= value);
  }
  bool operator==(const LevelChange&) const = default;

 private:
  struct Fit;

  Fit fit() const noexcept;
  double dependence(const Fit& fit) const noexcept;
  double chance(const Fit& fit, double dependent, double quantum) const noexcept;

  std::array<double, kMostSamples> values_{};
  std::uint64_t count_ = 0;
  std::uint64_t after_ = 0;  // Samples from the most likely step on; 0: none.
  double p_value_ = 1.0;
  bool rising_ = false;
};

}  // namespace emdyn::detect
