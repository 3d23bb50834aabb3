#include "emdyn/detect/training/frozen.hpp"

namespace emdyn::detect {
namespace {

constexpr double kFollowsUsual = 0.05;    // Of the usual step, by which its median moves.
constexpr double kFreezeMemory = 2000.0;  // Steps that count whole.
constexpr double kFewestTurns = 0.15;     // Of the steps; smoother signals level off.
constexpr double kLongerThan = 2.0;       // Times any stand before.
constexpr double kFewestStill = 3.0;

}  // namespace

double Frozen::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if (!begun_) {
    begun_ = true;
    last_ = highest_ = sample;
    return 0.0;
  }
  const double step = sample - last_;
  const double size = std::abs(step);
  last_ = sample;
  highest_ = std::max(highest_, sample);
  log_p_ = 0.0;
  if (size <= std::max(still_share_ * usual_, smallest_sigma(sample))) {
    run_ += 1.0;
    judge(sample);
    return score();
  }
  end_run();
  moves_ += 1.0;
  if (step * step_ < 0.0 || (step > 0.0) != (step_ > 0.0)) turns_ += 1.0;
  step_ = step;
  usual_ = usual_ == 0.0
               ? size
               : usual_ * (size > usual_ ? 1.0 + kFollowsUsual : 1.0 / (1.0 + kFollowsUsual));
  if (moves_ + stills_ > kFreezeMemory) {
    moves_ *= 0.5;
    stills_ *= 0.5;
    turns_ *= 0.5;
  }
  return 0.0;
}

void Frozen::end_run() noexcept {
  stills_ += std::min(run_, kFreezeMemory);
  longest_ = std::max(longest_, run_);
  run_ = 0.0;
  told_ = false;
}

/// The chance that as many steps in a row as now are none.
void Frozen::judge(double sample) noexcept {
  if (told_ || !ready() || run_ < kFewestStill || run_ <= kLongerThan * longest_ + 1.0) return;
  if (turns_ < kFewestTurns * moves_) return;
  const bool arrived = (sample == 1.0 || sample == 100.0) && sample >= highest_;
  if (arrived) return;
  // Product of (stills + 1/2 + j) / (steps + 1 + j) for j = 0 … run - 1.
  const double stills = stills_ + 0.5;
  const double steps = stills_ + moves_ + 1.0;
  const double log_p = std::lgamma(stills + run_) - std::lgamma(stills) -
                       std::lgamma(steps + run_) + std::lgamma(steps);
  log_p_ = std::clamp(log_p, -1e6, 0.0);
}

void Frozen::reset() noexcept {
  last_ = usual_ = highest_ = moves_ = stills_ = turns_ = run_ = longest_ = log_p_ = step_ = 0.0;
  begun_ = told_ = false;
}

}  // namespace emdyn::detect
