#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::emergence {

/// What is taken off a window before its indicators are computed.
enum class Detrending { mean, linear };
inline constexpr std::array<std::string_view, 2> kDetrendingWords{"mean", "linear"};

/// What early warnings follow, each of the samples of one window alone, less their mean or line:
/// - variance
/// - autocorrelation: of lag 1.
/// - skewness
/// - low_frequency_power: share of the power at periods of 8 samples and longer (Kleinen, Held &
///   Petschel-Held 2003).
/// - kurtosis: 3 for a normal.
/// - mobility: √(variance of the differences/variance) (Hjorth 1970); falls as a system slows down.
/// - spectral_exponent: −slope of log power over log frequency up to a quarter of the sampling rate.
/// - fluctuation_exponent: of detrended fluctuation analysis with lines, boxes of 4 samples to a
///   quarter of the window (Peng et al. 1994); ½ without memory. Windows of 48 samples and more.
inline constexpr std::array<std::string_view, 8> kIndicatorNames{
    "variance", "autocorrelation", "skewness",          "low_frequency_power",
    "kurtosis", "mobility",        "spectral_exponent", "fluctuation_exponent"};

/// Which way each goes when a system recovers ever more slowly: up, down, or neither (0).
inline constexpr std::array<int, kIndicatorNames.size()> kIndicatorSlowing{1, 1, 0, 1, 0, -1, 1, 1};

/// One value an indicator; NaN where the window does not bear it.
using IndicatorValues = std::array<double, kIndicatorNames.size()>;

/// Computes the indicators of windows of one length. Cost: O(length²/4) up to 256 samples, else
/// O(length·log length).
class WindowIndicators {
 public:
  WindowIndicators(std::size_t length, Detrending detrending);

  std::size_t length() const noexcept { return length_; }

  /// The window less its mean or its least-squares line. @pre values.size() == length().
  void detrend(std::span<const double> values, std::vector<double>& residuals) const;

  /// Variance 0 and NaN elsewhere for a window that is flat, or straight, up to rounding.
  IndicatorValues operator()(std::span<const double> values, std::vector<double>& residuals) const;

 private:
  /// |X_k|² for k = 1 … spectrum_.
  std::vector<double> powers(const std::vector<double>& residuals) const;

  std::size_t length_;
  Detrending detrending_;
  std::size_t slow_ = 0;      ///< Frequencies that count as low.
  std::size_t spectrum_ = 0;  ///< Frequencies that the exponent is fitted to.
  std::vector<double> cosine_{}, sine_{};
};

}  // namespace emdyn::emergence
