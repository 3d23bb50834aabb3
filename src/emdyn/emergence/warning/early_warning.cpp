#include "emdyn/emergence/warning/early_warning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/math/autoregression.hpp"
#include "emdyn/math/fft.hpp"
#include "emdyn/math/kendall.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 4> kNames{"variance", "autocorrelation", "skewness",
                                                 "low_frequency_power"};
constexpr std::size_t kSkewness = 2;
constexpr double kLowestPeriod = 8.0;  // In samples: slower counts as low frequency.
constexpr std::size_t kMinTrend = 5;   // Four fall into a perfect order by chance once in 4! times.
constexpr std::size_t kLongWindow = 256;  ///< Above it an FFT is cheaper than a few sums.

using Values = std::array<double, kNames.size()>;
/// The indicators of each window: one row a window.
using Rows = std::vector<Values>;

/// Computes the indicators of windows of one length.
class Window {
 public:
  Window(std::size_t length, Detrending detrending) : length_(length), detrending_(detrending) {
    const auto n = static_cast<double>(length);
    frequencies_ = static_cast<std::size_t>(n / kLowestPeriod);
    if (length > kLongWindow) return;
    for (std::size_t k = 1; k <= frequencies_; ++k) {
      for (std::size_t t = 0; t < length; ++t) {
        const double angle = 2.0 * std::numbers::pi * static_cast<double>(k * t % length) / n;
        cosine_.push_back(std::cos(angle));
        sine_.push_back(std::sin(angle));
      }
    }
  }

  /// The window less its mean or its least-squares line.
  void detrend(std::span<const double> values, std::vector<double>& residuals) const {
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

  Values indicators(std::span<const double> values, std::vector<double>& residuals) const {
    detrend(values, residuals);
    const auto n = static_cast<double>(length_);
    double m2 = 0.0;
    double m3 = 0.0;
    double lagged = 0.0;
    double largest = 0.0;
    for (std::size_t t = 0; t < length_; ++t) {
      const double r = residuals[t];
      m2 += r * r;
      m3 += r * r * r;
      if (t > 0) lagged += r * residuals[t - 1];
      largest = std::max(largest, std::fabs(values[t]));
    }
    const double freedom = detrending_ == Detrending::linear ? n - 2.0 : n - 1.0;
    // What a straight window leaves is rounding: it has no shape.
    if (!(m2 > n * 1e-28 * largest * largest)) return {0.0, kNan, kNan, kNan};
    return {m2 / freedom, lagged / m2, std::sqrt(n) * m3 / (m2 * std::sqrt(m2)),
            2.0 * low_power(residuals) / (n * m2)};
  }

 private:
  /// Sum of |X_k|² over the low frequencies.
  double low_power(const std::vector<double>& residuals) const {
    double power = 0.0;
    if (length_ > kLongWindow) {
      const auto spectrum = math::real_fft(residuals);
      for (std::size_t k = 1; k <= frequencies_; ++k) power += std::norm(spectrum[k]);
      return power;
    }
    for (std::size_t k = 0; k < frequencies_; ++k) {
      double re = 0.0;
      double im = 0.0;
      for (std::size_t t = 0; t < length_; ++t) {
        re += residuals[t] * cosine_[k * length_ + t];
        im += residuals[t] * sine_[k * length_ + t];
      }
      power += re * re + im * im;
    }
    return power;
  }

  std::size_t length_;
  Detrending detrending_;
  std::size_t frequencies_ = 0;
  std::vector<double> cosine_, sine_;
};

Rows roll(const Window& window, std::size_t length, std::size_t stride,
          std::span<const double> values) {
  Rows rows;
  std::vector<double> residuals;
  for (std::size_t end = length; end <= values.size(); end += stride) {
    rows.push_back(window.indicators(values.subspan(end - length, length), residuals));
  }
  return rows;
}

/// τ-b of the finite values against their place; nothing when they are few or all equal.
std::optional<double> trend(const Rows& rows, std::size_t indicator) {
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i][indicator])) continue;
    x.push_back(static_cast<double>(i));
    y.push_back(rows[i][indicator]);
  }
  if (y.size() < kMinTrend) return std::nullopt;
  const double tau = math::kendall_tau(x, y);
  return std::isnan(tau) ? std::nullopt : std::optional(tau);
}

/// The autoregression of what disjoint windows leave after detrending.
math::Autoregression stationary_noise(const Window& window, std::size_t length,
                                      std::span<const double> values,
                                      std::vector<double>& innovations) {
  std::vector<double> all;
  std::vector<double> part;
  for (std::size_t end = values.size(); end >= length; end -= length) {
    window.detrend(values.subspan(end - length, length), part);
    all.insert(all.begin(), part.begin(), part.end());
  }
  const math::Autoregression noise =
      math::select_autoregression(all, std::clamp<std::size_t>(all.size() / 20, 1, 6));
  innovations = noise.innovations(all);
  return noise;
}

/// Chance of a τ beyond every surrogate's: Fisher's transform of Kendall's τ is close to normal. Its
/// spread is taken one standard error too large, and the result no smaller than 1e-6.
double far_tail(std::span<const double> taus, double tau, bool two_sided) {
  const auto transform = [](double t) { return std::atanh(std::clamp(t, -0.999, 0.999)); };
  math::Moments moments;
  for (const double each : taus) moments.add(transform(each));
  const double spread =
      moments.stddev() * (1.0 + 1.0 / std::sqrt(2.0 * static_cast<double>(taus.size())));
  if (!(spread > 0.0)) return 1.0;
  const double distance =
      two_sided ? std::fabs(transform(tau) - moments.mean()) : transform(tau) - moments.mean();
  const double one = 0.5 * std::erfc(distance / (spread * std::numbers::sqrt2));
  return std::max(two_sided ? 2.0 * one : one, 1e-6);
}

void compare_with_surrogates(EarlyWarning& warning, const Window& window, std::size_t stride,
                             std::span<const double> values, const EarlyWarningOptions& options) {
  std::vector<double> innovations;
  const math::Autoregression noise = stationary_noise(window, warning.window, values, innovations);
  if (!(noise.innovation_sd > 0.0)) return;
  const math::BlockInnovations source(innovations, noise.innovation_sd, 1);
  const auto replicates = static_cast<std::size_t>(options.replicates);
  std::vector<Rows> surrogates(replicates);
  std::vector<Values> taus(replicates);
  parallel_for(replicates, [&](std::size_t i) {
    Philox random(static_cast<std::uint64_t>(options.seed), 0x40000000ULL + i);
    const std::vector<double> path = noise.simulate(values.size(), source.stream(random));
    surrogates[i] = roll(window, warning.window, stride, path);
    for (std::size_t k = 0; k < kNames.size(); ++k) {
      taus[i][k] = trend(surrogates[i], k).value_or(0.0);
    }
  });
  const double tail = 0.5 * (1.0 - options.level);
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    Indicator& indicator = warning.indicators[k];
    const auto rank = [&](double tau) { return k == kSkewness ? std::fabs(tau) : tau; };
    std::size_t above = 0;
    for (const Values& tau : taus) above += rank(tau[k]) >= rank(indicator.tau);
    indicator.p_value = static_cast<double>(above + 1) / static_cast<double>(replicates + 1);
    if (above == 0) {
      std::vector<double> ranks(replicates);
      for (std::size_t i = 0; i < replicates; ++i) ranks[i] = taus[i][k];
      indicator.p_value =
          std::min(indicator.p_value, far_tail(ranks, indicator.tau, k == kSkewness));
    }
    std::vector<double> column(replicates);
    for (std::size_t row = 0; row < warning.positions.size(); ++row) {
      for (std::size_t i = 0; i < replicates; ++i) column[i] = surrogates[i][row][k];
      indicator.low.push_back(math::quantile(column, tail));
      indicator.high.push_back(math::quantile(column, 1.0 - tail));
    }
  }
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

}  // namespace

EarlyWarning early_warning(std::string_view name, std::span<const double> positions,
                           std::span<const double> values, const EarlyWarningOptions& options) {
  checked(EarlyWarningOptions::kName, kEarlyWarningFields, options);
  const Samples samples = clean(name, positions, values);
  EarlyWarning warning;
  warning.points = samples.size();
  warning.window = static_cast<std::size_t>(options.window);
  if (samples.size() < 2 * warning.window) {
    warning.note = fmt::format("{} finite samples; two windows of {} are needed", samples.size(),
                               warning.window);
    return warning;
  }
  const auto stride = options.stride > 0 ? static_cast<std::size_t>(options.stride)
                                         : std::max<std::size_t>(1, warning.window / 10);
  const Window window(warning.window, options.detrending);
  const Rows rows = roll(window, warning.window, stride, samples.values);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    warning.positions.push_back(samples.positions[warning.window - 1 + i * stride]);
  }
  std::array<bool, kNames.size()> changes{};
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    Indicator indicator;
    indicator.name = kNames[k];
    for (const Values& row : rows) indicator.values.push_back(row[k]);
    const std::optional<double> tau = trend(rows, k);
    indicator.tau = tau.value_or(0.0);
    changes[k] = tau.has_value();
    warning.indicators.push_back(std::move(indicator));
  }
  if (options.replicates > 0) {
    compare_with_surrogates(warning, window, stride, samples.values, options);
  }
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (!changes[k]) warning.indicators[k].p_value = 1.0;
  }
  return warning;
}

EarlyWarning early_warning_before(const series::Signal& signal, double before,
                                  const EarlyWarningOptions& options) {
  std::span<const double> positions = signal.last_positions();
  std::span<const double> values = signal.last_values();
  const auto count = static_cast<std::size_t>(
      std::lower_bound(positions.begin(), positions.end(), before) - positions.begin());
  // A hundred windows tell a trend; more would only cost time.
  const std::size_t most = 100 * static_cast<std::size_t>(options.window);
  const std::size_t first = count - std::min(count, most);
  positions = positions.subspan(first, count - first);
  values = values.subspan(first, count - first);
  EarlyWarningOptions fitting = options;
  const auto finite = std::count_if(values.begin(), values.end(),
                                    [](double value) { return std::isfinite(value); });
  if (finite < 2 * options.window) {
    fitting.window = std::max<std::int64_t>(10, static_cast<std::int64_t>(finite) / 2);
  }
  return early_warning(signal.name, positions, values, fitting);
}

std::vector<series::Precursor> precursors(std::string_view signal, const EarlyWarning& warning) {
  std::vector<series::Precursor> list;
  for (const Indicator& indicator : warning.indicators) {
    list.push_back(
        {std::string(signal), indicator.name, indicator.tau, indicator.p_value, indicator.q_value});
  }
  return list;
}

void to_json(Json& json, const Indicator& indicator) {
  json = Json{{"name", indicator.name},
              {"tau", number_or_null(indicator.tau)},
              {"p_value", number_or_null(indicator.p_value)},
              {"q_value", number_or_null(indicator.q_value)},
              {"values", numbers(indicator.values)},
              {"low", numbers(indicator.low)},
              {"high", numbers(indicator.high)}};
}

void to_json(Json& json, const EarlyWarning& warning) {
  json = Json{{"positions", numbers(warning.positions)},
              {"window", warning.window},
              {"points", warning.points},
              {"indicators", warning.indicators},
              {"note", warning.note.empty() ? Json(nullptr) : Json(warning.note)}};
}

}  // namespace emdyn::emergence
