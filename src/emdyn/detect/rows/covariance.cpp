#include "emdyn/detect/rows/covariance.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::detect {

void ShrunkCovariance::learn(std::span<const double> z, double keep) noexcept {
  const std::size_t n = mean_.size();
  weight_ = weight_ * keep + 1.0;
  const double share = 1.0 / weight_;
  for (std::size_t i = 0; i < n; ++i) {
    const double away = z[i] - mean_[i];
    for (std::size_t k = 0; k <= i; ++k) {
      double& cell = matrix_[i * n + k];
      cell += share * ((1.0 - share) * away * (z[k] - mean_[k]) - cell);
      matrix_[k * n + i] = cell;
    }
  }
  for (std::size_t i = 0; i < n; ++i) mean_[i] += share * (z[i] - mean_[i]);
}

void ShrunkCovariance::shrunk(std::span<double> out) const noexcept {
  const std::size_t n = mean_.size();
  const double p = static_cast<double>(n);
  double trace = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) trace += matrix_[i * n + i];
  for (const double value : matrix_) squares += value * value;
  const double rows = std::max(weight_, 1.0);
  const double numerator = (1.0 - 2.0 / p) * squares + trace * trace;
  const double denominator = (rows + 1.0 - 2.0 / p) * (squares - trace * trace / p);
  const double share = denominator > 0.0 ? std::clamp(numerator / denominator, 0.0, 1.0) : 1.0;
  // A constant channel has no variance at all; a millionth keeps the inverse finite.
  const double level = std::max(trace / p, 1e-9);
  for (std::size_t i = 0; i < n * n; ++i) out[i] = (1.0 - share) * matrix_[i];
  for (std::size_t i = 0; i < n; ++i) out[i * n + i] += (share + 1e-6) * level;
}

void ShrunkCovariance::reset() noexcept {
  std::ranges::fill(mean_, 0.0);
  std::ranges::fill(matrix_, 0.0);
  weight_ = 0.0;
}

namespace {

struct Rotation {
  double cosine;
  double sine;
};

Rotation annihilate(double at_p, double at_q, double off) {
  const double theta = (at_q - at_p) / (2.0 * off);
  const double t = (theta >= 0.0 ? 1.0 : -1.0) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double cosine = 1.0 / std::hypot(t, 1.0);
  return {cosine, t * cosine};
}

void rotate(double& a, double& b, const Rotation& r) {
  const double old = a;
  a = r.cosine * old - r.sine * b;
  b = r.sine * old + r.cosine * b;
}

void sort_falling(std::span<double> values, std::span<double> vectors) {
  const std::size_t n = values.size();
  for (std::size_t i = 0; i + 1 < n; ++i) {
    std::size_t largest = i;
    for (std::size_t k = i + 1; k < n; ++k) largest = values[k] > values[largest] ? k : largest;
    if (largest == i) continue;
    std::swap(values[i], values[largest]);
    for (std::size_t c = 0; c < n; ++c) std::swap(vectors[i * n + c], vectors[largest * n + c]);
  }
}

}  // namespace

void symmetric_eigen(std::span<double> matrix, std::span<double> values,
                     std::span<double> vectors) noexcept {
  const std::size_t n = values.size();
  std::ranges::fill(vectors, 0.0);
  for (std::size_t i = 0; i < n; ++i) vectors[i * n + i] = 1.0;
  for (int sweep = 0; sweep < 30; ++sweep) {
    double off = 0.0;
    double diagonal = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      diagonal += matrix[i * n + i] * matrix[i * n + i];
      for (std::size_t k = 0; k < i; ++k) off += matrix[i * n + k] * matrix[i * n + k];
    }
    if (off <= 1e-24 * diagonal) break;
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (matrix[p * n + q] == 0.0) continue;
        const Rotation r = annihilate(matrix[p * n + p], matrix[q * n + q], matrix[p * n + q]);
        for (std::size_t k = 0; k < n; ++k) rotate(matrix[k * n + p], matrix[k * n + q], r);
        for (std::size_t k = 0; k < n; ++k) rotate(matrix[p * n + k], matrix[q * n + k], r);
        for (std::size_t k = 0; k < n; ++k) rotate(vectors[p * n + k], vectors[q * n + k], r);
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) values[i] = matrix[i * n + i];
  sort_falling(values, vectors);
}

bool cholesky(std::span<double> matrix, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      double sum = matrix[i * n + k];
      for (std::size_t c = 0; c < k; ++c) sum -= matrix[i * n + c] * matrix[k * n + c];
      if (i == k) {
        if (!(sum > 0.0)) return false;
        matrix[i * n + i] = std::sqrt(sum);
      } else {
        matrix[i * n + k] = sum / matrix[k * n + k];
      }
    }
  }
  return true;
}

}  // namespace emdyn::detect
