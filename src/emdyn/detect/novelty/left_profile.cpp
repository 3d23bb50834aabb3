#include "emdyn/detect/novelty/left_profile.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace emdyn::detect {
namespace {

constexpr double kRounding = 4.0 * std::numeric_limits<double>::epsilon();
constexpr double kTolerance = 1e-9;     // Of a correlation.
constexpr double kNothing = -2.0;       // Closeness of what is no neighbour.
constexpr double kFlatCloseness = 0.5;  // d^2 = 2m (1 - 0.5) = m.
constexpr int kSingly = 16;             // Candidates made certain one by one before all are.
constexpr std::size_t kBlock = 64;

}  // namespace

LeftProfile::LeftProfile(std::size_t window, std::size_t history, std::size_t neighbour)
    : window_(window),
      history_(history),
      neighbour_(neighbour),
      room_(history + 2 * window),
      samples_(2 * room_),
      step_(room_),
      gap_(room_),
      reach_(room_),
      inverse_(room_),
      covariance_(history),
      error_(history),
      chosen_(kMostNeighbours) {}

void LeftProfile::reset() noexcept {
  for (auto* values : {&samples_, &step_, &gap_, &reach_, &inverse_, &covariance_, &error_}) {
    std::fill(values->begin(), values->end(), 0.0);
  }
  chosen_.clear();
  count_ = run_ = lag_ = 0;
  mean_ = 0.0;
  distance_ = -1.0;
}

bool LeftProfile::sound() const noexcept {
  const auto within = [](const std::vector<double>& values, double low, double high) {
    return std::ranges::all_of(values, [=](double v) { return v >= low && v <= high; });
  };
  constexpr double kWide = 1e300;
  const double most = 2.0 * std::sqrt(static_cast<double>(window_)) + 1e-6;
  return within(samples_, -kLargestSample, kLargestSample) && within(step_, -1e141, 1e141) &&
         within(gap_, -1e141, 1e141) && within(reach_, 0.0, 1e142) &&
         within(inverse_, -1.0, kWide) && within(covariance_, -kWide, kWide) &&
         within(error_, 0.0, kWide) && std::abs(mean_) <= kLargestSample && distance_ >= -1.0 &&
         distance_ <= most && count_ < (1ULL << 62) && run_ <= count_;
}

/// Covariances in use: earlier windows of the newest one that do not overlap it.
std::size_t LeftProfile::lags() const noexcept {
  if (count_ < 2 * window_) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(history_, count_ - 2 * window_ + 1));
}

std::size_t LeftProfile::slot_of(std::size_t index) const noexcept {
  return static_cast<std::size_t>((count_ + index - window_ - history_) % room_);
}

const double* LeftProfile::window_ending(std::size_t slot) const noexcept {
  return samples_.data() + (slot + room_ + 1 - window_);
}

/// Calls visit(index, slot, count) for the stretches of covariances whose slots are contiguous.
template <class Visit>
void LeftProfile::each_piece(std::size_t first, const Visit& visit) const noexcept {
  while (first < history_) {
    const std::size_t slot = slot_of(first);
    const std::size_t count = std::min(history_ - first, room_ - slot);
    visit(first, slot, count);
    first += count;
  }
}

void LeftProfile::push(double sample) noexcept {
  const auto slot = static_cast<std::size_t>(count_ % room_);
  samples_[slot] = samples_[slot + room_] = sample;
  ++count_;
  ++run_;
  distance_ = -1.0;
  inverse_[slot] = -1.0;
  step_[slot] = gap_[slot] = reach_[slot] = 0.0;
  if (count_ < window_) return;
  measure(slot);
  advance(slot);
  if (inverse_[slot] >= 0.0) search();
}

/// What the newest window says about itself, in two passes over its samples.
void LeftProfile::measure(std::size_t slot) noexcept {
  const double* window = window_ending(slot);
  const auto m = static_cast<double>(window_);
  double sum = 0.0;
  double largest = 0.0;
  for (std::size_t i = 0; i < window_; ++i) {
    sum += window[i];
    largest = std::max(largest, std::abs(window[i]));
  }
  double mean = sum / m;
  double rest = 0.0;
  for (std::size_t i = 0; i < window_; ++i) rest += window[i] - mean;
  mean += rest / m;
  double squares = 0.0;
  for (std::size_t i = 0; i < window_; ++i) squares += (window[i] - mean) * (window[i] - mean);
  if (count_ > window_) {
    const double left = window[-1];
    step_[slot] = 0.5 * (window[window_ - 1] - left);
    gap_[slot] = (window[window_ - 1] - mean) + (left - mean_);
    reach_[slot] = std::abs(gap_[slot]) + std::max(largest, std::abs(left));
  }
  mean_ = mean;
  if (run_ < window_) return;
  const double floor = smallest_sigma(largest);
  inverse_[slot] = squares > m * floor * floor ? 1.0 / std::sqrt(squares) : 0.0;
}

/// Every covariance moves on by one sample; while the history fills, one lag is new.
void LeftProfile::advance(std::size_t slot) noexcept {
  std::size_t first = history_ - lags();
  if (lags() > 0 && count_ - 2 * window_ + 1 <= history_) refresh(first++);
  const double step = step_[slot];
  const double gap = gap_[slot];
  const double size = std::abs(step);
  const double reach = reach_[slot];
  each_piece(first, [&](std::size_t index, std::size_t at, std::size_t count) {
    double* covariance = covariance_.data() + index;
    double* error = error_.data() + index;
    const double* steps = step_.data() + at;
    const double* gaps = gap_.data() + at;
    const double* reaches = reach_.data() + at;
    for (std::size_t i = 0; i < count; ++i) {
      covariance[i] += step * gaps[i] + steps[i] * gap;
      error[i] += size * reaches[i] + std::abs(steps[i]) * reach + std::abs(covariance[i]);
    }
  });
}

void LeftProfile::refresh(std::size_t index) noexcept {
  const double* newest = window_ending(static_cast<std::size_t>((count_ - 1) % room_));
  const double* other = window_ending(slot_of(index));
  double mean = 0.0;
  for (std::size_t i = 0; i < window_; ++i) mean += other[i];
  mean /= static_cast<double>(window_);
  double sum = 0.0;
  for (std::size_t i = 0; i < window_; ++i) sum += (newest[i] - mean_) * (other[i] - mean);
  covariance_[index] = sum;
  error_[index] = 0.0;
}

/// The highest correlation there may be, neighbours chosen before and their overlaps left out.
LeftProfile::Candidate LeftProfile::closest() const noexcept {
  const double own = inverse_[static_cast<std::size_t>((count_ - 1) % room_)];
  const double flat = own > 0.0 ? kFlatCloseness : 1.0;
  Candidate best{kNothing, history_};
  std::array<double, kBlock> close;
  each_piece(history_ - lags(), [&](std::size_t first, std::size_t slot, std::size_t total) {
    for (std::size_t done = 0; done < total; done += kBlock) {
      const std::size_t count = std::min(kBlock, total - done);
      const double* inverse = inverse_.data() + slot + done;
      const double* covariance = covariance_.data() + first + done;
      const double* error = error_.data() + first + done;
      for (std::size_t i = 0; i < count; ++i) {
        const double bound = (covariance[i] + kRounding * error[i]) * inverse[i] * own;
        const double normal = own > 0.0 ? bound : kFlatCloseness;
        close[i] = inverse[i] > 0.0 ? normal : (inverse[i] == 0.0 ? flat : kNothing);
      }
      for (const std::size_t taken : chosen_) {
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t index = first + done + i;
          const std::size_t apart = index > taken ? index - taken : taken - index;
          if (apart < window_) close[i] = kNothing;
        }
      }
      const auto highest = std::max_element(close.begin(), close.begin() + count);
      if (*highest > best.closeness) {
        best = {*highest, first + done + static_cast<std::size_t>(highest - close.begin())};
      }
    }
  });
  return best;
}

/// Whether rounding may have moved this correlation by no more than the tolerance.
bool LeftProfile::certain(std::size_t index) noexcept {
  const double own = inverse_[static_cast<std::size_t>((count_ - 1) % room_)];
  const double scale = own * inverse_[slot_of(index)];
  return scale == 0.0 || kRounding * error_[index] * scale <= kTolerance;
}

void LeftProfile::search() noexcept {
  chosen_.clear();
  int refreshed = 0;
  while (true) {
    const Candidate best = closest();
    if (best.closeness < -1.5) return;
    if (!certain(best.index)) {
      refresh(best.index);
      if (++refreshed < kSingly) continue;
      for (std::size_t i = history_ - lags(); i < history_; ++i) {
        if (!certain(i)) refresh(i);
      }
      continue;
    }
    chosen_.push_back(best.index);
    if (chosen_.size() < neighbour_) continue;
    distance_ = exact_distance(best.index);
    lag_ = window_ + history_ - 1 - best.index;
    return;
  }
}

double LeftProfile::exact_distance(std::size_t index) const noexcept {
  const auto newest_slot = static_cast<std::size_t>((count_ - 1) % room_);
  const auto m = static_cast<double>(window_);
  const double own = inverse_[newest_slot];
  const double others = inverse_[slot_of(index)];
  if (own <= 0.0 || others <= 0.0) return own == others ? 0.0 : std::sqrt(m);
  const double* newest = window_ending(newest_slot);
  const double* other = window_ending(slot_of(index));
  double mean = 0.0;
  for (std::size_t i = 0; i < window_; ++i) mean += other[i];
  mean /= m;
  double sum = 0.0;
  for (std::size_t i = 0; i < window_; ++i) {
    const double apart = (newest[i] - mean_) * own - (other[i] - mean) * others;
    sum += apart * apart;
  }
  return std::min(std::sqrt(m * sum), 2.0 * std::sqrt(m));
}

}  // namespace emdyn::detect
