#pragma once
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace emdyn::detect {

/// Covariance of standardised rows with exponential forgetting, shrunk towards a multiple of the
/// identity: with few rows the sample covariance is singular and its small eigenvalues too small.
/// The share is that of Chen, Wiesel, Eldar & Hero, "Shrinkage Algorithms for MMSE Covariance
/// Estimation", IEEE Trans. Signal Processing 58 (2010), eq. 23 (OAS). Symmetric
/// [channel][channel].
class ShrunkCovariance {
 public:
  explicit ShrunkCovariance(std::size_t channels)
      : mean_(channels, 0.0), matrix_(channels * channels, 0.0) {}

  std::size_t channels() const noexcept { return mean_.size(); }
  double weight() const noexcept { return weight_; }
  std::span<const double> mean() const noexcept { return mean_; }

  /// @param keep share of the past that is kept, in (0, 1].
  void learn(std::span<const double> z, double keep) noexcept;
  /// The shrunk matrix. @param out channels² values.
  void shrunk(std::span<double> out) const noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.mean_, self.matrix_, self.weight_);
    archive.require(self.weight_ >= 0.0 && 1e18 > self.weight_);
    for (const double value : self.matrix_) archive.require(1e9 > std::abs(value));
    for (const double value : self.mean_) archive.require(1e9 > std::abs(value));
  }
  bool operator==(const ShrunkCovariance&) const = default;

 private:
  std::vector<double> mean_;
  std::vector<double> matrix_;
  double weight_ = 0.0;  // Rows the estimate is worth.
};

/// Eigenvalues (falling) and eigenvectors (rows of `vectors`) of a symmetric matrix by Jacobi
/// rotations; O(n³), no allocation. `matrix` is overwritten.
void symmetric_eigen(std::span<double> matrix, std::span<double> values,
                     std::span<double> vectors) noexcept;

/// Lower Cholesky factor in place. @return false when the matrix is not positive definite.
bool cholesky(std::span<double> matrix, std::size_t n) noexcept;

}  // namespace emdyn::detect
