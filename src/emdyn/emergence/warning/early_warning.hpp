#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/warning/warning_surrogates.hpp"
#include "emdyn/emergence/warning/window_indicators.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::emergence {

struct EarlyWarningOptions {
  std::int64_t window = 100;  ///< Samples an indicator looks back on, its own included.
  std::int64_t stride = 0;    ///< Samples from one value to the next; 0: a tenth of the window.
  Detrending detrending = Detrending::linear;
  SurrogateKind surrogates = SurrogateKind::autoregression;
  std::int64_t replicates = 199;  ///< Surrogates for p-values and null band; 0: neither.
  double level = 0.9;             ///< Share of surrogates within the band at each position.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "early_warning";
};

inline constexpr std::array kEarlyWarningFields{
    Field<EarlyWarningOptions>{"window", &EarlyWarningOptions::window, 10, 100000,
                               "samples an indicator looks back on"},
    Field<EarlyWarningOptions>{"stride", &EarlyWarningOptions::stride, 0, 100000,
                               "samples between values, 0 for a tenth of the window"},
    enum_field<&EarlyWarningOptions::detrending, EarlyWarningOptions>(
        "detrending", kDetrendingWords, "what is taken off each window"),
    enum_field<&EarlyWarningOptions::surrogates, EarlyWarningOptions>(
        "surrogates", kSurrogateKindWords, "what trends are compared with"),
    Field<EarlyWarningOptions>{"replicates", &EarlyWarningOptions::replicates, 0, 100000,
                               "surrogate series; 0: no p-values, no band"},
    Field<EarlyWarningOptions>{"level", &EarlyWarningOptions::level, 0.5, 0.999,
                               "share of surrogates within the null band"},
    Field<EarlyWarningOptions>{"seed", &EarlyWarningOptions::seed, 0, 9e15, "of the surrogates"},
};

/// One indicator along the series.
struct Indicator {
  std::string name{};                 ///< One of kIndicatorNames, or of kJointIndicatorNames.
  std::vector<double> values{};       ///< One a position; NaN where the window is flat.
  std::vector<double> low{}, high{};  ///< Null band at each position; empty without surrogates.
  double tau = 0.0;                   ///< Kendall's τ-b against position.
  int slowing = 0;  ///< Sign of τ when recovery slows down (kIndicatorSlowing), 0: either.
  /// Share of surrogates with a |τ| at least as large, for indicators may rise or fall ahead of a
  /// transition; beyond the largest of them the tail of a normal Fisher transform of theirs.
  double p_value = 1.0;
  std::optional<double> q_value{};  ///< Corrected for all trends looked at with it.
};

/// Indicators of critical slowing down in windows that end at each position.
struct EarlyWarning {
  std::vector<double> positions{};  ///< Of the last sample of each window.
  std::vector<Indicator> indicators{};
  std::size_t window = 0;  ///< Samples.
  std::size_t points = 0;  ///< Finite samples seen.
  std::string note{};      ///< Why there are no indicators, else empty.
};

/// The indicators of kIndicatorNames in rolling windows, each from the samples of its own window
/// alone: cutting the series after a position changes no value up to it. The trend's p-value and the
/// band compare with stationary surrogates of the same length, and so do look at the whole of what
/// is given: give nothing beyond the moment the warning is about.
///
/// Samples count as equally spaced; non-finite values are left out. Fewer than two windows: no
/// indicators, a note. Source: Dakos et al., "Methods for Detecting Early Warnings of Critical
/// Transitions in Time Series", PLoS ONE 7 (2012).
/// @throws DataError for positions that go back, ConfigError for options out of range.
EarlyWarning early_warning(std::string_view name, std::span<const double> positions,
                           std::span<const double> values, const EarlyWarningOptions& options = {});

/// Of the last segment of a signal, up to but not including the position `before`, of at most a
/// hundred windows, with some eighty values of each indicator unless a stride is set. Where there
/// are fewer than two windows before it, the window is shortened to half of what there is, down to
/// 10.
EarlyWarning early_warning_before(const series::Signal& signal, double before,
                                  const EarlyWarningOptions& options = {});

/// Whether the trend goes the way of a system that slows down.
bool says_slowing(const Indicator& indicator);

/// The decision: a trend that says so stands after the trends of all indicators were corrected
/// together (Benjamini & Hochberg 1995) at `level`, the budget of false alarms. A variance that
/// falls, as that of most training losses does, is a trend but no warning.
bool warns(const EarlyWarning& warning, double level = 0.05);

/// The trends of such indicators as a transition records them.
std::vector<series::Precursor> precursors(std::string_view signal, const EarlyWarning& warning);

void to_json(Json& json, const Indicator& indicator);
void to_json(Json& json, const EarlyWarning& warning);

}  // namespace emdyn::emergence
