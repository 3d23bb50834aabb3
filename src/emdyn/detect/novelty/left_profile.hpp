#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "emdyn/core/bounded_vector.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// The left matrix profile of a stream: for the newest window of m samples, the z-normalised
/// Euclidean distance to its k-th nearest neighbour among the earlier windows that do not overlap
/// it. In [0, 2 sqrt(m)]; 0 is a repetition, and sqrt(2m) what unrelated windows have.
///
/// The covariance of the newest window with each earlier one follows from that of their
/// predecessors (they have the same lag) in O(1), in the mean-centred form, which does not depend
/// on the level of the signal. Every covariance carries a bound on its rounding error; one that
/// could be the nearest and is not certain to 1e-9 in correlation is computed anew from its
/// samples, so a freak value of 1e100 leaves no trace, and the distance returned is always taken
/// from the samples.
///
/// Windows without variance (below the rounding of their level) count as all zeros when normalised:
/// two of them have distance 0, one of them has sqrt(m) from any other. The second, third ...
/// neighbour does not overlap the neighbours before it, so that k > 1 notices anomalies that came
/// k - 1 times before ("twin freaks").
///
/// Cost: O(history) a sample, plus O(window) for each distance computed anew: rarely more than one.
/// Hostile streams can force O(history * window). 56 bytes a remembered window.
/// Source: Yeh et al., "Matrix Profile I", ICDM 2016 (STAMPI); Zhu et al., "Matrix Profile II",
/// ICDM 2016 (the recurrence); Zimmerman et al., "Matrix Profile XIV", SoCC 2019 (its centred
/// form); Lu et al., "Matrix Profile XXIV", KDD 2022 (left discords).
class LeftProfile {
 public:
  static constexpr std::size_t kMostNeighbours = 8;

  /// @param window samples m, >= 4. @param history earlier windows remembered, >= 1.
  /// @param neighbour k, 1 ... kMostNeighbours.
  LeftProfile(std::size_t window, std::size_t history, std::size_t neighbour);

  /// Takes the next sample in; |sample| <= kLargestSample.
  void push(double sample) noexcept;
  /// Samples are missing: no window may span the place.
  void skip() noexcept { run_ = 0; }
  /// Of the newest window; negative while there is no such neighbour.
  double distance() const noexcept { return distance_; }
  /// Earlier windows the newest one is compared with.
  std::size_t compared() const noexcept { return lags(); }
  std::size_t most_compared() const noexcept { return history_; }
  /// Samples between the ends of the newest window and the neighbour found. @pre distance() >= 0
  std::uint64_t neighbour_lag() const noexcept { return lag_; }
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.samples_, self.step_, self.gap_, self.reach_, self.inverse_, self.covariance_,
            self.error_, self.count_, self.run_, self.mean_, self.distance_, self.lag_);
    archive.require(self.sound());
  }
  bool operator==(const LeftProfile&) const = default;

 private:
  struct Candidate {
    double closeness;   // Upper bound of the correlation; below -1: none.
    std::size_t index;  // Of the covariance.
  };
  using Chosen = BoundedVector<std::size_t>;

  bool sound() const noexcept;
  void measure(std::size_t slot) noexcept;
  void advance(std::size_t slot) noexcept;
  void search() noexcept;
  bool certain(std::size_t index) noexcept;
  Candidate closest() const noexcept;
  void refresh(std::size_t index) noexcept;
  double exact_distance(std::size_t index) const noexcept;
  std::size_t lags() const noexcept;
  std::size_t slot_of(std::size_t index) const noexcept;
  const double* window_ending(std::size_t slot) const noexcept;
  template <class Visit>
  void each_piece(std::size_t first, const Visit& visit) const noexcept;

  std::size_t window_;
  std::size_t history_;
  std::size_t neighbour_;
  std::size_t room_;
  std::vector<double> samples_;  // A ring written twice, so that every window is contiguous.
  // By the sample a window ends with (rings):
  std::vector<double> step_;     // Half the sample that came less the one that left.
  std::vector<double> gap_;      // The two less the means, added.
  std::vector<double> reach_;    // |gap| and the largest magnitude: what rounding scales with.
  std::vector<double> inverse_;  // 1 / norm about the mean; 0: flat, < 0: no window.
  // By lag, the longest first:
  std::vector<double> covariance_;  // With the newest window, times m.
  std::vector<double> error_;       // Its accumulated rounding, in units of 4 epsilon.
  Chosen chosen_;                   // Scratch: the neighbours found so far.
  std::uint64_t count_ = 0;
  std::uint64_t run_ = 0;  // Samples since the last gap.
  double mean_ = 0.0;      // Of the newest window.
  double distance_ = -1.0;
  std::uint64_t lag_ = 0;
};

}  // namespace emdyn::detect
