#include "emdyn/detect/matrix_profile.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"

namespace emdyn::detect {
namespace {

// Window lengths of past before a distance counts as normal: what repeats every eight has been
// seen.
constexpr std::size_t kPast = 8;

}  // namespace

MatrixProfile::MatrixProfile(const Config& config)
    : window_(static_cast<std::uint64_t>(checked(kName, kFields, config).window_samples)),
      level_(config.level),
      fewest_(static_cast<std::size_t>(std::ceil(level_ / (1.0 - level_) - 1e-9))),
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
  return std::max(blocks_.sorted()[std::min(rank, n) - 1], repetition_);
}

double MatrixProfile::update(double sample) noexcept {
  profile_.push(bounded_sample(sample));
  score_ = 0.0;
  const double distance = profile_.distance();
  if (distance < 0.0) return score_;
  if (ready() && distance > repetition_) score_ = distance / threshold();
  run_ = score_ > 1.0 ? run_ + 1 : 0;
  const std::size_t past = std::min<std::size_t>(kPast * window_, profile_.most_compared());
  if (profile_.compared() < past) return score_;
  largest_ = std::max(largest_, distance);
  if (++in_block_ == window_) {
    blocks_.push(largest_);
    largest_ = 0.0;
    in_block_ = 0;
  }
  return score_;
}

void MatrixProfile::reset() noexcept {
  profile_.reset();
  blocks_.clear();
  largest_ = 0.0;
  in_block_ = 0;
  rearm();
}

Evidence MatrixProfile::evidence() const noexcept {
  if (score_ == 0.0) return {};
  const std::uint64_t reach = window_ - 1;
  return {.score = score_,
          .onset_samples_ago = std::min(reach, run_ > 0 ? run_ - 1 : 0),
          .onset_earliest_ago = reach};
}

}  // namespace emdyn::detect
