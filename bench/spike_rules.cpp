#include "spike_rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "emdyn/math/moments.hpp"

namespace emdyn::bench {
namespace {

constexpr std::size_t kQuiet = 25;
constexpr std::size_t kWindow = 100;
constexpr std::size_t kFewest = 30;

/// Keeps marks at least kQuiet samples apart.
template <class Strange>
std::vector<bool> marks(std::span<const double> values, Strange strange) {
  std::vector<bool> found(values.size(), false);
  std::size_t quiet = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const bool now = strange(t);
    if (quiet > 0) {
      --quiet;
      continue;
    }
    if (!now) continue;
    found[t] = true;
    quiet = kQuiet;
  }
  return found;
}

std::vector<bool> k_sigma(std::span<const double> values) {
  math::Moments past;
  return marks(values, [&](std::size_t t) {
    const double x = values[t];
    if (!std::isfinite(x)) return false;
    const bool far = past.count() >= kFewest && past.stddev() > 0.0 &&
                     std::abs(x - past.mean()) > 3.0 * past.stddev();
    past.add(x);
    return far;
  });
}

std::vector<double> window_before(std::span<const double> values, std::size_t t) {
  std::vector<double> window;
  for (std::size_t i = t > kWindow ? t - kWindow : 0; i < t; ++i)
    if (std::isfinite(values[i])) window.push_back(values[i]);
  return window;
}

double middle_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<bool> robust_z(std::span<const double> values) {
  return marks(values, [&](std::size_t t) {
    auto window = window_before(values, t);
    if (window.size() < kFewest || !std::isfinite(values[t])) return false;
    const double median = middle_of(window);
    for (double& x : window) x = std::abs(x - median);
    const double deviation = middle_of(window);
    return deviation > 0.0 && 0.6745 * std::abs(values[t] - median) / deviation > 3.5;
  });
}

std::vector<bool> rolling_z(std::span<const double> values) {
  return marks(values, [&](std::size_t t) {
    const auto window = window_before(values, t);
    if (window.size() < kFewest || !std::isfinite(values[t])) return false;
    math::Moments moments;
    for (const double x : window) moments.add(x);
    return moments.stddev() > 0.0 && std::abs(values[t] - moments.mean()) > 3.0 * moments.stddev();
  });
}

/// The running mean of the last ten; a value that is not finite is a spike.
std::vector<bool> callback_rule(std::span<const double> values) {
  constexpr std::size_t kTen = 10;
  return marks(values, [&](std::size_t t) {
    if (!std::isfinite(values[t])) return true;
    if (t == 0) return false;
    double mean = 0.0;
    double count = 0.0;
    for (std::size_t i = t > kTen ? t - kTen : 0; i < t; ++i) {
      if (!std::isfinite(values[i])) continue;
      mean += values[i];
      count += 1.0;
    }
    if (count == 0.0) return false;
    mean /= count;
    return values[t] > mean && std::abs(values[t] - mean) > 2.0 * std::abs(mean);
  });
}

constexpr std::array kRules{
    SpikeRule{"k_sigma_3", &k_sigma},
    SpikeRule{"robust_z_3.5", &robust_z},
    SpikeRule{"rolling_z_100", &rolling_z},
    SpikeRule{"callback_2x10", &callback_rule},
};

}  // namespace

std::span<const SpikeRule> spike_rules() noexcept { return kRules; }

}  // namespace emdyn::bench
