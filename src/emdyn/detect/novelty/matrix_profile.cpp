#include "emdyn/detect/novelty/matrix_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

// Window lengths of past before a distance counts as normal: what repeats every eight has been
// seen.
constexpr std::size_t kPast = 8;

}  // namespace

double noise_distance(std::size_t window, std::size_t count) noexcept {
  const double freedom = static_cast<double>(window) - 2.0;
  const double t = math::student_t_isf(1.0 / (static_cast<double>(count) + 1.0), freedom);
  const double correlation = t / std::sqrt(freedom + t * t);
  return std::sqrt(2.0 * static_cast<double>(window) * (1.0 - correlation));
}

MatrixProfile::MatrixProfile(const Config& config)
    : window_(static_cast<std::uint64_t>(checked(kName, kFields, config).window_samples)),
      level_(config.level),
      fewest_(static_cast<std::size_t>(std::ceil(level_ / (1.0 - level_) - 1e-9))),
      memory_(static_cast<double>(config.blocks * config.window_samples)),
      repetition_(1e-3 * std::sqrt(2.0 * static_cast<double>(window_))),
      profile_(static_cast<std::size_t>(config.window_samples),
               static_cast<std::size_t>(config.history_samples),
               static_cast<std::size_t>(config.neighbour)),
      blocks_(static_cast<std::size_t>(config.blocks)) {
  if (fewest_ > static_cast<std::size_t>(config.blocks)) {
    throw ConfigError(fmt::format("{}.blocks must be >= {} for level {}, got {}", kName, fewest_,
                                  config.level, config.blocks));
  }
  const auto needed = config.neighbour * config.window_samples;
  if (config.history_samples < needed) {
    throw ConfigError(
        fmt::format("{}.history_samples must be >= neighbour * window_samples = {}, got {}", kName,
                    needed, config.history_samples));
  }
}

double MatrixProfile::threshold() const noexcept {
  const auto n = blocks_.size();
  const auto rank = static_cast<std::size_t>(std::ceil(level_ * static_cast<double>(n + 1) - 1e-9));
  return std::max(blocks_.sorted()[std::min(rank, n) - 1], repetition_ / unit_);
}

double MatrixProfile::update(double sample) noexcept {
  profile_.push(bounded_sample(sample));
  score_ = t_ = 0.0;
  if (profile_.distance() < 0.0) return score_;
  if (compared_ != profile_.compared()) {
    compared_ = profile_.compared();
    unit_ = noise_distance(static_cast<std::size_t>(window_), compared_);
  }
  const double distance = profile_.distance() / unit_;
  const double deviate = noise_deviate();
  judge(distance, deviate);
  run_ = score_ > 1.0 ? run_ + 1 : 0;
  const std::size_t past = std::min<std::size_t>(kPast * window_, profile_.most_compared());
  if (profile_.compared() >= past) learn(distance, deviate);
  return score_;
}

/// The normal deviate as rare as this distance to the nearest of so many windows of noise.
double MatrixProfile::noise_deviate() const noexcept {
  const double m = static_cast<double>(window_);
  const double raw = profile_.distance();
  const double correlation = std::clamp(1.0 - raw * raw / (2.0 * m), -1.0 + 1e-9, 1.0 - 1e-9);
  const double t = correlation * std::sqrt((m - 2.0) / (1.0 - correlation * correlation));
  const double closer = math::student_t_sf(t, m - 2.0);  // Of one window.
  const double none = static_cast<double>(compared_) * std::log1p(-closer);
  if (none > -0.5) return -math::normal_isf(std::max(-std::expm1(none), 1e-300));
  return math::normal_isf(std::max(std::exp(none), 1e-300));
}

void MatrixProfile::judge(double distance, double deviate) noexcept {
  if (!ready() || !(profile_.distance() > repetition_)) return;
  score_ = distance / threshold();
  const double blocks = std::max(seen_ / static_cast<double>(window_), 3.0);
  const double variance = squares_ / std::max(seen_, 1.0) * (1.0 + 2.0 / blocks);
  t_ = std::clamp((deviate - mean_) / std::sqrt(std::max(variance, 1e-12)), -1e6, 1e6);
}

void MatrixProfile::learn(double distance, double deviate) noexcept {
  seen_ += 1.0;
  const double delta = deviate - mean_;
  mean_ += delta / seen_;
  if (delta > 0.0) squares_ += 2.0 * delta * (deviate - mean_);  // Of the upper side.
  if (seen_ >= memory_) {
    seen_ *= 0.5;
    squares_ *= 0.5;
  }
  largest_ = std::max(largest_, distance);
  if (++in_block_ < window_) return;
  blocks_.push(largest_);
  largest_ = 0.0;
  in_block_ = 0;
}

double MatrixProfile::p_value() const noexcept {
  if (score_ == 0.0) return 1.0;
  return math::student_t_sf(t_, std::max(seen_ / static_cast<double>(window_) - 1.0, 2.0));
}

void MatrixProfile::reset() noexcept {
  profile_.reset();
  blocks_.clear();
  largest_ = 0.0;
  in_block_ = 0;
  seen_ = mean_ = squares_ = 0.0;
  rearm();
}

bool MatrixProfile::operator==(const MatrixProfile& other) const {
  return profile_ == other.profile_ && blocks_ == other.blocks_ && score_ == other.score_ &&
         largest_ == other.largest_ && in_block_ == other.in_block_ && run_ == other.run_ &&
         seen_ == other.seen_ && mean_ == other.mean_ && squares_ == other.squares_ &&
         t_ == other.t_;
}

Evidence MatrixProfile::evidence() const noexcept {
  if (score_ == 0.0) return {};
  const std::uint64_t reach = window_ - 1;
  return {.score = score_,
          .onset_samples_ago = std::min(reach, run_ > 0 ? run_ - 1 : 0),
          .onset_earliest_ago = reach};
}

}  // namespace emdyn::detect
