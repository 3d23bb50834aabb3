#include "emdyn/report/chart/axis.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/report/html/number.hpp"

namespace emdyn::report {

namespace {

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `step`.
double round_step(double step) noexcept {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= step * (1.0 - 1e-9)) return factor * power;
  }
  return 10.0 * power;
}

std::vector<double> linear_ticks(double low, double high, int target) {
  std::vector<double> ticks;
  const double step = round_step((high - low) / std::max(1, target));
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < 100; ++i) {
    const double tick = (first + i) * step;
    if (!(tick <= high + 1e-9 * step)) break;
    ticks.push_back(tick == 0.0 ? 0.0 : tick);
  }
  return ticks;
}

std::vector<double> log_ticks(double low, double high, int target) {
  std::vector<double> ticks;
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  if (last - first >= 2) {
    const int stride = std::max(1, (last - first + target) / std::max(1, target));
    for (int exponent = first; exponent <= last; exponent += stride) {
      ticks.push_back(std::pow(10.0, exponent));
    }
    return ticks;
  }
  for (int exponent = first - 1; exponent <= last; ++exponent) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10.0, exponent);
      if (tick >= low * (1.0 - 1e-9) && tick <= high * (1.0 + 1e-9)) ticks.push_back(tick);
    }
  }
  return ticks.size() >= 2 ? ticks : linear_ticks(low, high, target);
}

}  // namespace

AxisMap::AxisMap(Scale scale, double low, double high) noexcept
    : scale_(scale), low_(low), high_(high) {
  if (scale_ == Scale::logarithmic) {
    log_low_ = std::log(low);
    log_high_ = std::log(high);
  }
}

double AxisMap::fraction(double value) const noexcept {
  double fraction = 0.0;
  if (scale_ == Scale::linear) {
    // Halves first: high − low may exceed the largest double.
    fraction = (0.5 * value - 0.5 * low_) / (0.5 * high_ - 0.5 * low_);
  } else {
    fraction = value <= low_ ? 0.0 : (std::log(value) - log_low_) / (log_high_ - log_low_);
  }
  return std::clamp(fraction, 0.0, 1.0);
}

std::vector<double> AxisMap::ticks(int target) const {
  if (!std::isfinite(high_ - low_)) return {};
  return scale_ == Scale::linear ? linear_ticks(low_, high_, target)
                                 : log_ticks(low_, high_, target);
}

AxisMap padded_linear(double low, double high) {
  if (!(low <= high) || !std::isfinite(low) || !std::isfinite(high)) {
    return AxisMap(Scale::linear, 0.0, 1.0);
  }
  double room = 0.06 * (0.5 * high - 0.5 * low) * 2.0;
  if (!(room > 0.0)) room = low == 0.0 ? 1.0 : 0.5 * std::abs(low);
  const double largest = 1e308;
  return AxisMap(Scale::linear, std::max(low - room, -largest), std::min(high + room, largest));
}

std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool percent) {
  std::vector<std::string> labels;
  const double factor = percent ? 100.0 : 1.0;
  double gap = 0.0;
  for (std::size_t i = 1; i < ticks.size(); ++i) {
    const double here = factor * (ticks[i] - ticks[i - 1]);
    gap = i == 1 ? here : std::min(gap, here);
  }
  const bool plain = gap >= 1e-4 && !ticks.empty() && factor * std::abs(ticks.back()) < 1e7;
  for (const double tick : ticks) {
    const double shown = factor * tick;
    int decimals = 0;
    while (decimals < 4 && std::abs(shown - std::round(shown * std::pow(10.0, decimals)) /
                                                std::pow(10.0, decimals)) > 1e-3 * gap) {
      ++decimals;
    }
    std::string label = plain ? fixed_text(shown, decimals) : position_text(shown, 1e6);
    labels.push_back(percent ? label + "\xC2\xA0%" : label);
  }
  return labels;
}

}  // namespace emdyn::report
