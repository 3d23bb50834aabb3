#pragma once
#include <cmath>
#include <cstdint>

#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// In-control mean and deviation of a signal: given, or learned from its first samples (Welford,
/// deviation with ddof 1). Standardised samples are held within +-1e6 deviations.
class Baseline {
 public:
  /// @param samples to learn from; 0 takes `mean` and `sigma` as given.
  Baseline(std::int64_t samples, double mean, double sigma) noexcept
      : wanted_(static_cast<std::uint64_t>(samples)), given_mean_(mean), given_sigma_(sigma) {
    reset();
  }

  bool ready() const noexcept { return seen_ == wanted_; }
  double mean() const noexcept { return mean_; }
  double sigma() const noexcept { return 1.0 / inverse_sigma_; }
  std::uint64_t learned_from() const noexcept { return wanted_; }

  /// @pre !ready()
  void learn(double sample) noexcept {
    ++seen_;
    const double delta = sample - mean_;
    mean_ += delta / static_cast<double>(seen_);
    squares_ += delta * (sample - mean_);
    if (ready()) finish();
  }
  double standardise(double sample) const noexcept {
    const double z = (sample - mean_) * inverse_sigma_;
    return std::min(std::max(z, -1e6), 1e6);
  }
  /// Joins what two parts of a signal taught (pairwise moments: Chan, Golub, LeVeque, "Algorithms
  /// for Computing the Sample Variance", American Statistician 37, 1983).
  /// @pre neither is ready()
  void merge(const Baseline& other) noexcept {
    if (other.seen_ == 0) return;
    const double here = static_cast<double>(seen_);
    const double there = static_cast<double>(other.seen_);
    const double delta = other.mean_ - mean_;
    mean_ += delta * there / (here + there);
    squares_ += other.squares_ + delta * delta * here * there / (here + there);
    seen_ = std::min(seen_ + other.seen_, wanted_);
    if (ready()) finish();
  }
  void reset() noexcept {
    seen_ = 0;
    squares_ = 0.0;
    mean_ = wanted_ == 0 ? given_mean_ : 0.0;
    inverse_sigma_ = wanted_ == 0 ? 1.0 / given_sigma_ : 1.0;
  }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.seen_, self.mean_, self.squares_, self.inverse_sigma_);
    archive.require(self.seen_ <= self.wanted_ && self.squares_ >= 0.0 &&
                    self.inverse_sigma_ > 0.0);
  }
  bool operator==(const Baseline&) const = default;

 private:
  void finish() noexcept {
    const double variance = wanted_ > 1 ? squares_ / static_cast<double>(wanted_ - 1) : 0.0;
    inverse_sigma_ = 1.0 / std::max(std::sqrt(variance), smallest_sigma(mean_));
  }

  std::uint64_t wanted_;
  double given_mean_;
  double given_sigma_;
  std::uint64_t seen_ = 0;
  double mean_ = 0.0;
  double squares_ = 0.0;
  double inverse_sigma_ = 1.0;
};

}  // namespace emdyn::detect
