#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace emdyn::model::lab::dynamics {

/// Least squares of a polynomial: coefficients from the constant up, with standard errors from the
/// residuals.
struct PolynomialFit {
  std::vector<double> coefficients{}, errors{};
};

/// Nothing with fewer than degree + 2 points, or points that do not tell the coefficients apart.
std::optional<PolynomialFit> fit_polynomial(std::span<const double> x, std::span<const double> y,
                                            std::size_t degree);

}  // namespace emdyn::model::lab::dynamics
