#pragma once
#include <Eigen/Core>
#include <span>
#include <vector>

namespace emdyn::emergence {

/// A monotone curve that has no shape of its own: straight pieces between knots that are dense
/// where the change sets in. It judges whether an S-shape fits, and places the onset where none
/// does. Least squares with coefficients of one sign: Lawson & Hanson, "Solving Least Squares
/// Problems" (1974).
class MonotoneFit {
 public:
  struct Result {
    std::vector<double> fitted{};  ///< At the coordinates.
    double onset = 0.0;            ///< Coordinate where 10 % of the change is reached.
    int freedom = 2;               ///< Parameters: the constant, one scale, and every piece used.
  };

  /// @param u coordinates, strictly ascending. @param onset, end of the change as first seen.
  MonotoneFit(std::span<const double> u, double onset, double end, bool rising);

  /// Fewer than three pieces cannot tell a shape.
  bool usable() const noexcept { return columns_.cols() > 3; }
  /// @param phi autocorrelation of the noise, in (−1, 1).
  Result operator()(std::span<const double> values, double phi) const;

 private:
  std::vector<double> u_;
  std::vector<double> knots_;
  double sign_;
  Eigen::MatrixXd columns_;  ///< [point, 1 + piece]; column 0 is the constant.
};

/// min |b − A·x|² over x ≥ 0 from A'A and A'b.
Eigen::VectorXd nonnegative_least_squares(const Eigen::MatrixXd& gram,
                                          const Eigen::VectorXd& right);

}  // namespace emdyn::emergence
