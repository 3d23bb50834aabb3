#include "emdyn/detect/ensemble/level_change.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kRounding = 1e-9;  // Deviations this small are no noise.
constexpr double kMostDependence = 0.98;
constexpr double kFitted = 3.0;  // Level, slope and step.

}  // namespace

/// The line through all samples and the step that explains most of what it leaves.
struct LevelChange::Fit {
  double mean = 0.0;
  double slope = 0.0;
  double spread = 0.0;     // Sum of squared distances of the sample numbers from their mean.
  double squares = 0.0;    // Of the residuals of the line.
  double gain = 0.0;       // What the step takes off them.
  double bend_gain = 0.0;  // What a parabola would take off them instead.
  double height = 0.0;
  std::size_t after = 0;  // Samples from the step on.
  std::size_t places = 0;
};

LevelChange::Fit LevelChange::fit() const noexcept {
  const double n = static_cast<double>(count_);
  const double middle = 0.5 * (n - 1.0);
  Fit fit;
  fit.spread = n * (n * n - 1.0) / 12.0;
  double along = 0.0;
  double bent = 0.0;
  for (std::size_t i = 0; i < count_; ++i) fit.mean += values_[i] / n;
  for (std::size_t i = 0; i < count_; ++i) {
    const double away = values_[i] - fit.mean;
    const double from_middle = static_cast<double>(i) - middle;
    along += from_middle * away;
    bent += (from_middle * from_middle - fit.spread / n) * away;
    fit.squares += away * away;
  }
  fit.slope = along / fit.spread;
  fit.squares = std::max(fit.squares - fit.slope * along, 0.0);
  fit.bend_gain = bent * bent * 15.0 / (fit.spread * (n * n - 4.0));
  const std::size_t first = std::max<std::size_t>(kFewestBefore, (count_ + 1) / 2);
  double sum = 0.0;  // Of the residuals from the step on.
  for (std::size_t k = count_; k-- > first;) {
    sum += values_[k] - fit.mean - fit.slope * (static_cast<double>(k) - middle);
    const double after = n - static_cast<double>(k);
    if (after < static_cast<double>(kFewestAfter)) continue;
    ++fit.places;
    const double shared = 0.5 * after * static_cast<double>(k);  // Of step and line.
    const double own = after * static_cast<double>(k) / n - shared * shared / fit.spread;
    if (!(own > 0.0) || sum * sum <= fit.gain * own) continue;
    fit.gain = sum * sum / own;
    fit.height = sum / own;
    fit.after = count_ - k;
  }
  return fit;
}

/// Lag-one correlation of what line and step leave, free of the bias of fitting, and one standard
/// error more.
double LevelChange::dependence(const Fit& fit) const noexcept {
  const double n = static_cast<double>(count_);
  const double middle = 0.5 * (n - 1.0);
  const double after = static_cast<double>(fit.after);
  const double along = 0.5 * after * (n - after) / fit.spread;
  double products = 0.0;
  double squares = 0.0;
  double last = 0.0;
  for (std::size_t i = 0; i < count_; ++i) {
    const double from_middle = static_cast<double>(i) - middle;
    const double step = (i + fit.after >= count_ ? 1.0 : 0.0) - after / n - along * from_middle;
    const double left = values_[i] - fit.mean - fit.slope * from_middle - fit.height * step;
    products += left * last;
    squares += left * left;
    last = left;
  }
  if (!(squares > 0.0)) return 0.0;
  double found = products / squares;
  found += (1.0 + kFitted + 3.0 * std::max(found, 0.0)) / n;
  found += std::sqrt(std::max(1.0 - found * found, 0.0) / n);
  return std::clamp(found, 0.0, kMostDependence);
}

void LevelChange::push(double value) noexcept {
  if (count_ == kMostSamples) {
    p_value_ = 1.0;
    after_ = 0;
    return;
  }
  values_[count_++] = value;
  p_value_ = 1.0;
  after_ = 0;
  if (count_ < kFewestBefore + kFewestAfter) return;
  const Fit found = fit();
  const double n = static_cast<double>(count_);
  if (found.after == 0 || found.bend_gain >= found.gain) return;
  const double dependent = dependence(found);
  const double freedom = n * (1.0 - dependent) / (1.0 + dependent) - kFitted;
  if (freedom < 2.0) return;
  const double left = std::max(found.squares - found.gain, n * kRounding * kRounding);
  const double t = std::sqrt(freedom * found.gain / left);
  const double single = math::two_sided_student_t(t, freedom);
  // Places that count as independent: they are as many as the height asked for is rare.
  const double z = math::normal_isf(std::max(0.5 * single, 1e-300));
  const double places = static_cast<double>(found.places);
  const double independent =
      std::min(places, 1.0 + 0.5 * z * z * 0.55 * std::log(0.25 * places + 1.0));
  p_value_ = std::min(1.0, independent * single);
  after_ = found.after;
  rising_ = found.height > 0.0;
}

void LevelChange::restart_at_step() noexcept {
  if (after_ > 0) {
    const auto from = static_cast<std::ptrdiff_t>(count_ - after_);
    const auto to = static_cast<std::ptrdiff_t>(count_);
    std::copy(values_.begin() + from, values_.begin() + to, values_.begin());
    std::fill(values_.begin() + static_cast<std::ptrdiff_t>(after_), values_.end(), 0.0);
    count_ = after_;
  }
  after_ = 0;
  p_value_ = 1.0;
}

void LevelChange::reset() noexcept { *this = {}; }

}  // namespace emdyn::detect
