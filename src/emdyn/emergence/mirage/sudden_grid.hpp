#pragma once
#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

/// Internals of weigh_sudden: noise and kernel settings, and the algebra of one setting.
namespace emdyn::emergence::mirage {

// Signal variance over noise variance; 0 stands for no signal and is kept apart.
inline constexpr std::array kRatios{1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};

/// One noise and kernel setting.
struct Setting {
  std::size_t coordinate;
  double length, phi, tilt;
  bool given_errors;
};

/// The settings that are summed. @param n samples; few of them get fewer settings.
std::vector<Setting> settings_for(std::size_t coordinates, std::size_t n, bool errors);

/// Everything that one signal-to-noise ratio of the smooth part gives, the intercept projected out.
struct Projected {
  Eigen::VectorXd basis_basis;   ///< sᵀPs of every basis.
  Eigen::MatrixXd basis_value;   ///< sᵀPy, [basis, link].
  Eigen::VectorXd value_value;   ///< yᵀPy of every link.
  double log_determinant = 0.0;  ///< ln|V| + ln(1ᵀV⁻¹1).
};

/// One setting in the eigenvectors of its whitened kernel, where V is diagonal for every ratio.
class Rotated {
 public:
  /// @param values [sample, link]. @param bases [sample, basis].
  Rotated(const Eigen::MatrixXd& values, std::span<const double> u, const Eigen::MatrixXd& bases,
          std::span<const double> deviations, const Setting& setting);

  Projected at(double ratio) const;
  double samples() const { return static_cast<double>(ones_.size()); }
  Eigen::Index links() const { return links_; }

 private:
  Eigen::Index links_;
  double log_noise_ = 0.0;
  Eigen::VectorXd eigenvalues_, ones_;
  Eigen::MatrixXd values_, bases_, squares_;
};

}  // namespace emdyn::emergence::mirage
