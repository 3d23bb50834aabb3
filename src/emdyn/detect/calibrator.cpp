#include "emdyn/detect/calibrator.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace emdyn::detect {
namespace {

constexpr double kBody = 0.95;          // Scores below this quantile are the body.
constexpr double kMemory = 20000.0;     // Scores over which the share above is averaged.
constexpr double kShapeError = 2.5;     // Twice the standard error of the shape, times sqrt(peaks).
constexpr double kNullThreshold = 3.0;  // -ln p from which the tail of a known null is fitted.
constexpr double kNullSamples = 400.0;  // Samples' worth of belief in its share above that,
constexpr double kScalePrior = 100.0;   // and excesses' worth of belief in its scale.
constexpr double kLightest = -0.2;
constexpr double kHeaviest = 0.5;
constexpr std::size_t kFewestPeaks = 8;
constexpr std::uint64_t kRefitEvery = 16;

}  // namespace

Calibrator::Calibrator(Null null)
    : null_(null), first_(null == Null::known ? 0 : kEnough), peaks_(kPeaks) {
  reset();
}

double Calibrator::p_value(double score) const noexcept {
  if (!ready()) return 1.0;
  const double share = (above_ + 0.5) / (seen_ + 1.0);
  if (score > threshold_) return share * tail_.sf(score - threshold_);
  if (null_ == Null::known) return std::exp(-score);
  const auto* found = std::lower_bound(first_.begin(), first_.end(), score);
  const double higher = static_cast<double>(first_.end() - found);
  return std::max(share, (higher + 1.0) / (static_cast<double>(first_.size()) + 1.0));
}

void Calibrator::learn(double score) noexcept {
  seen_ += 1.0;
  if (!first_.full()) {
    first_.push_back(score);
    if (first_.full()) begin();
    return;
  }
  if (seen_ > kMemory) {
    seen_ *= 0.5;
    above_ *= 0.5;
  }
  if (score <= threshold_) return;
  above_ += 1.0;
  const double excess = score - threshold_;
  if (peaks_.full()) {
    peaks_[next_] = excess;
  } else {
    peaks_.push_back(excess);
  }
  next_ = (next_ + 1) % kPeaks;
  if (++fresh_ >= kRefitEvery) refit();
}

void Calibrator::begin() noexcept {
  std::sort(first_.begin(), first_.end());
  const auto at = static_cast<std::size_t>(kBody * static_cast<double>(first_.size()));
  threshold_ = first_[at];
  for (std::size_t i = at; i < first_.size(); ++i) {
    if (first_[i] > threshold_) peaks_.push_back(first_[i] - threshold_);
  }
  above_ = static_cast<double>(peaks_.size());
  next_ = peaks_.size() % kPeaks;
  refit();
}

/// Probability-weighted moments; an exponential unless the excesses clearly say otherwise.
void Calibrator::refit() noexcept {
  fresh_ = 0;
  if (peaks_.size() < kFewestPeaks) return;
  std::array<double, kPeaks> sorted{};
  std::sort(sorted.begin(), std::copy(peaks_.begin(), peaks_.end(), sorted.begin()));
  const auto count = static_cast<double>(peaks_.size());
  double mean = 0.0;
  double weighted = 0.0;  // Of E[X (1 - F(X))].
  for (std::size_t i = 0; i < peaks_.size(); ++i) {
    mean += sorted[i] / count;
    weighted += sorted[i] * (count - 1.0 - static_cast<double>(i)) / (count * (count - 1.0));
  }
  if (!(mean > 0.0)) return;
  const double difference = mean - 2.0 * weighted;
  const double raw = difference > 0.0 ? 2.0 - mean / difference : -1.0;
  const double sure = std::max(std::abs(raw) - kShapeError / std::sqrt(count), 0.0);
  tail_.shape = std::clamp(std::copysign(sure, raw), kLightest, kHeaviest);
  tail_.scale = mean * (1.0 - tail_.shape);  // Keeps the mean excess.
  if (null_ == Null::known) {
    tail_.scale = (kScalePrior + count * tail_.scale) / (kScalePrior + count);
  }
}

void Calibrator::reset() noexcept {
  first_.clear();
  peaks_.clear();
  next_ = fresh_ = 0;
  seen_ = above_ = threshold_ = 0.0;
  if (null_ == Null::known) {
    threshold_ = kNullThreshold;
    seen_ = kNullSamples;
    above_ = kNullSamples * std::exp(-kNullThreshold);
  }
  tail_ = {0.0, 1.0};
}

}  // namespace emdyn::detect
