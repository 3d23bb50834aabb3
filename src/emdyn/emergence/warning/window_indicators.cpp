#include "emdyn/emergence/warning/window_indicators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "emdyn/math/fft.hpp"

namespace emdyn::emergence {
namespace {

constexpr double kNoIndicator = std::numeric_limits<double>::quiet_NaN();
constexpr double kLowestPeriod = 8.0;     // In samples: slower counts as low frequency.
constexpr std::size_t kLongWindow = 256;  // Above it an FFT is cheaper than a few sums.
constexpr std::size_t kFewestFrequencies =
    3;  // A slope needs a point more than a line has parameters.
constexpr std::array<std::size_t, 12> kBoxes{4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192};

/// Least-squares slope of y over x.
double slope_of(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  double mx = 0.0, my = 0.0, xy = 0.0, xx = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
  }
  return xy / xx;
}

double power_slope(std::span<const double> powers) {
  std::vector<double> x, y;
  for (std::size_t k = 0; k < powers.size(); ++k) {
    if (!(powers[k] > 0.0)) continue;
    x.push_back(std::log(static_cast<double>(k + 1)));
    y.push_back(std::log(powers[k]));
  }
  return x.size() < kFewestFrequencies ? kNoIndicator : -slope_of(x, y);
}

/// Mean square of what boxes of a profile leave beyond their own lines.
double box_fluctuation(std::span<const double> profile, std::size_t box) {
  const auto s = static_cast<double>(box);
  const double centre = 0.5 * (s - 1.0);
  const double spread = s * (s * s - 1.0) / 12.0;
  double sum = 0.0;
  std::size_t used = 0;
  for (std::size_t first = 0; first + box <= profile.size(); first += box, used += box) {
    double level = 0.0, tilt = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < box; ++i) {
      const double y = profile[first + i];
      level += y / s;
      tilt += (static_cast<double>(i) - centre) * y;
      squares += y * y;
    }
    sum += squares - s * level * level - tilt * tilt / spread;
  }
  return sum / static_cast<double>(used);
}

double fluctuation_slope(const std::vector<double>& residuals) {
  std::vector<double> profile(residuals.size()), x, y;
  double sum = 0.0;
  for (std::size_t t = 0; t < residuals.size(); ++t) profile[t] = sum += residuals[t];
  for (const std::size_t box : kBoxes) {
    if (4 * box > residuals.size()) break;
    const double square = box_fluctuation(profile, box);
    if (!(square > 0.0)) return kNoIndicator;
    x.push_back(std::log(static_cast<double>(box)));
    y.push_back(0.5 * std::log(square));
  }
  return x.size() < 4 ? kNoIndicator : slope_of(x, y);
}

}  // namespace

WindowIndicators::WindowIndicators(std::size_t length, Detrending detrending)
    : length_(length), detrending_(detrending) {
  const auto n = static_cast<double>(length);
  slow_ = static_cast<std::size_t>(n / kLowestPeriod);
  spectrum_ = std::max(slow_, length / 4);
  if (length > kLongWindow) return;
  for (std::size_t k = 1; k <= spectrum_; ++k) {
    for (std::size_t t = 0; t < length; ++t) {
      const double angle = 2.0 * std::numbers::pi * static_cast<double>(k * t % length) / n;
      cosine_.push_back(std::cos(angle));
      sine_.push_back(std::sin(angle));
    }
  }
}

void WindowIndicators::detrend(std::span<const double> values,
                               std::vector<double>& residuals) const {
  const auto n = static_cast<double>(length_);
  const double centre = 0.5 * (n - 1.0);
  double level = 0.0;
  double slope = 0.0;
  for (std::size_t t = 0; t < length_; ++t) level += values[t] / n;
  if (detrending_ == Detrending::linear) {
    for (std::size_t t = 0; t < length_; ++t) {
      slope += (static_cast<double>(t) - centre) * (values[t] - level);
    }
    slope *= 12.0 / (n * (n * n - 1.0));
  }
  residuals.resize(length_);
  for (std::size_t t = 0; t < length_; ++t) {
    residuals[t] = values[t] - level - slope * (static_cast<double>(t) - centre);
  }
}

IndicatorValues WindowIndicators::operator()(std::span<const double> values,
                                             std::vector<double>& residuals) const {
  detrend(values, residuals);
  const auto n = static_cast<double>(length_);
  double m2 = 0.0, m3 = 0.0, m4 = 0.0, lagged = 0.0, steps = 0.0, largest = 0.0;
  for (std::size_t t = 0; t < length_; ++t) {
    const double r = residuals[t];
    m2 += r * r;
    m3 += r * r * r;
    m4 += r * r * r * r;
    if (t > 0) {
      lagged += r * residuals[t - 1];
      steps += (r - residuals[t - 1]) * (r - residuals[t - 1]);
    }
    largest = std::max(largest, std::fabs(values[t]));
  }
  IndicatorValues found;
  found.fill(kNoIndicator);
  found[0] = 0.0;
  // What a straight window leaves is rounding: it has no shape.
  if (!(m2 > n * 1e-28 * largest * largest)) return found;
  const std::vector<double> spectrum = powers(residuals);
  double slow = 0.0;
  for (std::size_t k = 0; k < slow_; ++k) slow += spectrum[k];
  found[0] = m2 / (detrending_ == Detrending::linear ? n - 2.0 : n - 1.0);
  found[1] = lagged / m2;
  found[2] = std::sqrt(n) * m3 / (m2 * std::sqrt(m2));
  found[3] = 2.0 * slow / (n * m2);
  found[4] = n * m4 / (m2 * m2);
  found[5] = std::sqrt(steps / (n - 1.0) / (m2 / n));
  found[6] = power_slope(spectrum);
  found[7] = fluctuation_slope(residuals);
  return found;
}

std::vector<double> WindowIndicators::powers(const std::vector<double>& residuals) const {
  std::vector<double> list(spectrum_);
  if (length_ > kLongWindow) {
    const auto spectrum = math::real_fft(residuals);
    for (std::size_t k = 0; k < spectrum_; ++k) list[k] = std::norm(spectrum[k + 1]);
    return list;
  }
  for (std::size_t k = 0; k < spectrum_; ++k) {
    double re = 0.0;
    double im = 0.0;
    for (std::size_t t = 0; t < length_; ++t) {
      re += residuals[t] * cosine_[k * length_ + t];
      im += residuals[t] * sine_[k * length_ + t];
    }
    list[k] = re * re + im * im;
  }
  return list;
}

}  // namespace emdyn::emergence
