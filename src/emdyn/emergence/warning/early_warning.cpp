#include "emdyn/emergence/warning/early_warning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/math/false_discovery.hpp"
#include "emdyn/math/kendall.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

constexpr std::size_t kMinTrend = 5;  // Four fall into a perfect order by chance once in 4! times.
constexpr std::size_t kValues = 80;   // Of an indicator: more would only cost time.

/// The indicators of each window: one row a window.
using Rows = std::vector<IndicatorValues>;

Rows roll(const WindowIndicators& window, std::size_t stride, std::span<const double> values) {
  Rows rows;
  std::vector<double> residuals;
  for (std::size_t end = window.length(); end <= values.size(); end += stride)
    rows.push_back(window(values.subspan(end - window.length(), window.length()), residuals));
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

void compare_with_surrogates(EarlyWarning& warning, const WindowIndicators& window,
                             std::size_t stride, std::span<const double> values,
                             const EarlyWarningOptions& options) {
  const auto replicates = static_cast<std::size_t>(options.replicates);
  const auto paths = stationary_surrogates(options.surrogates, window, values, replicates,
                                           static_cast<std::uint64_t>(options.seed));
  if (paths.empty()) return;
  std::vector<Rows> surrogates(replicates);
  std::vector<IndicatorValues> taus(replicates);
  parallel_for(replicates, [&](std::size_t i) {
    surrogates[i] = roll(window, stride, paths[i]);
    for (std::size_t k = 0; k < kIndicatorNames.size(); ++k)
      taus[i][k] = trend(surrogates[i], k).value_or(0.0);
  });
  const double tail = 0.5 * (1.0 - options.level);
  std::vector<double> column(replicates);
  for (std::size_t k = 0; k < kIndicatorNames.size(); ++k) {
    Indicator& indicator = warning.indicators[k];
    for (std::size_t i = 0; i < replicates; ++i) column[i] = taus[i][k];
    indicator.p_value = trend_p_value(column, indicator.tau);
    for (std::size_t row = 0; row < warning.positions.size(); ++row) {
      std::vector<double> finite;
      for (const Rows& rows : surrogates)
        if (std::isfinite(rows[row][k])) finite.push_back(rows[row][k]);
      const bool any = !finite.empty();
      indicator.low.push_back(any ? math::quantile(finite, tail) : std::nan(""));
      indicator.high.push_back(any ? math::quantile(finite, 1.0 - tail) : std::nan(""));
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
  const WindowIndicators window(warning.window, options.detrending);
  const Rows rows = roll(window, stride, samples.values);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    warning.positions.push_back(samples.positions[warning.window - 1 + i * stride]);
  }
  std::array<bool, kIndicatorNames.size()> changes{};
  for (std::size_t k = 0; k < kIndicatorNames.size(); ++k) {
    Indicator indicator;
    indicator.name = kIndicatorNames[k];
    indicator.slowing = kIndicatorSlowing[k];
    for (const IndicatorValues& row : rows) indicator.values.push_back(row[k]);
    const std::optional<double> tau = trend(rows, k);
    indicator.tau = tau.value_or(0.0);
    changes[k] = tau.has_value();
    warning.indicators.push_back(std::move(indicator));
  }
  if (options.replicates > 0) {
    compare_with_surrogates(warning, window, stride, samples.values, options);
  }
  for (std::size_t k = 0; k < kIndicatorNames.size(); ++k) {
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
  if (fitting.stride == 0) {
    fitting.stride = std::max<std::int64_t>(
        {1, fitting.window / 10, (finite - fitting.window) / static_cast<std::int64_t>(kValues)});
  }
  return early_warning(signal.name, positions, values, fitting);
}

bool says_slowing(const Indicator& indicator) {
  return static_cast<double>(indicator.slowing) * indicator.tau > 0.0;
}

bool warns(const EarlyWarning& warning, double level) {
  std::vector<double> p_values;
  for (const Indicator& indicator : warning.indicators) p_values.push_back(indicator.p_value);
  const std::vector<double> q_values = math::q_values(p_values, math::Dependence::positive);
  for (std::size_t k = 0; k < q_values.size(); ++k)
    if (q_values[k] <= level && says_slowing(warning.indicators[k])) return true;
  return false;
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
              {"slowing", indicator.slowing},
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
