#include "emdyn/detect/ensemble/auto_detector.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace emdyn::detect {
namespace {

constexpr double kLargestValue = 1e15;  // In units; squares of 16 of them fit a float.
// The sum of five surprises that are one and the same has exponential excesses of this mean.
constexpr double kLog10E = 0.4342944819032518;
constexpr double kDependentExcess = 5.0 * kLog10E;
constexpr double kPriorWeight = 20.0;
constexpr double kMostForShift = 4.0;  // A lone spike must not look like a shift.
constexpr double kLargestForLevel = 1e6;
constexpr double kEvident = 1e-3;      // A step this clear is where the history begins anew.
using Shares = std::array<double, 4>;  // Of the budget: pattern, spike, shift, level.
// A short history is what the test for a step is made for, and no rank in it is rare; later there
// is no such test.
constexpr Shares kSharesOfShort{0.05, 0.27, 0.18, 0.5};
constexpr Shares kSharesOfLong{0.2, 0.5, 0.3, 0.0};
// Of two looks at the same residuals, each has half of their member's share.
const double kOfTwo = std::log10(0.5);
// A logarithm says something where the values are many steps from 0.
constexpr double kFewestQuanta = 20.0;
constexpr double kBelowLeast = 0.1;  // Where a first value that is not positive is put.
constexpr std::array kKinds{EventKind::outlier, EventKind::spike, EventKind::shift,
                            EventKind::shift};

/// -log10, from 0 to 300.
double told(double p) noexcept { return p < 1.0 ? -std::log10(std::max(p, 1e-300)) : 0.0; }

}  // namespace

AutoDetector::AutoDetector(const Config& config)
    : inverse_threshold_(-1.0 / std::log10(checked(kName, kFields, config).alarm_rate)),
      match_(static_cast<std::size_t>(config.history)),
      together_(kDependentExcess, kPriorWeight),
      beside_(config.longest_period),
      beside_logarithm_(config.longest_period),
      last_(static_cast<std::size_t>(config.quiet_samples), 0.0),
      sure_last_(last_) {}

void AutoDetector::reset() noexcept {
  match_.reset();
  for (SurpriseScale& length : lengths_) length.reset();
  together_.reset();
  beside_.reset();
  beside_logarithm_.reset();
  least_ = kLargestSample;
  of_logarithm_ = {};
  level_.reset();
  first_.fill(0.0);
  std::ranges::fill(last_, 0.0);
  std::ranges::fill(sure_last_, 0.0);
  at_ = seen_ = run_ = longest_ = cause_ = 0;
  centre_ = mean_ = squares_ = surprise_ = sure_ = 0.0;
  unit_ = 1.0;
  rising_ = stepped_ = false;
  surprises_.fill(0.0);
  told_.fill(0.0);
}

/// The episode stays known, so the same one does not alarm again; after a change of level the
/// history of levels begins with it, and the next change is another episode.
void AutoDetector::rearm() noexcept {
  surprise_ = sure_ = 0.0;
  run_ = 0;
  if (cause_ == shift || cause_ == level) {
    beside_.rearm_shift();
    beside_logarithm_.rearm_shift();
  }
  if (level_.p_value() > kEvident) return;
  level_.restart_at_step();
  stepped_ = false;
  std::ranges::fill(last_, 0.0);
  std::ranges::fill(sure_last_, 0.0);
}

void AutoDetector::skip(std::uint64_t count) noexcept {
  beside_.skip(count);
  beside_logarithm_.skip(count);
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
  surprise_ = sure_ = 0.0;  // Nothing is scored before there is a unit.
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
  told_.fill(0.0);
  look_back(static_cast<float>(scaled));
  look_beside_trend(sample);
  judge();
}

/// How new the newest stretches are; a length that has not learned enough says nothing.
void AutoDetector::look_back(float value) noexcept {
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
    SurpriseScale& length = lengths_[i];
    if (length.ready()) {
      const double surprise = surprises_[i] = length.surprise(distance);
      sum = std::max(sum, 0.0) + surprise;
      if (surprise > most) {
        most = surprise;
        longest_ = i;
      }
    }
    length.learn(distance);
  }
  if (sum < 0.0) return;
  const double together = together_.surprise(sum);
  together_.learn(sum);
  told_[pattern] = together;
  const bool loud = together >= -std::log10(SurpriseScale::kTailShare);
  run_ = loud ? run_ + 1 : 0;
}

/// Residuals of trend, season and noise, one by one and summed up; and the level of a short
/// history, whose outliers are held as near to what was expected as those of the sums.
void AutoDetector::look_beside_trend(double sample) noexcept {
  const bool ready = beside_.ready();
  const double expected = beside_.prediction();
  const double reach = kMostForShift * beside_.sigma();
  const ResidualWatch::Price price = beside_.push(sample);
  told_[spike] = told(price.spike);
  told_[shift] = told(price.shift);
  of_logarithm_ = {};
  look_beside_trend_of_logarithm(sample, ready ? expected : sample);
  const double held = ready ? std::clamp(sample, expected - reach, expected + reach) : sample;
  if (seen_ > LevelChange::kMostSamples) {
    if (level_.p_value() < 1.0) level_.reset();
    return;
  }
  level_.push(std::clamp((held - centre_) / unit_, -kLargestForLevel, kLargestForLevel),
              std::min(beside_.quantum() / unit_, kLargestForLevel));
  told_[level] = told(level_.p_value());
}

/// What is positive may be skewed and grow in proportion to its level: its logarithm does neither.
void AutoDetector::look_beside_trend_of_logarithm(double sample, double expected) noexcept {
  if (least_ == 0.0) return;
  const bool positive = sample > 0.0;
  if (positive) least_ = std::min(least_, sample);
  const ResidualWatch::Price price =
      beside_logarithm_.push(std::log(positive ? sample : kBelowLeast * least_));
  if (!positive) least_ = 0.0;
  if (std::abs(expected) < kFewestQuanta * beside_.quantum()) return;
  const std::array<double, 2> prices{price.spike, price.shift};
  for (std::size_t i = 0; i < 2; ++i) {
    const double other = told(prices[i]);
    of_logarithm_[i] = other > told_[spike + i];
    told_[spike + i] = std::max(std::max(other, told_[spike + i]) + kOfTwo, 0.0);
  }
}

/// Above all of its episode's earlier samples.
bool AutoDetector::tops(const std::vector<double>& ring, double surprise,
                        std::size_t reach) const noexcept {
  for (std::size_t ago = 1; ago <= reach; ++ago) {
    if (ring[(at_ + ring.size() - ago) % ring.size()] >= surprise) return false;
  }
  return surprise > 0.0;
}

void AutoDetector::judge() noexcept {
  // The score ranks what is new; where there is no past to rank among, a step counts too: once, not
  // at every sample that makes it clearer.
  const bool is_short = seen_ <= LevelChange::kMostSamples;
  const Shares& shares = is_short ? kSharesOfShort : kSharesOfLong;
  const double step = is_short ? told_[level] + std::log10(shares[level]) : 0.0;
  const bool clear = step * inverse_threshold_ > 1.0;
  const double surprise = std::max(told_[pattern], clear && !stepped_ ? step : 0.0);
  stepped_ = stepped_ ? told_[level] > 1.0 : clear;
  // How far novelty extrapolates is a matter of rank, not of price: no rank among the samples so
  // far carries a smaller chance than that of a record.
  const double most_of_rank = std::log10(static_cast<double>(seen_) + 1.0);
  double sure = 0.0;
  std::uint64_t surest = pattern;
  for (std::size_t i = 0; i < kMembers; ++i) {
    if (shares[i] == 0.0) continue;
    double own = std::min(told_[i] + std::log10(shares[i]), kMostSurprise);
    if (i == pattern) own = std::min(own, most_of_rank);
    if (own <= sure) continue;
    sure = own;
    surest = i;
  }
  // Of single residuals an episode is a quarter as long.
  const std::size_t whole = last_.size();
  surprise_ = tops(last_, surprise, whole) ? surprise : 0.0;
  sure_ = tops(sure_last_, sure, surest == spike ? (whole + 3) / 4 : whole) ? sure : 0.0;
  cause_ = sure_ > 0.0 ? surest : told_[pattern] >= step ? pattern : level;
  last_[at_] = surprise;
  sure_last_[at_] = sure;
  at_ = (at_ + 1) % whole;
}

Evidence AutoDetector::evidence() const noexcept {
  Evidence evidence;
  evidence.score = surprise_ * inverse_threshold_;
  if (surprise_ == 0.0 && sure_ == 0.0) return evidence;
  if (cause_ == shift) {
    evidence = (of_logarithm_[1] ? beside_logarithm_ : beside_).shift_evidence();
  } else if (cause_ == level) {
    const std::uint64_t ago = level_.onset_samples_ago();
    evidence.onset_samples_ago = ago;
    evidence.onset_earliest_ago = ago + LevelChange::kFewestAfter;
    evidence.onset_latest_ago = ago - std::min<std::uint64_t>(ago, LevelChange::kFewestAfter);
    evidence.direction = level_.rising() ? Direction::rise : Direction::fall;
  } else {
    const ResidualWatch& beside = of_logarithm_[0] ? beside_logarithm_ : beside_;
    const bool up = cause_ == spike ? beside.rising() : rising_;
    evidence.direction = up ? Direction::rise : Direction::fall;
    if (cause_ == pattern) {
      const std::uint64_t reach = HistoryMatch::kLength[longest_] - 1;
      evidence.onset_earliest_ago = reach;
      evidence.onset_samples_ago = std::min<std::uint64_t>(reach, run_ > 0 ? run_ - 1 : 0);
    }
  }
  evidence.score = surprise_ * inverse_threshold_;
  evidence.kind = kKinds[cause_];
  evidence.warming_up = seen_ <= LevelChange::kMostSamples;
  return evidence;
}

std::vector<series::Share> AutoDetector::shares() const {
  std::vector<series::Share> shares;
  const auto add = [&](std::string name, double surprise) {
    if (surprise > 0.0) shares.push_back({std::move(name), surprise, {}});
  };
  for (std::size_t i = 0; i < surprises_.size(); ++i) {
    const std::size_t length = HistoryMatch::kLength[i];
    add(length == 1 ? "newest sample" : "last " + std::to_string(length) + " samples",
        surprises_[i]);
  }
  add("spike beside trend and season", told_[spike]);
  add("shift beside trend and season", told_[shift]);
  add("change of level", told_[level]);
  double sum = 0.0;
  for (const series::Share& share : shares) sum += share.share;
  for (series::Share& share : shares) share.share /= sum;
  std::ranges::stable_sort(shares, std::ranges::greater{}, &series::Share::share);
  return shares;
}

}  // namespace emdyn::detect
