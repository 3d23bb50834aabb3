#include "emdyn/detect/focus.hpp"

#include <type_traits>

#include "emdyn/detect/tails.hpp"

namespace emdyn::detect {
namespace {

double x_log_mean(double sum, double count) noexcept {
  return sum > 0.0 ? sum * std::log(sum / count) : 0.0;
}

/// Log-likelihood of `count` samples with sum `sum` at their own mean, up to a constant.
template <class Family>
double fit(double sum, double count) noexcept {
  if constexpr (std::is_same_v<Family, PoissonFamily>) {
    return x_log_mean(sum, count);
  } else {
    return x_log_mean(sum, count) + x_log_mean(count - sum, count);
  }
}

double domain_value(Domain domain, double sample) noexcept {
  if (domain == Domain::count) return std::min(std::max(sample, 0.0), 1e12);
  return sample >= 0.5 ? 1.0 : 0.0;
}

}  // namespace

void SplitHull::clear() noexcept {
  now_ = {};
  dropped_ = 0;
  lower_.clear();
  upper_.clear();
  lower_.push_back(now_);
  upper_.push_back(now_);
}

void SplitHull::push(double sum) noexcept {
  now_ = {now_.time + 1.0, sum};
  push_side(lower_, 1.0);
  push_side(upper_, -1.0);
}

/// Convex from below for sign 1, from above for -1.
void SplitHull::push_side(BoundedVector<Point>& side, double sign) noexcept {
  while (side.size() >= 2) {
    const Point& last = side.back();
    const Point& before = side[side.size() - 2];
    const double turn = (last.sum - before.sum) * (now_.time - last.time) -
                        (now_.sum - last.sum) * (last.time - before.time);
    if (sign * turn < 0.0) break;
    side.pop_back();
  }
  if (side.full()) {
    // The vertex whose removal moves the hull least: the one nearest to the line past it.
    std::size_t least = 1;
    double smallest = 0.0;
    for (std::size_t i = 1; i + 1 < side.size(); ++i) {
      const Point& a = side[i - 1];
      const Point& b = side[i + 1];
      const double area = std::abs((side[i].sum - a.sum) * (b.time - a.time) -
                                   (b.sum - a.sum) * (side[i].time - a.time));
      if (i == 1 || area < smallest) {
        least = i;
        smallest = area;
      }
    }
    side.erase(least);
    ++dropped_;
  }
  side.push_back(now_);
}

bool SplitHull::consistent() const noexcept {
  for (const auto* side : {&lower_, &upper_}) {
    if (side->empty() || (*side)[0].time != 0.0) return false;
    for (std::size_t i = 1; i < side->size(); ++i) {
      if (!((*side)[i].time > (*side)[i - 1].time)) return false;
    }
    if (!(side->back() == now_)) return false;
  }
  return true;
}

template <class Family>
Focus<Family>::Focus(const Config& config)
    : baseline_(checked(kName, kFields, config).baseline_samples, config.mean, config.sigma),
      inverse_threshold_(1.0 / config.threshold) {}

/// @param whole the likelihood without a split; the Gaussian needs none.
template <class Family>
double Focus<Family>::gain(const SplitHull::Point& split,
                           [[maybe_unused]] double whole) const noexcept {
  const SplitHull::Point& now = hull_.now();
  const double after = now.time - split.time;
  if constexpr (Family::kStandardise) {
    const double cross = split.sum * now.time - now.sum * split.time;
    return cross * cross / (split.time * after * now.time);
  } else {
    return 2.0 *
           (fit<Family>(split.sum, split.time) + fit<Family>(now.sum - split.sum, after) - whole);
  }
}

template <class Family>
double Focus<Family>::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if constexpr (Family::kStandardise) {
    if (!baseline_.ready()) [[unlikely]] {
      baseline_.learn(sample);
      return 0.0;
    }
    sample = baseline_.standardise(sample);
  } else {
    sample = domain_value(kDomain, sample);
    if (!baseline_.ready()) {
      baseline_.learn(sample);
      if (!baseline_.ready()) return 0.0;
    }
  }
  hull_.push(hull_.now().sum + sample);
  statistic_ = 0.0;
  split_ = {};
  double whole = 0.0;
  if constexpr (!Family::kStandardise) whole = fit<Family>(hull_.now().sum, hull_.now().time);
  const auto scan = [&](const BoundedVector<SplitHull::Point>& side, bool rising) {
    for (std::size_t i = 1; i + 1 < side.size(); ++i) {
      const double found = gain(side[i], whole);
      if (!(found > statistic_)) continue;
      statistic_ = found;
      split_ = side[i];
      rising_ = rising;
    }
  };
  scan(hull_.lower(), true);
  scan(hull_.upper(), false);
  return bounded_score(statistic_ * inverse_threshold_);
}

template <class Family>
Evidence Focus<Family>::evidence() const noexcept {
  if (statistic_ == 0.0) return {};
  const double after = hull_.now().time - split_.time;
  const auto ago = static_cast<std::uint64_t>(std::max(after - 1.0, 0.0));
  const double weight = after * std::max(split_.time, 1.0) / std::max(hull_.now().time, 1.0);
  const std::uint64_t half = onset_half_width(std::sqrt(statistic_ / std::max(weight, 1.0)));
  return {bounded_score(statistic_ * inverse_threshold_),
          rising_ ? Direction::rise : Direction::fall, ago, ago + half, ago - std::min(ago, half)};
}

template <class Family>
void Focus<Family>::rearm() noexcept {
  hull_.clear();
  statistic_ = 0.0;
  split_ = {};
  rising_ = true;
}

template <class Family>
void Focus<Family>::reset() noexcept {
  rearm();
  baseline_.reset();
}

template class Focus<GaussianFamily>;
template class Focus<PoissonFamily>;
template class Focus<BernoulliFamily>;

}  // namespace emdyn::detect
