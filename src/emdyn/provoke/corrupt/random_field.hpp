#pragma once
#include <cstdint>
#include <span>

#include "emdyn/core/philox.hpp"

namespace emdyn::provoke::corrupt {

/// Random numbers addressed by (seed, image, purpose, row): equal whoever asks, in any order and on
/// any thread. Rows are filled in bulk.
class RandomField {
 public:
  /// @param purpose tells the random fields of one corruption apart; below 256.
  RandomField(std::uint64_t seed, std::uint64_t image, std::uint32_t purpose) noexcept
      : seed_(seed), image_(image), purpose_(purpose) {}

  /// 32 random bits each. @param row below 2^24.
  void words(std::size_t row, std::span<std::uint32_t> out) const noexcept;
  /// Uniform on [0, 1) with 24 bits.
  void uniforms(std::size_t row, std::span<float> out) const;
  /// Standard normal: the inverse distribution function of a 32-bit uniform (|z| below 6.4).
  void normals(std::size_t row, std::span<float> out) const;
  /// A stream of its own for the row, where the count of numbers is not known before.
  Philox stream(std::size_t row) const noexcept;

 private:
  std::uint64_t seed_;
  std::uint64_t image_;
  std::uint32_t purpose_;
};

/// The inverse of the normal distribution function, to about 1e-15: AS 241 (Wichura, "The
/// Percentage Points of the Normal Distribution", Applied Statistics 37, 1988). @param p in (1e-10,
/// 1 − 1e-10).
double normal_from_uniform(double p) noexcept;

/// A Poisson number with mean `mean` >= 0: inversion below 10, else transformed rejection (PTRS:
/// Hörmann, "The transformed rejection method for generating Poisson random variables", 1993).
double poisson(Philox& random, double mean) noexcept;

}  // namespace emdyn::provoke::corrupt
