#pragma once
#include <functional>
#include <span>
#include <vector>

namespace emdyn::emergence::scaling {

/// Least value found and where.
struct Minimum {
  std::vector<double> at{};
  double value = 0.0;
};

/// Derivative-free minimisation from one start by the simplex of Nelder & Mead ("A Simplex Method
/// for Function Minimization", The Computer Journal 7, 1965) with their coefficients.
/// Deterministic; non-finite values count as infinitely bad.
/// @param steps size of the first simplex along each coordinate. @param evaluations at most.
Minimum nelder_mead(const std::function<double(std::span<const double>)>& function,
                    std::span<const double> start, std::span<const double> steps, int evaluations);

}  // namespace emdyn::emergence::scaling
