#pragma once
#include <bit>
#include <cstdint>

#include "emdyn/core/simd.hpp"

/// Logarithm and exponential without a branch or a call, so that a loop over them runs in vector
/// registers; equal on every instruction set, unlike the library's.
namespace emdyn::math {

/// ln(1 + x) for 0 <= x < 1e300; error below 2 ulp. The mantissa m in [sqrt(1/2), sqrt(2)) by the
/// series of 2 artanh((m - 1) / (m + 1)), eleven terms; what rounding 1 + x lost is added back.
EMDYN_INLINE_BODY inline double log1p_positive(double x) noexcept {
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcd;
  constexpr std::uint64_t kExponent = 0xfff0000000000000;
  constexpr double kLn2High = 0x1.62e42fefa38p-1;  // 42 bits: times an exponent it is exact.
  constexpr double kLn2Low = 0x1.ef35793c7673p-45;
  const double u = 1.0 + x;
  const double lost = (x - (u - 1.0)) / u;
  const auto bits = std::bit_cast<std::uint64_t>(u);
  const std::uint64_t above = bits - kRootHalf;
  const double exponent = std::bit_cast<double>((above >> 52) | 0x4330000000000000) - 0x1p52;
  const double f = std::bit_cast<double>(bits - (above & kExponent)) - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double series = 1.0 / 23.0;
  series = series * z + 1.0 / 21.0;
  series = series * z + 1.0 / 19.0;
  series = series * z + 1.0 / 17.0;
  series = series * z + 1.0 / 15.0;
  series = series * z + 1.0 / 13.0;
  series = series * z + 1.0 / 11.0;
  series = series * z + 1.0 / 9.0;
  series = series * z + 1.0 / 7.0;
  series = series * z + 1.0 / 5.0;
  series = series * z + 1.0 / 3.0;
  const double twice = s + s;
  return exponent * kLn2High + (twice + (twice * z * series + (exponent * kLn2Low + lost)));
}

/// e^x for x <= 0; error below 2 ulp; 0 below -708. Taylor's series on [-ln2 / 2, ln2 / 2].
EMDYN_INLINE_BODY inline double exp_negative(double x) noexcept {
  constexpr double kMagic = 0x1.8p52;  // Adding it rounds to an integer, held in the low bits.
  constexpr double kLn2High = 0x1.62e42fefa38p-1;
  constexpr double kLn2Low = 0x1.ef35793c7673p-45;
  const double held = x > -708.0 ? x : -708.0;
  const double shifted = held * 1.4426950408889634 + kMagic;
  const double n = shifted - kMagic;
  const double r = (held - n * kLn2High) - n * kLn2Low;
  double series = 1.0 / 6227020800.0;
  series = series * r + 1.0 / 479001600.0;
  series = series * r + 1.0 / 39916800.0;
  series = series * r + 1.0 / 3628800.0;
  series = series * r + 1.0 / 362880.0;
  series = series * r + 1.0 / 40320.0;
  series = series * r + 1.0 / 5040.0;
  series = series * r + 1.0 / 720.0;
  series = series * r + 1.0 / 120.0;
  series = series * r + 1.0 / 24.0;
  series = series * r + 1.0 / 6.0;
  series = series * r + 0.5;
  const double value = (series * r) * r + r + 1.0;
  const std::uint64_t power = std::bit_cast<std::uint64_t>(shifted) << 52;
  const double scaled = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) + power);
  return x > -708.0 ? scaled : 0.0;
}

}  // namespace emdyn::math
