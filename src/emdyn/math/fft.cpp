#include "emdyn/math/fft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::math {
namespace {

using Complex = std::complex<double>;
constexpr std::size_t kMaxLength = std::size_t{1} << 28;
constexpr std::size_t kMaxRadix = 13;

/// Without the checks for NaN that std::complex makes.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// e^(−2πi·k/n), reduced to the first octant so that symmetric roots agree to the last bit.
Complex root(std::size_t k, std::size_t n) {
  const auto angle = [n](std::size_t j) {
    return 2.0 * std::numbers::pi * (static_cast<double>(j) / static_cast<double>(n));
  };
  k %= n;
  if (8 * k <= n) return {std::cos(angle(k)), -std::sin(angle(k))};
  if (2 * k > n) return std::conj(root(n - k, n));
  if (4 * k > n) {
    const Complex w = root(n - 2 * k, 2 * n);  // the mirror image at the imaginary axis
    return {-w.real(), w.imag()};
  }
  const auto turn = static_cast<double>(n) / 4.0 - static_cast<double>(k);
  const double rest = 2.0 * std::numbers::pi * turn / static_cast<double>(n);
  return {std::sin(rest), -std::cos(rest)};
}

/// The factors of n, 4 before 2; empty when a prime above kMaxRadix divides it.
std::vector<std::size_t> small_factors(std::size_t n) {
  std::vector<std::size_t> factors;
  for (const std::size_t p : {4U, 2U, 3U, 5U, 7U, 11U, 13U}) {
    for (; n % p == 0; n /= p) factors.push_back(p);
  }
  if (n != 1) factors.clear();
  return factors;
}

/// One butterfly: `radix` values of `in` become their small transform.
void butterfly(std::size_t radix, const Complex* in, Complex* out, const Complex* roots,
               std::size_t stride, std::size_t length) {
  if (radix == 2) {
    out[0] = in[0] + in[1];
    out[1] = in[0] - in[1];
  } else if (radix == 4) {
    const Complex a = in[0] + in[2];
    const Complex b = in[0] - in[2];
    const Complex c = in[1] + in[3];
    const Complex d{(in[1] - in[3]).imag(), -(in[1] - in[3]).real()};
    out[0] = a + c;
    out[1] = b + d;
    out[2] = a - c;
    out[3] = b - d;
  } else {
    for (std::size_t k = 0; k < radix; ++k) {
      Complex sum = in[0];
      for (std::size_t j = 1; j < radix; ++j) {
        sum += times(in[j], roots[(j * k % radix) * stride % length]);
      }
      out[k] = sum;
    }
  }
}

}  // namespace

struct Fft::Chirp {
  explicit Chirp(std::size_t length) : plan(length) {}
  Fft plan;
  std::vector<Complex> chirp;     ///< e^(−πik²/n)
  std::vector<Complex> spectrum;  ///< Of its conjugate, wrapped around.
  std::vector<Complex> work;
};

Fft::Fft(std::size_t length) : length_(length) {
  if (length < 1 || length > kMaxLength) {
    throw ConfigError(fmt::format("fft: length must be in [1, {}], got {}", kMaxLength, length));
  }
  factors_ = small_factors(length);
  if (!factors_.empty() || length == 1) {
    roots_.resize(length);
    for (std::size_t k = 0; k < length; ++k) roots_[k] = root(k, length);
    scratch_.resize(length);
    return;
  }
  std::size_t padded = 1;
  while (padded < 2 * length - 1) padded *= 2;
  chirp_ = std::make_unique<Chirp>(padded);
  chirp_->chirp.resize(length);
  chirp_->spectrum.assign(padded, 0.0);
  chirp_->work.resize(padded);
  for (std::size_t k = 0; k < length; ++k) {
    chirp_->chirp[k] = root(k * k % (2 * length), 2 * length);
    chirp_->spectrum[k] = std::conj(chirp_->chirp[k]);
    if (k > 0) chirp_->spectrum[padded - k] = chirp_->spectrum[k];
  }
  chirp_->plan.transform(chirp_->spectrum);
}

Fft::~Fft() = default;
Fft::Fft(Fft&&) noexcept = default;
Fft& Fft::operator=(Fft&&) noexcept = default;

void Fft::transform(std::span<Complex> data) {
  if (chirp_) {
    bluestein(data);
    return;
  }
  // Stockham: each pass reads one buffer and writes the other, in order at the end.
  Complex* from = data.data();
  Complex* to = scratch_.data();
  std::size_t done = 1;
  Complex in[kMaxRadix];
  Complex out[kMaxRadix];
  for (const std::size_t radix : factors_) {
    const std::size_t rest = length_ / (done * radix);
    for (std::size_t q = 0; q < rest; ++q) {
      for (std::size_t k = 0; k < done; ++k) {
        for (std::size_t j = 0; j < radix; ++j) {
          in[j] = times(from[k + done * (q + rest * j)], roots_[j * k * rest]);
        }
        butterfly(radix, in, out, roots_.data(), length_ / radix, length_);
        for (std::size_t j = 0; j < radix; ++j) to[k + done * (j + radix * q)] = out[j];
      }
    }
    std::swap(from, to);
    done *= radix;
  }
  if (from != data.data()) std::copy(from, from + length_, data.data());
}

void Fft::bluestein(std::span<Complex> data) {
  Chirp& chirp = *chirp_;
  std::fill(chirp.work.begin(), chirp.work.end(), Complex{});
  for (std::size_t k = 0; k < length_; ++k) chirp.work[k] = times(data[k], chirp.chirp[k]);
  chirp.plan.transform(chirp.work);
  for (std::size_t k = 0; k < chirp.work.size(); ++k) {
    chirp.work[k] = std::conj(times(chirp.work[k], chirp.spectrum[k]));
  }
  chirp.plan.transform(chirp.work);
  const double scale = 1.0 / static_cast<double>(chirp.work.size());
  for (std::size_t k = 0; k < length_; ++k) {
    data[k] = times(std::conj(chirp.work[k]) * scale, chirp.chirp[k]);
  }
}

void Fft::forward(std::span<Complex> data) {
  if (data.size() != length_) {
    throw DataError(fmt::format("fft: planned for {} samples, got {}", length_, data.size()));
  }
  transform(data);
}

void Fft::inverse(std::span<Complex> data) {
  for (Complex& value : data) value = std::conj(value);
  forward(data);
  const double scale = 1.0 / static_cast<double>(length_);
  for (Complex& value : data) value = std::conj(value) * scale;
}

std::vector<Complex> fft(std::span<const Complex> values) {
  std::vector<Complex> data(values.begin(), values.end());
  if (!data.empty()) Fft(data.size()).forward(data);
  return data;
}

std::vector<Complex> inverse_fft(std::span<const Complex> values) {
  std::vector<Complex> data(values.begin(), values.end());
  if (!data.empty()) Fft(data.size()).inverse(data);
  return data;
}

std::vector<Complex> real_fft(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n == 0) return {};
  if (n % 2 == 1) {
    std::vector<Complex> data(values.begin(), values.end());
    Fft(n).forward(data);
    data.resize(n / 2 + 1);
    return data;
  }
  // Even and odd samples as real and imaginary part of one transform of half the length.
  const std::size_t half = n / 2;
  std::vector<Complex> packed(half);
  for (std::size_t i = 0; i < half; ++i) packed[i] = {values[2 * i], values[2 * i + 1]};
  Fft(half).forward(packed);
  std::vector<Complex> result(half + 1);
  for (std::size_t k = 0; k <= half; ++k) {
    const Complex a = packed[k % half];
    const Complex b = std::conj(packed[(half - k) % half]);
    const Complex odd = times(Complex{0.0, -0.5}, a - b);
    result[k] = 0.5 * (a + b) + times(root(k, n), odd);
  }
  return result;
}

std::vector<double> inverse_real_fft(std::span<const Complex> coefficients, std::size_t length) {
  if (length == 0 || coefficients.size() != length / 2 + 1) {
    throw DataError(fmt::format("fft: {} real samples have {} coefficients, got {}", length,
                                length / 2 + 1, coefficients.size()));
  }
  std::vector<Complex> data(length);
  data[0] = coefficients[0].real();
  for (std::size_t k = 1; k < coefficients.size(); ++k) {
    data[k] = coefficients[k];
    data[length - k] =
        2 * k == length ? Complex{coefficients[k].real()} : std::conj(coefficients[k]);
  }
  Fft(length).inverse(data);
  std::vector<double> result(length);
  for (std::size_t i = 0; i < length; ++i) result[i] = data[i].real();
  return result;
}

std::vector<double> autocovariance(std::span<const double> values, std::size_t max_lag) {
  if (values.empty()) throw DataError("autocovariance: no values; give at least one");
  const std::size_t n = values.size();
  max_lag = std::min(max_lag, n - 1);
  std::size_t padded = 1;
  while (padded < n + max_lag) padded *= 2;
  const double centre = mean(values);
  std::vector<double> data(padded, 0.0);
  for (std::size_t i = 0; i < n; ++i) data[i] = values[i] - centre;
  std::vector<Complex> spectrum = real_fft(data);
  for (Complex& value : spectrum) value = std::norm(value);
  std::vector<double> result = inverse_real_fft(spectrum, padded);
  result.resize(max_lag + 1);
  for (double& value : result) value /= static_cast<double>(n);
  return result;
}

std::vector<double> autocorrelation(std::span<const double> values, std::size_t max_lag) {
  std::vector<double> result = autocovariance(values, max_lag);
  const bool constant =
      std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; });
  const double variance = constant ? 0.0 : result[0];
  for (double& value : result) value = variance > 0.0 ? value / variance : 0.0;
  result[0] = 1.0;
  return result;
}

std::vector<double> periodogram(std::span<const double> values) {
  if (values.empty()) throw DataError("periodogram: no values; give at least one");
  const double centre = mean(values);
  std::vector<double> data(values.begin(), values.end());
  for (double& value : data) value -= centre;
  const std::vector<Complex> spectrum = real_fft(data);
  std::vector<double> power(spectrum.size());
  for (std::size_t k = 0; k < power.size(); ++k) {
    power[k] = std::norm(spectrum[k]) / static_cast<double>(values.size());
  }
  return power;
}

}  // namespace emdyn::math
