#include "emdyn/detect/level/focus.hpp"

#include <limits>
#include <type_traits>

#include "emdyn/core/simd.hpp"
#include "emdyn/detect/level/tails.hpp"

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

/// The tangent of the fit at the mean q of the whole, and with it a bound of a split's gain.
///
/// The fit of `count` samples of mean p is the tangent plus count * KL(p, q), and KL is a sum of
/// terms c g(u) with g(u) = (1 + u) ln(1 + u) - u <= u^2 / 2 (1 + max(-u, 0)) and u the relative
/// difference of the means (of the rest too, for Bernoulli). Close where u is small, so for all but
/// the youngest splits.
template <class Family>
class Tangent {
 public:
  Tangent(const SplitHull::Point& now, double whole) noexcept : now_(now), whole_(whole) {
    const double rest = now.time - now.sum;
    rounding_ = 1e-12 * (now.sum + now.time);
    mean_ = now.sum / now.time;
    inverse_mean_ = 1.0 / mean_;
    if constexpr (kPoisson) {
      per_sum_ = whole / now.sum + 1.0;
      per_count_ = -mean_;
      known_ = now.sum > 0.0;
    } else {
      inverse_rest_ = now.time / rest;
      known_ = now.sum > 0.0 && rest > 0.0;
      per_count_ = known_ ? std::log(rest / now.time) : 0.0;
      per_sum_ = (whole - now.time * per_count_) / now.sum;
    }
  }

  /// At least half of the statistic of each split, but for the first; beyond `size`, up to a whole
  /// block, of no meaning.
  EMDYN_INLINE_BODY void bounds(const SplitHull::Point* __restrict splits,
                                const double* __restrict before, std::size_t size,
                                double* __restrict out) const noexcept {
    constexpr std::size_t kBlock = 8;
    for (std::size_t block = 0; block < size; block += kBlock) {
      for (std::size_t i = block; i < block + kBlock; ++i) {
        const double count = now_.time - splits[i].time;
        const double sum = now_.sum - splits[i].sum;
        const double away = sum - mean_ * count;
        const double shift = away / count;
        const double below = shift * -inverse_mean_;
        double beyond = (1.0 + (below > 0.0 ? below : 0.0)) * inverse_mean_;
        if constexpr (!kPoisson) {
          const double above = shift * inverse_rest_;
          beyond += (1.0 + (above > 0.0 ? above : 0.0)) * inverse_rest_;
        }
        out[i] = (before[i] + sum * per_sum_) + (count * per_count_ - whole_) +
                 (0.5 * away * shift * beyond + rounding_);
      }
    }
  }

  /// Whether the mean has a tangent: not while all samples are 0, or all 1.
  bool known() const noexcept { return known_; }

 private:
  static constexpr bool kPoisson = std::is_same_v<Family, PoissonFamily>;

  SplitHull::Point now_;
  double whole_;
  double rounding_;
  double mean_;
  double inverse_mean_;
  double inverse_rest_ = 0.0;
  double per_sum_;
  double per_count_;
  bool known_;
};

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

SplitHull::Erased SplitHull::push(double sum) noexcept {
  now_ = {now_.time + 1.0, sum};
  const std::size_t lower = push_side(lower_, 1.0);
  return {lower, push_side(upper_, -1.0)};
}

/// Convex from below for sign 1, from above for -1.
std::size_t SplitHull::push_side(BoundedVector<Point>& side, double sign) noexcept {
  while (side.size() >= 2) {
    const Point& last = side.back();
    const Point& before = side[side.size() - 2];
    const double turn = (last.sum - before.sum) * (now_.time - last.time) -
                        (now_.sum - last.sum) * (last.time - before.time);
    if (sign * turn < 0.0) break;
    side.pop_back();
  }
  std::size_t erased = 0;
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
    erased = least;
  }
  side.push_back(now_);
  return erased;
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
      inverse_threshold_(1.0 / config.threshold) {
  rebuild_before();
}

/// Gaussian: every candidate costs one division.
template <class Family>
void Focus<Family>::scan_all() noexcept {
  const SplitHull::Point& now = hull_.now();
  const auto scan = [&](const BoundedVector<SplitHull::Point>& side, bool rising) {
    for (std::size_t i = 1; i + 1 < side.size(); ++i) {
      const SplitHull::Point& split = side[i];
      const double cross = split.sum * now.time - now.sum * split.time;
      const double found = cross * cross / (split.time * (now.time - split.time) * now.time);
      if (!(found > statistic_)) continue;
      statistic_ = found;
      split_ = split;
      rising_ = rising;
    }
  };
  scan(hull_.lower(), true);
  scan(hull_.upper(), false);
}

/// The others: a candidate costs logarithms, so first its bound. Of equal ones the first counts,
/// lower side before upper, whatever the order of evaluation.
template <class Family>
void Focus<Family>::scan_bounded([[maybe_unused]] SplitHull::Erased erased) noexcept {
  if constexpr (kBounded) {
    const auto& lower = hull_.lower();
    const auto& upper = hull_.upper();
    const SplitHull::Point now = hull_.now();
    const double whole = fit<Family>(now.sum, now.time);
    const Tangent<Family> tangent(now, whole);
    const auto follow = [&](Column& before, std::size_t size, std::size_t gone) {
      if (gone != 0)
        std::copy(before.begin() + gone + 1, before.begin() + size, before.begin() + gone);
      before[size - 1] = whole;
    };
    follow(before_.lower, lower.size(), erased.lower);
    follow(before_.upper, upper.size(), erased.upper);
    std::size_t best = 0;
    const auto evaluate = [&](const SplitHull::Point& split, double before, std::size_t i,
                              bool rising) {
      const double after = fit<Family>(now.sum - split.sum, now.time - split.time);
      const double found = 2.0 * (before + after - whole);
      const bool earlier = rising == rising_ ? i < best : rising;
      if (!(found > statistic_) && !(found == statistic_ && best != 0 && earlier)) return;
      statistic_ = found;
      split_ = split;
      rising_ = rising;
      best = i;
    };
    // The last best split is likely the best again: with it known, few others need evaluation.
    const bool was_rising = rising_;
    const auto& side = was_rising ? lower : upper;
    const std::size_t likely = before_.best + 1 < side.size() ? before_.best : 0;
    if (likely != 0) {
      evaluate(side[likely], (was_rising ? before_.lower : before_.upper)[likely], likely,
               was_rising);
    }
    const auto scan = [&](const BoundedVector<SplitHull::Point>& splits, const Column& before,
                          bool rising, std::size_t done) {
      Column most;
      const std::size_t end = splits.size() - 1;
      if (tangent.known()) {
        run_widest([&]() EMDYN_INLINE_BODY {
          tangent.bounds(splits.data(), before.data(), end, most.data());
        });
      } else {
        std::fill_n(most.begin(), end, std::numeric_limits<double>::infinity());
      }
      for (std::size_t i = 1; i < end; ++i) {
        if (most[i] < 0.5 * statistic_ || i == done) continue;
        evaluate(splits[i], before[i], i, rising);
      }
    };
    scan(lower, before_.lower, true, was_rising ? likely : 0);
    scan(upper, before_.upper, false, was_rising ? 0 : likely);
    before_.best = best;
  }
}

template <class Family>
void Focus<Family>::rebuild_before() noexcept {
  if constexpr (kBounded) {
    const auto rebuild = [](Column& before, const BoundedVector<SplitHull::Point>& side) {
      for (std::size_t i = 0; i < side.size(); ++i)
        before[i] = fit<Family>(side[i].sum, side[i].time);
    };
    rebuild(before_.lower, hull_.lower());
    rebuild(before_.upper, hull_.upper());
    before_.best = 0;
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
  [[maybe_unused]] const SplitHull::Erased erased = hull_.push(hull_.now().sum + sample);
  statistic_ = 0.0;
  split_ = {};
  if constexpr (kBounded) {
    scan_bounded(erased);
  } else {
    scan_all();
  }
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
  rebuild_before();
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
