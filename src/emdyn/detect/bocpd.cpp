#include "emdyn/detect/bocpd.hpp"

#include <cmath>
#include <numbers>

namespace emdyn::detect {
namespace {

constexpr double kSurestOdds = 1e12;

}  // namespace

Bocpd::Bocpd(const Config& config)
    : config_(checked(kName, kFields, config)),
      scale_(config.scale_samples, 0.0, 1.0),
      early_(static_cast<std::size_t>(config.scale_samples)),
      runs_(static_cast<std::size_t>(config.most_runs) + 1) {
  for (std::size_t i = 0; i < kTable; ++i) {
    const double alpha = config.prior_alpha + 0.5 * static_cast<double>(i);
    gamma_table_[i] = std::exp(std::lgamma(alpha + 0.5) - std::lgamma(alpha));
  }
  reset();
}

/// Gamma(alpha + 1/2) / Gamma(alpha) with alpha of a run of this length.
double Bocpd::gamma_ratio(double length) const noexcept {
  if (length < static_cast<double>(kTable)) return gamma_table_[static_cast<std::size_t>(length)];
  const double alpha = config_.prior_alpha + 0.5 * length;
  const double i = 1.0 / alpha;
  // Stirling's series of the ratio; relative error below 1e-8 from alpha = 20 on.
  return std::sqrt(alpha) * (1.0 + i * (-0.125 + i * (0.0078125 + i * 0.0048828125)));
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
  double total = 0.0;
  for (Run& run : runs_) {
    const double kappa = config_.prior_kappa + run.length;
    const double alpha = config_.prior_alpha + 0.5 * run.length;
    const double width = 2.0 * run.beta * (kappa + 1.0) / kappa;
    const double distance = sample - run.mean;
    // Student-t predictive with 2 alpha degrees of freedom.
    const double density = gamma_ratio(run.length) / std::sqrt(std::numbers::pi * width) *
                           std::exp(-(alpha + 0.5) * std::log1p(distance * distance / width));
    run.probability *= density;
    total += run.probability;
    run.beta += kappa * distance * distance / (2.0 * (kappa + 1.0));
    run.mean += distance / (kappa + 1.0);
    run.length += 1.0;
  }
  prune(total);
  runs_.push_back({config_.hazard, 0.0, 0.0, config_.prior_beta});
  ++age_;
  score_ = score_now();
}

/// Normalises, drops what is negligible, and the least likely where too many are left.
void Bocpd::prune(double total) noexcept {
  if (!(total > 0.0)) {  // Impossible under every run: begin anew.
    runs_.clear();
    return;
  }
  const double factor = (1.0 - config_.hazard) / total;
  std::size_t kept = 0;
  double left = 0.0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    Run run = runs_[i];
    run.probability *= factor;
    if (run.probability < config_.negligible) continue;
    left += run.probability;
    runs_[kept++] = run;
  }
  runs_.resize(kept);
  if (runs_.full()) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < runs_.size(); ++i) {
      if (runs_[i].probability < runs_[least].probability) least = i;
    }
    left -= runs_[least].probability;
    runs_.erase(least);
  }
  if (!(left > 0.0)) return;
  const double restore = (1.0 - config_.hazard) / left;
  for (Run& run : runs_) run.probability *= restore;
}

double Bocpd::recent_limit() const noexcept {
  return std::min(static_cast<double>(config_.recent_samples), 0.5 * static_cast<double>(age_));
}

double Bocpd::score_now() const noexcept {
  double recent = 0.0;
  double older = 0.0;
  const double limit = recent_limit();
  for (const Run& run : runs_) (run.length < limit ? recent : older) += run.probability;
  return older > 0.0 ? std::min(recent / older, kSurestOdds) : kSurestOdds;
}

Evidence Bocpd::evidence() const noexcept {
  if (!ready() || score_ == 0.0) return {};
  const double limit = recent_limit();
  double recent = 0.0;
  const Run* likely = nullptr;
  const Run* before = nullptr;
  for (const Run& run : runs_) {
    if (run.length < limit) {
      if (run.length > 0.0) recent += run.probability;
      if (run.length > 0.0 && (!likely || run.probability > likely->probability)) likely = &run;
    } else if (!before || run.probability > before->probability) {
      before = &run;
    }
  }
  if (!likely) return {.score = score_};
  // Quantiles of the run length, given that it is recent; runs_ begins with the longest.
  Evidence found{.score = score_};
  double sum = 0.0;
  bool first = true;
  for (const Run& run : runs_) {
    if (run.length >= limit || run.length == 0.0) continue;
    sum += run.probability;
    const auto ago = static_cast<std::uint64_t>(run.length - 1.0);
    if (first) found.onset_earliest_ago = ago;
    if (sum <= 0.05 * recent) found.onset_earliest_ago = ago;
    if (sum <= 0.95 * recent || first) found.onset_latest_ago = ago;
    first = false;
  }
  found.onset_samples_ago = static_cast<std::uint64_t>(likely->length - 1.0);
  found.onset_latest_ago = std::min(found.onset_latest_ago, found.onset_samples_ago);
  found.onset_earliest_ago = std::max(found.onset_earliest_ago, found.onset_samples_ago);
  const double reference = before ? before->mean : 0.0;
  found.direction = likely->mean > reference ? Direction::rise : Direction::fall;
  return found;
}

double Bocpd::run_length_probability(std::uint64_t length) const noexcept {
  for (const Run& run : runs_) {
    if (run.length == static_cast<double>(length)) return run.probability;
  }
  return 0.0;
}

std::uint64_t Bocpd::likeliest_run() const noexcept {
  const Run* likely = &runs_[0];
  for (const Run& run : runs_) {
    if (run.probability > likely->probability) likely = &run;
  }
  return static_cast<std::uint64_t>(likely->length);
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
  if (runs_.empty() || early_.size() > early_.capacity()) return false;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].length != std::floor(runs_[i].length)) return false;
  }
  if (runs_.full() && runs_.back().length != 0.0) return false;
  return scale_.ready() || early_.size() < early_.capacity();
}

}  // namespace emdyn::detect
