#include "emdyn/detect/ensemble/auto_detector.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

namespace emdyn::detect {
namespace {

constexpr double kLargestValue = 1e15;  // In units; squares of 16 of them fit a float.
// The sum of five surprises that are one and the same has exponential excesses of this mean.
constexpr double kDependentExcess = 5.0 * 0.4342944819032518;
constexpr double kPriorWeight = 20.0;

}  // namespace

AutoDetector::AutoDetector(const Config& config)
    : inverse_threshold_(-1.0 / std::log10(checked(kName, kFields, config).alarm_rate)),
      match_(static_cast<std::size_t>(config.history)),
      together_(kDependentExcess, kPriorWeight),
      last_(static_cast<std::size_t>(config.quiet_samples), 0.0) {}

void AutoDetector::reset() noexcept {
  match_.reset();
  for (SurpriseScale& member : members_) member.reset();
  together_.reset();
  first_.fill(0.0);
  std::ranges::fill(last_, 0.0);
  at_ = seen_ = run_ = longest_ = 0;
  centre_ = mean_ = squares_ = surprise_ = 0.0;
  unit_ = 1.0;
  rising_ = false;
  surprises_.fill(0.0);
}

/// The episode stays known, so the same one does not alarm again.
void AutoDetector::rearm() noexcept {
  surprise_ = 0.0;
  run_ = 0;
}

/// Takes centre and unit from the first samples; they only keep the arithmetic in range.
void AutoDetector::begin() noexcept {
  const double count = static_cast<double>(kWarmup);
  centre_ = 0.0;
  for (const double x : first_) centre_ += x / count;
  double squares = 0.0;
  for (const double x : first_) squares += (x - centre_) * (x - centre_) / count;
  const double floor = std::max(smallest_sigma(centre_), std::abs(centre_) * 1e-6);
  unit_ = std::max(std::sqrt(squares), floor);
  for (const double x : first_) take(x);
}

double AutoDetector::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if (seen_ < kWarmup) {
    first_[seen_++] = sample;
    if (seen_ == kWarmup) begin();
    return 0.0;
  }
  ++seen_;
  take(sample);
  return surprise_ * inverse_threshold_;
}

void AutoDetector::take(double sample) noexcept {
  const double scaled = std::clamp((sample - centre_) / unit_, -kLargestValue, kLargestValue);
  const double count = static_cast<double>(std::max<std::uint64_t>(seen_, kWarmup));
  const double away = scaled - mean_;
  mean_ += away / count;
  squares_ += (away * (scaled - mean_) - squares_) / count;
  rising_ = away > 0.0;
  judge(members_surprise(static_cast<float>(scaled)));
}

/// The sum over the members that have learned enough; negative while none has.
double AutoDetector::members_surprise(float value) noexcept {
  match_.push(value);
  // Differences this small are rounding, not news.
  const double smallest = 1e-6 * std::sqrt(squares_);
  double sum = -1.0;
  double most = 0.0;
  for (std::size_t i = 0; i < HistoryMatch::kLengths; ++i) {
    double distance = match_.distance(i);
    surprises_[i] = 0.0;
    if (distance < 0.0) continue;
    if (distance <= smallest) distance = 0.0;
    SurpriseScale& member = members_[i];
    if (member.ready()) {
      const double surprise = surprises_[i] = member.surprise(distance);
      sum = std::max(sum, 0.0) + surprise;
      if (surprise > most) {
        most = surprise;
        longest_ = i;
      }
    }
    member.learn(distance);
  }
  return sum;
}

void AutoDetector::judge(double sum) noexcept {
  surprise_ = 0.0;
  if (sum < 0.0) return;
  const double surprise = together_.surprise(sum);
  together_.learn(sum);
  const bool record = surprise > 0.0 && std::ranges::all_of(last_, [surprise](double earlier) {
                        return earlier < surprise;
                      });
  last_[at_] = surprise;
  at_ = (at_ + 1) % last_.size();
  const bool loud = surprise >= -std::log10(SurpriseScale::kTailShare);
  run_ = loud ? run_ + 1 : 0;
  if (record) surprise_ = surprise;
}

Evidence AutoDetector::evidence() const noexcept {
  Evidence evidence;
  evidence.score = surprise_ * inverse_threshold_;
  if (surprise_ == 0.0) return evidence;
  evidence.direction = rising_ ? Direction::rise : Direction::fall;
  const std::uint64_t reach = HistoryMatch::kLength[longest_] - 1;
  evidence.onset_earliest_ago = reach;
  evidence.onset_samples_ago = std::min<std::uint64_t>(reach, run_ > 0 ? run_ - 1 : 0);
  return evidence;
}

std::vector<series::Share> AutoDetector::shares() const {
  const double sum = std::accumulate(surprises_.begin(), surprises_.end(), 0.0);
  std::vector<series::Share> shares;
  for (std::size_t i = 0; sum > 0.0 && i < surprises_.size(); ++i) {
    const std::size_t length = HistoryMatch::kLength[i];
    shares.push_back(
        {length == 1 ? std::string("newest sample") : "last " + std::to_string(length) + " samples",
         surprises_[i] / sum,
         {}});
  }
  std::ranges::stable_sort(shares, std::ranges::greater{}, &series::Share::share);
  return shares;
}

}  // namespace emdyn::detect
