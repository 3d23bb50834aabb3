#include "emdyn/detect/novelty/conformal.hpp"

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::detect {
namespace {

constexpr std::uint32_t kTieKey = 0x7469656b;

/// Uniform on [0, 1), the same for the same step on every machine.
double tie_breaker(std::uint64_t step) noexcept {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), 0, 0},
                 {kTieKey, 0});
  return static_cast<double>(words[0]) * 0x1p-32;
}

}  // namespace

double SimpleJumper::update(double p) noexcept {
  const double spread = jump_ / 3.0;  // The shares sum to 1.
  double sum = 0.0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    const double stake = static_cast<double>(i) - 1.0;
    shares_[i] = ((1.0 - jump_) * shares_[i] + spread) * (1.0 + stake * (p - 0.5));
    sum += shares_[i];
  }
  for (double& share : shares_) share /= sum;
  log_capital_ += std::log(sum);
  return log_capital_;
}

void SimpleJumper::reset() noexcept {
  shares_ = {1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0};
  log_capital_ = 0.0;
}

Conformal::Conformal(const Config& config)
    : alpha_(checked(kName, kFields, config).alpha),
      warmup_(static_cast<std::size_t>(config.warmup_samples)),
      window_(static_cast<std::size_t>(config.window_samples)),
      jumper_(config.jump) {
  if (config.warmup_samples > config.window_samples) {
    throw ConfigError("conformal.warmup_samples must not exceed conformal.window_samples");
  }
}

double Conformal::score() const noexcept {
  if (age_ == 0) return 0.0;
  return bounded_score(alpha_ * std::exp(std::min(jumper_.log_capital() - lowest_, 600.0)));
}

double Conformal::update(double sample) noexcept {
  sample = bounded_sample(sample);
  ++step_;
  if (ready()) {
    const auto& sorted = window_.sorted();
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), sample);
    const double above = static_cast<double>(sorted.end() - high);
    const double equal = static_cast<double>(high - low) + 1.0;  // Itself is one of them.
    rank_p_ = (above + tie_breaker(step_) * equal) / (static_cast<double>(sorted.size()) + 1.0);
    const double capital = jumper_.update(rank_p_);
    if (capital < lowest_) {
      lowest_ = capital;
      age_ = 0;
      drift_ = 0.0;
    } else {
      ++age_;
      drift_ += rank_p_ - 0.5;
    }
  }
  window_.push(sample);
  return score();
}

Evidence Conformal::evidence() const noexcept {
  if (score() == 0.0) return {};
  const std::uint64_t ago = age_ - 1;
  return {score(), drift_ < 0.0 ? Direction::rise : Direction::fall, ago, ago + ago / 4 + 2,
          ago - ago / 2};
}

void Conformal::rearm() noexcept {
  jumper_.reset();
  lowest_ = drift_ = 0.0;
  age_ = 0;
}

void Conformal::reset() noexcept {
  rearm();
  window_.clear();
  step_ = 0;
  rank_p_ = 1.0;
}

}  // namespace emdyn::detect
