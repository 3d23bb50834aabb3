#include "emdyn/detect/novelty/spot.hpp"

#include <cmath>

namespace emdyn::detect {
namespace {

constexpr double kBelievable = 0.05;
constexpr double kFewPeaks = 40.0;         // Up to here every excess is worth a fit,
constexpr std::uint64_t kRefitEvery = 16;  // and from here on every sixteenth.

}  // namespace

TailModel::TailModel(std::size_t samples, double level)
    : level_(level), first_(samples), excesses_(kExcesses) {}

void TailModel::learn(double sample) noexcept {
  count_ += 1.0;
  if (!first_.full()) {
    first_.push_back(sample);
    if (first_.full()) begin();
    return;
  }
  if (!(sample > threshold_)) return;
  peak_count_ += 1.0;
  if (excesses_.full()) {
    excesses_[next_] = sample - threshold_;
  } else {
    excesses_.push_back(sample - threshold_);
  }
  next_ = (next_ + 1) % kExcesses;
  if (++fresh_ >= kRefitEvery || peak_count_ <= kFewPeaks) fit();
}

void TailModel::begin() noexcept {
  std::sort(first_.begin(), first_.end());
  const auto size = static_cast<double>(first_.size());
  threshold_ = first_[std::min(static_cast<std::size_t>(level_ * size), first_.size() - 1)];
  for (const double sample : first_) {
    if (!(sample > threshold_)) continue;
    peak_count_ += 1.0;
    if (!excesses_.full()) excesses_.push_back(sample - threshold_);
  }
  next_ = excesses_.size() % kExcesses;
  pareto_ = {0.0, smallest_sigma(threshold_)};
  fit();
}

void TailModel::fit() noexcept {
  fresh_ = 0;
  if (const auto fitted = math::fit_pareto_ml(excesses_)) {
    pareto_ = *fitted;
  } else if (!excesses_.empty()) {
    double sum = 0.0;
    for (const double excess : excesses_) sum += excess;
    pareto_ = {0.0, sum / static_cast<double>(excesses_.size())};
  }
  pareto_.shape = std::min(std::max(pareto_.shape, -10.0), 10.0);
  pareto_.scale = std::max(pareto_.scale, smallest_sigma(threshold_));
}

double TailModel::tail(double sample) const noexcept {
  if (!(sample > threshold_)) return 1.0;
  const double tail = pareto_.sf(sample - threshold_);
  return std::min((peak_count_ + 0.5) / (count_ + 1.0) * (tail >= 0.0 ? tail : 0.0), 1.0);
}

double TailModel::level_of(double q) const noexcept {
  const double peaks = std::max(peak_count_, 0.5);
  const double level = math::pot_quantile(pareto_, threshold_, peaks, count_, q);
  // A bounded tail ends: no level may lie so near its end that rounding decides.
  const double least = threshold_ + smallest_sigma(threshold_);
  return level > least ? bounded_sample(level) : least;
}

double TailModel::believable(double sample, double level, double q) const noexcept {
  if (tail(sample) > kBelievable * q) return sample;
  // The mean of the samples beyond the level, by the model.
  const double shape = std::min(pareto_.shape, 0.9);
  const double beyond = (pareto_.scale + shape * (level - threshold_)) / (1.0 - shape);
  return std::min(level + std::max(beyond, 0.0), sample);
}

void TailModel::clear() noexcept {
  first_.clear();
  excesses_.clear();
  next_ = 0;
  fresh_ = 0;
  count_ = peak_count_ = threshold_ = 0.0;
  pareto_ = {0.0, 1.0};
}

template <class Form>
Spot<Form>::Spot(const Config& config)
    : q_(checked(kName, kFields, config).q),
      two_sided_(config.two_sided),
      upper_(static_cast<std::size_t>(config.init_samples), config.level),
      lower_(two_sided_ ? static_cast<std::size_t>(config.init_samples) : 0, config.level),
      recent_(static_cast<std::size_t>(config.depth_samples)) {
  if (two_sided_) q_ *= 0.5;
}

/// Takes the moving average off. @return false while it is still being learned.
template <class Form>
bool Spot<Form>::detrend(double& sample) noexcept {
  if (recent_.capacity() == 0) return true;
  if (!recent_.full()) {
    follow(sample);
    return false;
  }
  sample -= sum_ / static_cast<double>(recent_.size());
  return true;
}

template <class Form>
void Spot<Form>::follow(double sample) noexcept {
  if (recent_.capacity() == 0) return;
  if (recent_.full()) {
    recent_[next_] = sample;
  } else {
    recent_.push_back(sample);
  }
  next_ = (next_ + 1) % recent_.capacity();
  sum_ = 0.0;  // Anew each time: a running sum would keep the rounding of a past giant.
  for (const double value : recent_) sum_ += value;
}

template <class Form>
double Spot<Form>::update(double sample) noexcept {
  const double raw = bounded_sample(sample);
  double value = raw;
  score_ = 0.0;
  p_ = 1.0;
  if (!detrend(value)) return 0.0;
  if (!upper_.ready()) {
    upper_.learn(value);
    if (two_sided_) lower_.learn(-value);
    follow(raw);
    if (upper_.ready()) {
      level_up_ = upper_.level_of(q_);
      if (two_sided_) level_down_ = lower_.level_of(q_);
    }
    return 0.0;
  }
  const auto excess = [](const TailModel& tail, double level, double x) {
    return std::max((x - tail.threshold()) / (level - tail.threshold()), 0.0);
  };
  const double up = excess(upper_, level_up_, value);
  const double down = two_sided_ ? excess(lower_, level_down_, -value) : 0.0;
  rising_ = up >= down;
  score_ = bounded_score(std::max(up, down));
  if (score_ > 0.0) {
    p_ = rising_ ? upper_.tail(value) : lower_.tail(-value);
    if (two_sided_) p_ = std::min(1.0, 2.0 * p_);
  }
  upper_.learn(up > 1.0 ? upper_.believable(value, level_up_, q_) : value);
  if (up > 0.0) level_up_ = upper_.level_of(q_);
  if (two_sided_) {
    lower_.learn(down > 1.0 ? lower_.believable(-value, level_down_, q_) : -value);
    if (down > 0.0) level_down_ = lower_.level_of(q_);
  }
  if (score_ <= 1.0) follow(raw);
  return score_;
}

template <class Form>
Evidence Spot<Form>::evidence() const noexcept {
  if (score_ == 0.0) return {};
  return {score_, rising_ ? Direction::rise : Direction::fall, 0, 0, 0};
}

template <class Form>
void Spot<Form>::reset() noexcept {
  upper_.clear();
  lower_.clear();
  recent_.clear();
  next_ = 0;
  sum_ = level_up_ = level_down_ = score_ = 0.0;
  p_ = 1.0;
  rising_ = true;
}

template class Spot<SpotForm>;
template class Spot<DspotForm>;
template class Spot<BispotForm>;

}  // namespace emdyn::detect
