#include "emdyn/detect/ensemble/residual_watch.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMostScore = 4.0;  // Of a normal score in the sum: no spike looks like a shift.
constexpr double kMostResidual = 1e6;
constexpr double kNoMove = 1e-7;         // Residuals this small are no move.
constexpr double kSideMemory = 400.0;    // Samples over which the sides are counted.
constexpr double kFirstFreedoms = 12.0;  // Samples' worth of doubt in the first scale.
constexpr double kStrangeShift = 1e-6;
constexpr double kStrangeChance = 1e-4;
constexpr double kSameEvent = 8.0;  // Samples.
constexpr double kOnTime = 0.01;    // Of an interval, that it may differ by.
// Times the chance that a signal which stood for n samples moves at the next, n + 1: what makes the
// first move after a thousand samples an alarm at the spike's half of the budget of `auto` in company,
// 6e-6; of zeros and ones, which are often rare events, after two thousand.
constexpr double kFirstMove = 0.003;
constexpr double kFirstMoveOfIndicator = 0.006;
constexpr double kStill = 500.0;  // Samples of the same value that are a stand.
constexpr double kBend = 2.0;
constexpr double kMostFirstMoves = 3.0;  // Told so readily; each further one takes twice the stand.

}  // namespace

ResidualWatch::ResidualWatch(std::int64_t longest_period)
    : front_end_({.longest_period = longest_period}),
      shift_({.baseline_samples = 0}),
      policy_({.alpha = kStrangeShift}) {}

/// The chance of a residual this far out, on this side, or one as rare on the other.
double ResidualWatch::chance_of(double size, bool up) const noexcept {
  const double sides = ups_ + downs_ + 1.0;
  const double side = ((up ? ups_ : downs_) + 0.5) / sides;
  const double moved = (moves_ + 0.5) / (residuals_ + 1.0);
  return std::min(1.0, moved * side * (up ? up_ : down_).beyond(size));
}

/// The chance of a first move after so long a stand.
double ResidualWatch::first_move() noexcept {
  const double rate = indicator_ ? kFirstMoveOfIndicator : kFirstMove;
  const double weight = std::exp2(std::max(first_moves_ - kMostFirstMoves + 1.0, 0.0));
  first_moves_ = std::min(first_moves_ + 1.0, 1e6);
  return std::min(1.0, weight * rate / (std::max(still_, moves_ == 0.0 ? residuals_ : 0.0) + 1.0));
}

/// A residual that comes at the same interval for the fifth time belongs to a season, be it so short
/// in so long a cycle that the season was not found.
bool ResidualWatch::on_time() noexcept {
  auto& times = strange_at_[rising_ ? 1 : 0];
  const double now = residuals_;
  const double gap = now - times[0];
  // The same event goes on.
  if (gap < kSameEvent) return false;
  const double slack = std::max(1.0, kOnTime * gap);
  bool equal = times[kIntervals - 1] > 0.0;
  for (std::size_t i = 1; i < kIntervals; ++i)
    equal = equal && std::abs(times[i - 1] - times[i] - gap) <= slack;
  for (std::size_t i = kIntervals - 1; i > 0; --i) times[i] = times[i - 1];
  times[0] = now;
  return equal;
}

ResidualWatch::Price ResidualWatch::push(double sample) noexcept {
  sample = bounded_sample(sample);
  const bool was_ready = front_end_.ready();
  const double expected = front_end_.prediction();
  const double sigma = front_end_.sigma();
  front_end_.update(sample);
  const bool changed = sample != last_;
  indicator_ = indicator_ && (sample == 0.0 || sample == 1.0);
  last_ = sample;
  if (!was_ready) {
    still_ = changed ? 0.0 : still_ + 1.0;
    return {};
  }
  // The deviation is an estimate, a rough one at first.
  const double sure = residuals_ + kFirstFreedoms;
  const double error = std::clamp((sample - expected) / sigma, -kMostResidual, kMostResidual) *
                       std::sqrt(sure / (sure + kFirstFreedoms));
  const double size = std::abs(error);
  rising_ = error > 0.0;
  Price price;
  double score = 0.0;
  if (size > kNoMove && std::abs(sample - expected) > smallest_sigma(sample)) {
    const double chance = chance_of(size, rising_);
    price.spike = std::min(1.0, 2.0 * chance);
    if (price.spike < kStrangeChance && on_time()) price.spike = 1.0;
    if (still_ >= kStill) {
      const double first = first_move();
      price.spike = moves_ == 0.0 ? first : std::min(price.spike, first);
    } else if (moves_ == 0.0) {
      // A line to the last digit until here; where it only bends, the first step is one of its own.
      price.spike = size > kBend ? first_move() : 1.0;
    }
    score = math::normal_isf(std::max(chance, 1e-300)) * (rising_ ? 1.0 : -1.0);
    learn(size, chance);
  }
  residuals_ += 1.0;
  still_ = changed ? 0.0 : still_ + 1.0;
  const double held = std::clamp(score, -kMostScore, kMostScore);
  const double shift_score = shift_.update(held);
  const double shift_p = policy_.step(shift_score, shift_.p_value()).p_value;
  core_.push(score);
  if (core_.holds() && belief_.holds()) price.shift = shift_p;
  belief_.push(shift_.p_value());
  return price;
}

void ResidualWatch::learn(double size, double chance) noexcept {
  (rising_ ? up_ : down_).learn(size, chance);
  const double fade = 1.0 - 1.0 / kSideMemory;
  ups_ = fade * ups_ + (rising_ ? 1.0 : 0.0);
  downs_ = fade * downs_ + (rising_ ? 0.0 : 1.0);
  moves_ += 1.0;
}

void ResidualWatch::skip(std::uint64_t count) noexcept {
  front_end_.skip(count);
  shift_.skip(count);
  policy_.skip(count);
}

void ResidualWatch::rearm_shift() noexcept {
  shift_.rearm();
  policy_.rearm();
}

void ResidualWatch::reset() noexcept {
  front_end_.reset();
  up_.reset();
  down_.reset();
  shift_.reset();
  policy_.reset();
  belief_.reset();
  core_.reset();
  residuals_ = moves_ = ups_ = downs_ = first_moves_ = still_ = last_ = 0.0;
  strange_at_ = {};
  indicator_ = true;
  rising_ = false;
}

}  // namespace emdyn::detect
