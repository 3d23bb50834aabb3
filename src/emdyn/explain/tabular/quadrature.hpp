#pragma once
#include <cstddef>
#include <vector>

namespace emdyn::explain {

/// Points and weights on [0, 1].
struct Quadrature {
  std::vector<double> at{};
  std::vector<double> weight{};
};

/// Gauss-Legendre: exact for polynomials up to degree 2 points - 1. Zeros of the Legendre
/// polynomial by Newton's method from Chebyshev's. O(points^2). @pre points >= 1.
/// Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 25.4.29.
Quadrature gauss_legendre(std::size_t points);

}  // namespace emdyn::explain
