#include "emdyn/detect/front_end/season.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace emdyn::detect {
namespace {

constexpr std::size_t kCyclesKept = 4;  // Of the longest period.
constexpr std::size_t kFewestCycles = 3;
constexpr std::size_t kMostCycles = 15;
constexpr std::size_t kTrialSamples = 40;  // Beyond the filters' warm-up, at least.
constexpr std::uint64_t kFirstLook = 136;
constexpr double kBound = 5.0;       // Standard errors of an autocorrelation that stands out.
constexpr double kMark = 40.0;       // Of a residual of one deviation.
constexpr double kMostMark = 120.0;  // Three deviations.
constexpr double kSlowest = 0.1;     // Weight of a new cycle in the index.
constexpr double kSameAsDivisor = 0.9;
constexpr double kSameErrors = 1.5;
constexpr std::uint32_t kMostDropped = 6;
constexpr double kWorthIt = 0.9;
constexpr double kBetter = 0.95;
constexpr double kSure = 3.0;
constexpr double kMostSquare = 9.0;

double median(std::span<double> values) noexcept {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * *middle + 0.5 * *std::max_element(values.begin(), middle);
}

double learning_rate(double cycles) noexcept { return std::max(1.0 / (cycles + 1.0), kSlowest); }

}  // namespace

Season::Season(std::size_t longest_period)
    : longest_(longest_period),
      samples_(kCyclesKept * longest_period),
      marks_(2 * kCyclesKept * longest_period),
      index_(longest_period),
      tried_(longest_period),
      until_(kFirstLook) {}

void Season::reset() noexcept {
  std::fill(samples_.begin(), samples_.end(), 0.0);
  std::fill(marks_.begin(), marks_.end(), std::int8_t{0});
  std::fill(index_.begin(), index_.end(), 0.0);
  kept_ = at_ = marked_ = mark_at_ = period_ = phase_ = 0;
  cycles_ = 0.0;
  until_ = kFirstLook;
  dropped_ = waits_ = 0;
}

bool Season::operator==(const Season& other) const noexcept {
  return longest_ == other.longest_ && samples_ == other.samples_ && marks_ == other.marks_ &&
         index_ == other.index_ && kept_ == other.kept_ && at_ == other.at_ &&
         marked_ == other.marked_ && mark_at_ == other.mark_at_ && period_ == other.period_ &&
         phase_ == other.phase_ && cycles_ == other.cycles_ && until_ == other.until_ &&
         dropped_ == other.dropped_ && waits_ == other.waits_;
}

bool Season::sound() const noexcept {
  const auto within = [](const std::vector<double>& values, double most) {
    return std::ranges::all_of(values, [=](double v) { return std::abs(v) <= most; });
  };
  const std::uint64_t last = std::max<std::uint64_t>(room(), 1);
  return within(samples_, kLargestSample) && within(index_, 1e150) && kept_ <= room() &&
         marked_ <= room() && at_ < last && mark_at_ < last && period_ <= longest_ &&
         (period_ == 0 || period_ >= kShortest) && phase_ < std::max<std::uint64_t>(period_, 1) &&
         cycles_ >= 0.0 && until_ >= 1 && dropped_ <= kMostDropped;
}

/// The samples kept, oldest first.
double Season::kept(std::size_t index) const noexcept {
  return samples_[static_cast<std::size_t>((at_ + room() - kept_ + index) % room())];
}

void Season::remember(double sample, double z) noexcept {
  samples_[at_] = sample;
  at_ = (at_ + 1) % room();
  kept_ = std::min<std::uint64_t>(kept_ + 1, room());
  const double mark = std::min(std::max(z * kMark, -kMostMark), kMostMark);
  marks_[mark_at_] = marks_[mark_at_ + room()] = static_cast<std::int8_t>(std::lround(mark));
  mark_at_ = (mark_at_ + 1) % room();
  marked_ = std::min<std::uint64_t>(marked_ + 1, room());
}

void Season::step_phase() noexcept {
  if (++phase_ < period_) return;
  phase_ = 0;
  cycles_ += 1.0;
}

void Season::learn(double sample, const TrendFilter::Step& step, const TrendFilter& fresh,
                   TrendFilter& filter) noexcept {
  if (longest_ < kShortest) return;
  if (period_ > 0) {
    if (kept_ >= period_) filter.note_step(kept(kept_ - period_), sample);
    index_[phase_] += learning_rate(cycles_) * step.error;
    step_phase();
  }
  remember(bounded_sample(sample), step.z);
  if (--until_ > 0) return;
  examine(fresh, filter);
  until_ =
      kept_ < room() ? std::max<std::uint64_t>(kept_ / 3, 16) : (period_ > 0 ? room() / 2 : room());
}

void Season::skip(std::uint64_t count, double level) noexcept {
  if (longest_ < kShortest) return;
  if (count > longest_ / 4) {
    kept_ = marked_ = 0;
    if (period_ > 0) phase_ = (phase_ + count) % period_;
    return;
  }
  for (; count > 0; --count) {
    remember(bounded_sample(level + expected()), 0.0);
    if (period_ > 0) step_phase();
  }
}

double Season::forget() noexcept {
  double squares = 0.0;
  for (std::size_t i = 0; i < period_; ++i) squares += index_[i] * index_[i];
  const double variance = period_ > 0 ? squares / static_cast<double>(period_) : 0.0;
  reset();
  return variance;
}

/// Cycles of the samples kept that the index is taken from; 0: too few are kept.
std::size_t Season::first_cycles(std::size_t period, std::size_t warmup) const noexcept {
  const std::size_t rest = std::max(period, warmup + kTrialSamples);
  if (kept_ < rest + kFewestCycles * period) return 0;
  return std::min((static_cast<std::size_t>(kept_) - rest) / period, kMostCycles);
}

double Season::correlation(std::size_t lag, double variance) const noexcept {
  const std::int8_t* marks = marks_.data() + (mark_at_ + room() - marked_);
  const auto count = static_cast<std::size_t>(marked_) - lag;
  std::int32_t sum = 0;
  for (std::size_t t = 0; t < count; ++t) sum += marks[t] * marks[t + lag];
  return sum / (variance * static_cast<double>(count));
}

/// The autocorrelation of the residuals at a lag, in standard errors; 0 unless it stands out.
double Season::standing(std::size_t lag, double variance) const noexcept {
  const auto count = static_cast<std::size_t>(marked_) - lag;
  const double found = correlation(lag, variance);
  const double standing = found * std::sqrt(static_cast<double>(count));
  if (!(standing >= kBound)) return 0.0;
  const std::int8_t* marks = marks_.data() + (mark_at_ + room() - marked_);
  double products = 0.0;
  for (std::size_t t = 0; t < count; ++t) {
    const double product = marks[t] * marks[t + lag];
    products += product * product;
  }
  const double sum = found * variance * static_cast<double>(count);
  return sum < kBound * std::sqrt(products) ? 0.0 : standing;
}

/// The lag that stands out most, or its smallest divisor that does as well; 0: none.
std::size_t Season::candidate(std::size_t warmup) const noexcept {
  double variance = 0.0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(marked_); ++i) {
    const double mark = marks_[mark_at_ + room() - 1 - i];
    variance += mark * mark / static_cast<double>(marked_);
  }
  std::size_t best = 0;
  double highest = 0.0;
  const std::size_t longest = std::min<std::size_t>(longest_, marked_ / kFewestCycles);
  for (std::size_t lag = kShortest; lag <= longest; ++lag) {
    if (first_cycles(lag, warmup) == 0) break;
    const double here = standing(lag, variance);
    if (here <= highest) continue;
    highest = here;
    best = lag;
  }
  if (best == 0) return 0;
  const double error = kSameErrors / std::sqrt(static_cast<double>(marked_ - best));
  const double least = kSameAsDivisor * correlation(best, variance) - error;
  for (std::size_t parts = best / kShortest; parts >= 2; --parts) {
    if (best % parts == 0 && correlation(best / parts, variance) >= least) return best / parts;
  }
  return best;
}

/// Into tried_: per phase the median over the first cycles, each less its median and slope.
void Season::estimate_index(std::size_t period, std::size_t cycles) noexcept {
  std::array<double, kMostCycles> level{};
  for (std::size_t c = 0; c < cycles; ++c) {
    for (std::size_t p = 0; p < period; ++p) tried_[p] = kept(c * period + p);
    level[c] = median(std::span(tried_).first(period));
  }
  const auto length = static_cast<double>(period);
  double mean = 0.0;
  for (std::size_t p = 0; p < period; ++p) {
    std::array<double, kMostCycles> over{};
    const double along = (static_cast<double>(p) - 0.5 * (length - 1.0)) / length;
    for (std::size_t c = 0; c < cycles; ++c) {
      const std::size_t before = c > 0 ? c - 1 : c;
      const std::size_t after = c + 1 < cycles ? c + 1 : c;
      const double slope = (level[after] - level[before]) / static_cast<double>(after - before);
      over[c] = kept(c * period + p) - level[c] - slope * along;
    }
    tried_[p] = median(std::span(over).first(cycles));
    mean += tried_[p] / length;
  }
  for (std::size_t p = 0; p < period; ++p) tried_[p] -= mean;
}

/// Predicts the later samples with and without the season, whose index ends up in tried_.
std::optional<Season::Trial> Season::attempt(std::size_t period, Filters& filters) noexcept {
  const std::size_t cycles = first_cycles(period, filters.with.warmup_samples());
  if (cycles == 0) return std::nullopt;
  estimate_index(period, cycles);
  double with = 0.0;
  double without = 0.0;
  double squares = 0.0;
  double count = 0.0;
  for (std::size_t t = cycles * period; t < kept_; ++t) {
    const double sample = kept(t);
    const std::size_t phase = t % period;
    const double unit = filters.without.sigma();
    const auto loss = [unit](double error) {
      return std::min((error / unit) * (error / unit), kMostSquare);
    };
    const bool ready = filters.without.ready() && filters.with.ready();
    const double plain = sample - filters.without.prediction();
    const double seasonal = sample - tried_[phase] - filters.with.prediction();
    filters.without.update(sample, 0.0);
    filters.with.note_step(kept(t - period), sample);
    const auto step = filters.with.update(sample, tried_[phase]);
    tried_[phase] += learning_rate(static_cast<double>(t / period)) * step.error;
    if (!ready) continue;
    const double gain = loss(plain) - loss(seasonal);
    with += loss(seasonal);
    without += loss(plain);
    squares += gain * gain;
    count += 1.0;
  }
  if (!(without > 0.0) || count < 2.0) return std::nullopt;
  const double mean = (without - with) / count;
  const double variance = std::max(squares / count - mean * mean, 1e-12) / (count - 1.0);
  return Trial{with / without, mean / std::sqrt(variance)};
}

void Season::adopt(std::size_t period) noexcept {
  std::copy(tried_.begin(), tried_.begin() + static_cast<std::ptrdiff_t>(period), index_.begin());
  period_ = period;
  phase_ = kept_ % period;
  cycles_ = static_cast<double>(kept_ / period);
  marked_ = 0;
}

void Season::examine(const TrendFilter& fresh, TrendFilter& filter) noexcept {
  Filters filters{fresh, fresh};
  double ratio = 1.0;
  const auto present = period_ > 0 ? attempt(period_, filters) : std::nullopt;
  if (present) ratio = present->ratio;
  if (present && ratio >= 1.0) {  // It no longer predicts.
    filter = filters.without;
    period_ = phase_ = marked_ = 0;
    dropped_ = std::min(dropped_ + 1, kMostDropped);
    waits_ = 1U << dropped_;
  }
  if (waits_ > 0) {
    --waits_;
    return;
  }
  const std::size_t found = candidate(static_cast<std::size_t>(fresh.warmup_samples()));
  if (found == 0 || found == period_) return;
  filters = {fresh, fresh};
  const auto trial = attempt(found, filters);
  if (!trial || trial->t < kSure || trial->ratio > kWorthIt) return;
  if (period_ > 0 && trial->ratio > kBetter * ratio) return;
  adopt(found);
  filter = filters.with;
}

}  // namespace emdyn::detect
