#pragma once
#include <cstdint>

namespace emdyn::math {

/// The stream of the published answers: s ← s·6364136223846793005 + 1442695040888963407 mod 2^64
/// from 42, u = (s >> 11)·2^−53.
class Lcg42 {
 public:
  double operator()() noexcept {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_ = 42;
};

}  // namespace emdyn::math
