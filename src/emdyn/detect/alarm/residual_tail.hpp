#pragma once
#include <array>
#include <cstddef>

namespace emdyn::detect {

/// One side of the law of standardised residuals, learned as they come: how likely is one this far
/// out? A mixture of five families of tails (normal, exponential, Student's t with 8, 4 and 2
/// degrees), each at ten scales. Their weights begin at what logs of trainings are like and
/// follow how well each foretold every residual so far (Bayes), so that a normal tail is believed
/// only where the body bears it out, and a heavy one is never excluded: a small share of the weights
/// returns to where it began with each residual, which also makes the past fade.
///
/// Of a rare residual, one that fewer than 1 in 1,000 exceed, only that it came is learned, not how
/// far out it was (a censored observation): one spike must not teach a tail under which the next is
/// nothing, while a heavy tail shows in how often there are such residuals.
///
/// Anomalies teach nothing: a residual whose chance is below 1e-5 is learned only as often as chance
/// would make them, or where they are so frequent (1 in 100) that they must be the normal state.
///
/// Cost: O(50), about a microsecond; 430 bytes.
/// Source: Raftery, Karny, Ettler, "Online Prediction under Model Uncertainty via Dynamic Model
/// Averaging", Technometrics 52 (2010); Herbster, Warmuth, "Tracking the Best Expert", Machine
/// Learning 32 (1998), the share that returns.
class ResidualTail {
 public:
  ResidualTail() noexcept { reset(); }

  /// P(R > size) among the residuals of this side. @param size in deviations, >= 0.
  double beyond(double size) const noexcept;
  /// Takes in a residual of this side whose chance among all is `chance`.
  void learn(double size, double chance) noexcept;
  /// Of all families, how much is left to those whose tails are lighter than any power.
  double light() const noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.weights_, self.credit_, self.strange_rate_);
    double sum = 0.0;
    for (const double weight : self.weights_) {
      archive.require(weight >= 0.0);
      sum += weight;
    }
    archive.require(sum > 0.5 && 2.0 > sum && self.credit_ >= 0.0 && 10.0 >= self.credit_ &&
                    self.strange_rate_ >= 0.0 && 1.0 >= self.strange_rate_);
  }
  bool operator==(const ResidualTail&) const = default;

  static constexpr std::size_t kFamilies = 5;
  static constexpr std::size_t kScales = 10;

 private:
  double exceeded_by(double share, double most) const noexcept;

  std::array<double, kFamilies * kScales> weights_{};  // Sum 1.
  double credit_ = 0.0;        // Strange residuals that chance would have made by now.
  double strange_rate_ = 0.0;  // Of late.
};

}  // namespace emdyn::detect
