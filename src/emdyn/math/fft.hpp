#pragma once
#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace emdyn::math {

/// Discrete Fourier transform of one length, any length: a Stockham mixed-radix transform for
/// lengths whose prime factors are at most 13, Bluestein's chirp through one of these otherwise.
/// Always O(n log n). A plan may be used again; not by two threads at once, it owns its scratch.
/// Source: Bluestein, "A linear filtering approach to the computation of discrete Fourier
/// transform", IEEE Trans. Audio Electroacoust. 18 (1970); Van Loan, "Computational Frameworks for
/// the Fast Fourier Transform" (1992).
class Fft {
 public:
  /// @param length 1 … 2^28 samples (2^27 when a prime above 13 divides it). @throws ConfigError
  /// outside it.
  explicit Fft(std::size_t length);
  ~Fft();
  /// A plan of the same length with scratch of its own.
  Fft(const Fft& other) : Fft(other.length_) {}
  Fft& operator=(const Fft& other) { return *this = Fft(other); }
  Fft(Fft&&) noexcept;
  Fft& operator=(Fft&&) noexcept;

  std::size_t length() const noexcept { return length_; }
  /// X_k = Σ x_j e^(−2πijk/n), in place. @throws DataError when the length differs from the plan's.
  void forward(std::span<std::complex<double>> data);
  /// x_j = (1/n) Σ X_k e^(+2πijk/n), in place.
  void inverse(std::span<std::complex<double>> data);

  /// Plans are equal when they transform alike.
  bool operator==(const Fft& other) const noexcept { return length_ == other.length_; }

 private:
  struct Chirp;
  void transform(std::span<std::complex<double>> data);
  void bluestein(std::span<std::complex<double>> data);

  std::size_t length_;
  std::vector<std::size_t> factors_;
  std::vector<std::complex<double>> roots_;  ///< e^(−2πik/n)
  std::vector<std::complex<double>> scratch_;
  std::unique_ptr<Chirp> chirp_;
};

std::vector<std::complex<double>> fft(std::span<const std::complex<double>> values);
std::vector<std::complex<double>> inverse_fft(std::span<const std::complex<double>> values);

/// The n/2 + 1 non-redundant coefficients of a real series. Empty for an empty series.
std::vector<std::complex<double>> real_fft(std::span<const double> values);
/// The real series of `length` samples whose coefficients these are (n/2 + 1 of them; the imaginary
/// parts of the first, and of the last when n is even, are ignored). @throws DataError otherwise.
std::vector<double> inverse_real_fft(std::span<const std::complex<double>> coefficients,
                                     std::size_t length);

/// Sample autocovariances of lags 0 … max_lag about the mean, divided by n (so they form a
/// positive semi-definite sequence), by FFT in O(n log n). max_lag is cut to n − 1.
/// @throws DataError when empty.
std::vector<double> autocovariance(std::span<const double> values, std::size_t max_lag);
/// The same divided by lag 0; zeros beyond lag 0 for a constant series.
std::vector<double> autocorrelation(std::span<const double> values, std::size_t max_lag);

/// |X_k|²/n of the series less its mean, k = 0 … n/2. @throws DataError when empty.
std::vector<double> periodogram(std::span<const double> values);

}  // namespace emdyn::math
