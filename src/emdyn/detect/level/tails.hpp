#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// The standard normal deviate with the same tail as Student's t with `freedom` degrees.
/// Source: Wallace, "Bounds on Normal Approximations to Student's and the Chi-Square
/// Distributions", Annals of Mathematical Statistics 30 (1959); tail error 2 % at t = 4,
/// freedom 10.
inline double normal_from_student(double t, double freedom) noexcept {
  const double z = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) *
                   std::sqrt(freedom * std::log1p(t * t / freedom));
  return t < 0 ? -z : z;
}

/// Samples on either side of an estimated change point that hold it with about 90 %, for a shift of
/// `sigmas` deviations. Source: Hinkley, "Inference about the change-point in a sequence of random
/// variables", Biometrika 57 (1970); its 90 % widths, doubled because the
/// size itself is estimated, are close to 8 / sigmas^2.
inline std::uint64_t onset_half_width(double sigmas) noexcept {
  const double size = std::max(std::abs(sigmas), 0.05);
  return static_cast<std::uint64_t>(std::ceil(std::min(8.0 / (size * size), 2000.0)));
}

}  // namespace emdyn::detect
