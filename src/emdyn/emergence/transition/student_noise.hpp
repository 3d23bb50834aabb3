#pragma once
#include <Eigen/Core>
#include <span>

namespace emdyn::emergence {

/// A linear model under first-order autoregressive noise whose innovations follow Student's t: one
/// huge innovation that decays costs little, so that it is no spike and no jump.
struct StudentFit {
  Eigen::VectorXd coefficients{};
  double phi = 0.0;
  double scale = 0.0;    ///< Of the innovations, > 0.
  double freedom = 0.0;  ///< Degrees of freedom; kGaussianFreedom where the tails are normal.
  double minus_two_log_likelihood = 0.0;
  double gaussian_excess = 0.0;  ///< How much larger it would be with normal innovations.
};

inline constexpr double kGaussianFreedom = 200.0;

/// Maximum likelihood by expectation and conditional maximisation, the degrees of freedom over
/// {2.5, 4, 8, 200}. Cost: O(rows·columns²) for each of some 15 rounds. Source: Lange, Little &
/// Taylor, "Robust Statistical Modeling Using the t Distribution", JASA 84 (1989).
/// @param design [rows, columns], rows > columns. @param phi where the search begins, in (−1, 1).
StudentFit fit_student(const Eigen::MatrixXd& design, std::span<const double> values, double phi);

}  // namespace emdyn::emergence
