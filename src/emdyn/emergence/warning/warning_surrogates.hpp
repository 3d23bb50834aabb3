#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/emergence/warning/window_indicators.hpp"

namespace emdyn::emergence {

/// What the trend of an indicator is compared with; all are stationary and as long as the series.
/// - autoregression: an AR(p), p ≤ 6 by AIC, driven by its observed innovations.
/// - phase: the power spectrum of the series with random phases (Theiler et al. 1992).
/// - block: circular blocks of the series itself, of about 2·n^⅓ samples (Künsch 1989).
enum class SurrogateKind { autoregression, phase, block };
inline constexpr std::array<std::string_view, 3> kSurrogateKindWords{"autoregression", "phase",
                                                                     "block"};

/// Makes `count` series of the length of `values` from what disjoint windows leave after
/// detrending: stationary by construction, whatever the series does. Equal for any number of
/// threads. Empty where the windows leave nothing.
std::vector<std::vector<double>> stationary_surrogates(SurrogateKind kind,
                                                       const WindowIndicators& window,
                                                       std::span<const double> values,
                                                       std::size_t count, std::uint64_t seed);

/// Random phases for the coefficients of a real series of `length` samples, the same for several
/// series where their dependence is to be kept (Prichard & Theiler 1994).
std::vector<double> with_phases(std::span<const double> series, std::span<const double> phases);

/// Chance of a trend beyond every surrogate's, two-sided: Fisher's transform of Kendall's τ is close
/// to normal. Its spread is taken one standard error too large, and the result no smaller than 1e-6.
double far_trend_tail(std::span<const double> surrogate_taus, double tau);

/// Two-sided p-value of a trend, with far_trend_tail() beyond the last of the surrogates.
double trend_p_value(std::span<const double> surrogate_taus, double tau);

}  // namespace emdyn::emergence
