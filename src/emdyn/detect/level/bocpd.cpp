#include "emdyn/detect/level/bocpd.hpp"

#include <cmath>

namespace emdyn::detect {
namespace {

constexpr double kSurestOdds = 1e12;

}  // namespace

Bocpd::Bocpd(const Config& config)
    : config_(checked(kName, kFields, config)),
      scale_(config.scale_samples, 0.0, 1.0),
      early_(static_cast<std::size_t>(config.scale_samples)),
      runs_(static_cast<std::size_t>(config.most_runs) + 1,
            {config.prior_kappa, config.prior_alpha, config.prior_beta}) {
  reset();
}

double Bocpd::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if (!scale_.ready()) {
    early_.push_back(sample);
    scale_.learn(sample);
    if (!scale_.ready()) return 0.0;
    for (const double first : early_) observe(scale_.standardise(first));
    early_.clear();
    return score_;
  }
  observe(scale_.standardise(sample));
  return score_;
}

void Bocpd::observe(double sample) noexcept {
  const InstructionSet set = best_instruction_set();
  ++age_;
  BocpdRuns::Weights weights;
  const double total = runs_.observe(sample, set);
  if (total > 0.0) {
    const double keep = 1.0 - config_.hazard;
    const double left = runs_.prune(total, config_.negligible / keep);
    if (left > 0.0) weights = runs_.scale(keep / left, recent_limit(), set);
  } else {
    runs_.clear();  // Impossible under every run: begin anew.
  }
  runs_.push_back({config_.hazard, 0.0, 0.0, config_.prior_beta});
  weights.recent += config_.hazard;
  score_ =
      weights.older > 0.0 ? std::min(weights.recent / weights.older, kSurestOdds) : kSurestOdds;
}

double Bocpd::recent_limit() const noexcept {
  return std::min(static_cast<double>(config_.recent_samples), 0.5 * static_cast<double>(age_));
}

Evidence Bocpd::evidence() const noexcept {
  if (!ready() || score_ == 0.0) return {};
  const double limit = recent_limit();
  double recent = 0.0;
  BocpdRuns::Run likely;
  BocpdRuns::Run before;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const BocpdRuns::Run run = runs_[i];
    if (run.length < limit) {
      if (run.length > 0.0) recent += run.probability;
      if (run.length > 0.0 && run.probability > likely.probability) likely = run;
    } else if (run.probability > before.probability) {
      before = run;
    }
  }
  if (likely.length == 0.0) return {.score = score_};
  // Quantiles of the run length, given that it is recent; runs_ begins with the longest.
  Evidence found{.score = score_};
  double sum = 0.0;
  bool first = true;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const BocpdRuns::Run run = runs_[i];
    if (run.length >= limit || run.length == 0.0) continue;
    sum += run.probability;
    const auto ago = static_cast<std::uint64_t>(run.length - 1.0);
    if (first) found.onset_earliest_ago = ago;
    if (sum <= 0.05 * recent) found.onset_earliest_ago = ago;
    if (sum <= 0.95 * recent || first) found.onset_latest_ago = ago;
    first = false;
  }
  found.onset_samples_ago = static_cast<std::uint64_t>(likely.length - 1.0);
  found.onset_latest_ago = std::min(found.onset_latest_ago, found.onset_samples_ago);
  found.onset_earliest_ago = std::max(found.onset_earliest_ago, found.onset_samples_ago);
  found.direction = likely.mean > before.mean ? Direction::rise : Direction::fall;
  return found;
}

double Bocpd::run_length_probability(std::uint64_t length) const noexcept {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].length == static_cast<double>(length)) return runs_[i].probability;
  }
  return 0.0;
}

std::uint64_t Bocpd::likeliest_run() const noexcept {
  BocpdRuns::Run likely = runs_[0];
  for (std::size_t i = 1; i < runs_.size(); ++i) {
    if (runs_[i].probability > likely.probability) likely = runs_[i];
  }
  return static_cast<std::uint64_t>(likely.length);
}

void Bocpd::rearm() noexcept {
  if (!ready()) return;
  age_ = likeliest_run();
  score_ = 0.0;
}

void Bocpd::reset() noexcept {
  scale_.reset();
  early_.clear();
  runs_.clear();
  runs_.push_back({1.0, 0.0, 0.0, config_.prior_beta});
  age_ = 0;
  score_ = 0.0;
}

bool Bocpd::consistent() const noexcept {
  if (runs_.size() == 0 || early_.size() > early_.capacity()) return false;
  for (std::size_t i = 1; i < runs_.size(); ++i) {
    if (!(runs_[i].length < runs_[i - 1].length)) return false;
  }
  if (runs_.full() && runs_[runs_.size() - 1].length != 0.0) return false;
  return scale_.ready() || early_.size() < early_.capacity();
}

}  // namespace emdyn::detect
