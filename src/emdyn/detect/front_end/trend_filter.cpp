#include "emdyn/detect/front_end/trend_filter.hpp"

#include <cmath>

#include "emdyn/detect/level/tails.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::detect {
namespace {

// Discounts of the lines: memories of about 3, 10, 40 and 200 samples.
constexpr std::array kDiscounts{0.6, 0.9, 0.975, 0.995};
constexpr double kLossDiscount = 0.995;
constexpr double kLossWeight = 0.1;  // Half the Gaussian log-likelihood, tempered to 0.2.
constexpr double kDependenceRate = 0.01;
constexpr double kPriorSamples = 10.0;    // Pull of the lag-one coefficient towards 0.
constexpr double kFirstFreedom = 8.0;     // What the median of 16 deviations is worth.
constexpr std::uint64_t kFirstScale = 8;  // Samples before the first scale, of the warm-up alone.
constexpr std::uint64_t kLongestSkip = 2000;

double held(double value, double limit) noexcept {
  return std::min(std::max(value, -limit), limit);
}

}  // namespace

/// What the last residual says about the next one.
double TrendFilter::Line::carry(double noise) const noexcept {
  const double prior = kPriorSamples * kDependenceRate * noise * noise;
  const double denominator = square + prior;
  if (!(denominator > 0.0)) return 0.0;
  return held(product / denominator, 0.98) * residual;
}

double TrendFilter::Line::prediction(double noise) const noexcept {
  return level + slope + carry(noise);
}

void TrendFilter::Line::advance(double discount) noexcept {
  s2 = discount * (s2 + 2.0 * s1 + s0);
  s1 = discount * (s1 + s0);
  s0 = discount * s0;
  level += slope;
}

void TrendFilter::Line::learn(double innovation) noexcept {
  s0 += 1.0;
  const double determinant = s0 * s2 - s1 * s1;
  const bool two_points = determinant > 1e-12 * s0 * s0;
  level += innovation * (two_points ? s2 / determinant : 1.0 / s0);
  if (two_points) slope += innovation * s1 / determinant;
  level = bounded_sample(level);
  slope = bounded_sample(slope);
}

TrendFilter::TrendFilter(std::uint64_t warmup, double scale_memory, double clip)
    : warmup_(warmup), scale_memory_(scale_memory), clip_(clip) {
  const double tail = math::two_sided_normal(clip_);
  consistency_ = 1.0 / (1.0 - tail - 2.0 * clip_ * math::normal_pdf(clip_) + clip_ * clip_ * tail);
}

double TrendFilter::noise() const noexcept {
  const double floor = std::max(smallest_sigma(last_), quantum_);
  return std::max(std::sqrt(variance_), floor);
}

double TrendFilter::sigma() const noexcept { return noise(); }

double TrendFilter::prediction() const noexcept {
  double least = lines_[0].loss;
  for (const Line& line : lines_) least = std::min(least, line.loss);
  const double deviation = noise();
  double sum = 0.0;
  double weights = 0.0;
  for (const Line& line : lines_) {
    const double weight = std::exp(kLossWeight * (least - line.loss));
    sum += weight * line.prediction(deviation);
    weights += weight;
  }
  return sum / weights;
}

TrendFilter::Step TrendFilter::update(double sample, double season) noexcept {
  sample = bounded_sample(sample);
  const double value = sample - season;
  if (since_start_ == 0) {
    for (Line& line : lines_) {
      line.level = value;
      line.slope = 0.0;
    }
    last_ = sample;
  }
  const double deviation = noise();
  const double residual = since_start_ == 0 ? 0.0 : value - prediction();
  const bool was_ready = ready();
  learn_lines(value, deviation);
  learn_scale(residual, deviation);
  note_step(last_, sample);
  last_ = sample;
  ++seen_;
  ++since_start_;
  if (!was_ready || since_start_ <= 4) return {};
  const double z = normal_from_student(held(residual / deviation, 1e6), freedom_);
  streak_ = std::abs(z) <= clip_          ? 0
            : (z > 0.0) == (streak_ >= 0) ? streak_ + (z > 0.0 ? 1 : -1)
                                          : (z > 0.0 ? 1 : -1);
  if (std::abs(streak_) >= kStreak) restart_lines();
  return {z, held(residual, clip_ * deviation)};
}

void TrendFilter::note_step(double from, double to) noexcept {
  const double step = std::abs(to - from);
  if (step > smallest_sigma(to) && (quantum_ == 0.0 || step < quantum_)) quantum_ = step;
}

void TrendFilter::learn_lines(double sample, double sigma) noexcept {
  // Until there is a scale, nothing can be called an outlier.
  const double limit = ready() && since_start_ > 4 ? clip_ * sigma : 2.0 * kLargestSample;
  recent_[since_start_ % recent_.size()] = sample;
  for (std::size_t i = 0; i < kLines; ++i) {
    Line& line = lines_[i];
    const double error = held(sample - line.prediction(sigma), limit);
    line.advance(kDiscounts[i]);
    const double innovation = held(sample - line.level, limit);
    line.learn(innovation);
    if (since_start_ < 4) continue;
    const double scaled = held(error / sigma, clip_);
    line.loss = kLossDiscount * line.loss + (ready() ? scaled * scaled : 0.0);
    line.square += kDependenceRate * (innovation * innovation - line.square);
    line.product += kDependenceRate * (innovation * line.residual - line.product);
    line.residual = innovation;
  }
}

void TrendFilter::learn_scale(double residual, double sigma) noexcept {
  if (!ready()) {
    // A scale from early on: without one the carry is not shrunk, and what is learned here would be
    // the noise of another predictor than the one that follows.
    early_[seen_ % kEarly] = std::abs(residual);
    const std::size_t count = std::min<std::size_t>(seen_ + 1, kEarly);
    if (seen_ + 1 < kFirstScale) return;
    auto sorted = early_;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(sorted.begin(), end);
    const double deviation = 1.4826 * 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
    variance_ = deviation * deviation;
    freedom_ = kFirstFreedom;
    return;
  }
  if (since_start_ < 4) return;
  const double most = 2.0 * scale_memory_ - 1.0;
  const double rate = std::max(1.0 / scale_memory_, 2.0 / (freedom_ + 2.0));
  const double kept = held(residual / sigma, clip_) * sigma;
  variance_ += rate * (consistency_ * kept * kept - variance_);
  freedom_ = std::min(freedom_ + 1.0, most);
}

/// Begin again at the last few samples, as certain as four samples make it.
void TrendFilter::restart_lines() noexcept {
  auto sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < kLines; ++i) {
    Line& line = lines_[i];
    line.level = 0.5 * (sorted[1] + sorted[2]);
    line.slope = 0.0;
    line.residual = 0.0;
    line.s0 = line.s1 = line.s2 = 0.0;
    for (int age = 0; age < 4; ++age) {
      line.advance(kDiscounts[i]);
      line.s0 += 1.0;
    }
  }
  streak_ = 0;
}

void TrendFilter::skip(std::uint64_t count) noexcept {
  if (since_start_ == 0) return;
  for (std::uint64_t step = 0; step < std::min(count, kLongestSkip); ++step) {
    for (std::size_t i = 0; i < kLines; ++i) {
      lines_[i].advance(kDiscounts[i]);
      lines_[i].level = bounded_sample(lines_[i].level);
      lines_[i].residual = 0.0;
    }
  }
}

void TrendFilter::rearm(double variance) noexcept {
  variance_ += variance;
  since_start_ = 0;
  streak_ = 0;
  for (Line& line : lines_) {
    line.s0 = line.s1 = line.s2 = line.residual = 0.0;
  }
}

void TrendFilter::reset() noexcept {
  lines_ = {};
  early_ = {};
  recent_ = {};
  seen_ = since_start_ = 0;
  variance_ = 0.0;
  freedom_ = 1.0;
  quantum_ = last_ = 0.0;
  streak_ = 0;
}

}  // namespace emdyn::detect
