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
  double bend_gain = 0.0;  // What a parabola, or a bend, would take off them instead.
  double height = 0.0;
  std::size_t after = 0;  // Samples from the step on.
  std::size_t places = 0;
};

LevelChange::Fit LevelChange::fit() const noexcept {
  Fit fit;
  const double n = static_cast<double>(count_);
  const double middle = 0.5 * (n - 1.0);
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
  double sum = 0.0;     // Of the residuals from the step on,
  double hinged = 0.0;  // and of their products with a line that begins to rise there.
  for (std::size_t k = count_; k-- > first;) {
    const double at = static_cast<double>(k) - middle;
    sum += values_[k] - fit.mean - fit.slope * at;
    hinged += sum;
    const double after = n - static_cast<double>(k);
    const double once = 0.5 * after * (after + 1.0);
    const double twice = once * (2.0 * after + 1.0) / 3.0;
    const double with_line = at * once + twice - once;
    const double bend = twice - once * once / n - with_line * with_line / fit.spread;
    if (bend > 1e-9 * twice) fit.bend_gain = std::max(fit.bend_gain, hinged * hinged / bend);
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

/// Of a step this clear, with the places that count as independent.
double LevelChange::chance(const Fit& fit, double dependent, double quantum) const noexcept {
  const double n = static_cast<double>(count_);
  if (fit.after == 0 || fit.bend_gain >= fit.gain) return 1.0;
  const double freedom = n * (1.0 - dependent) / (1.0 + dependent) - kFitted;
  if (freedom < 2.0) return 1.0;
  const double least = std::max(kRounding, 0.5 * quantum);
  const double left = std::max(fit.squares - fit.gain, n * least * least);
  const double t = std::sqrt(freedom * fit.gain / left);
  const double single = math::two_sided_student_t(t, freedom);
  // They are as many as the height asked for is rare.
  const double z = math::normal_isf(std::max(0.5 * single, 1e-300));
  const double places = static_cast<double>(fit.places);
  const double independent =
      std::min(places, 1.0 + 0.5 * z * z * 0.55 * std::log(0.25 * places + 1.0));
  return std::min(1.0, independent * single);
}

void LevelChange::push(double value, double quantum) noexcept {
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
  if (found.after == 0) return;
  const double dependent = dependence(found);
  p_value_ = chance(found, dependent, quantum);
  if (p_value_ == 1.0) return;
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
