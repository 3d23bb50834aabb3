#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace emdyn {

/// The number an IEEE 754 binary16 word stands for.
inline float from_binary16(std::uint16_t word) {
  const int exponent = (word >> 10) & 0x1F;
  const auto fraction = static_cast<float>(word & 0x3FF);
  float size = 0.0F;
  if (exponent == 0) {
    size = std::ldexp(fraction, -24);
  } else if (exponent < 31) {
    size = std::ldexp(fraction + 1024.0F, exponent - 25);
  } else {
    size = fraction == 0.0F ? std::numeric_limits<float>::infinity()
                            : std::numeric_limits<float>::quiet_NaN();
  }
  return (word & 0x8000) != 0 ? -size : size;
}

/// The number a bfloat16 word stands for: the upper half of a float.
inline float from_bfloat16(std::uint16_t word) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(word) << 16);
}

}  // namespace emdyn
