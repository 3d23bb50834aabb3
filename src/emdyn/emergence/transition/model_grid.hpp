#pragma once
#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "emdyn/emergence/transition/curve.hpp"

namespace emdyn::emergence {

/// The models compared, in the order of their scores. `power_law` stands for every slow curve:
/// power laws, logarithms, exponential relaxation, low polynomials and sigmoids that take most of
/// the range.
inline constexpr std::array kModels{
    series::TransitionModel::constant, series::TransitionModel::power_law,
    series::TransitionModel::sigmoid,  series::TransitionModel::jump,
    series::TransitionModel::kink,     series::TransitionModel::rise_and_collapse};
inline constexpr std::size_t kNullModels = 2;

/// The best member of one model for one series.
struct ModelScore {
  double bic = 0.0;  ///< Of the standardised series; only differences mean anything.
  std::size_t design = 0;
  std::size_t phi = 0;
  bool found = false;
};
using ModelScores = std::array<ModelScore, kModels.size()>;

/// Maximum likelihood of every model over a fixed grid of shapes and of first-order
/// autocorrelations of the noise, for many series observed at the same positions.
///
/// The exact Gaussian AR(1) likelihood is used: −2 log L = n log(RSS_φ/n) − log(1 − φ²) with RSS_φ
/// the residuals after whitening. Whitened inner products are quadratic in φ, so two products of
/// the series with all basis columns serve every φ, and the factored normal equations are shared by
/// all series: O(n·columns + designs·φ) per series. Immutable, so threads may share it.
class ModelGrid {
 public:
  struct Design {
    std::size_t model = 0;  ///< Index into kModels.
    std::array<int, 3> columns{-1, -1, -1};
    int count = 0;       ///< Columns besides the constant.
    int parameters = 1;  ///< Of the mean curve, shape included; noise parameters are common to all.
  };
  /// Which models to build; constant is always there.
  struct Choice {
    bool smooth = true;
    bool sigmoid = true;
    bool jump = true;
    bool kink = true;
    bool rise_and_collapse = true;
    bool linear_axis = true;  ///< Transitions in position,
    bool log_axis = true;     ///< and in its logarithm.
  };

  /// @param positions ascending, at least 8.
  ModelGrid(const Frame& frame, std::span<const double> positions, const Choice& choice);

  /// Curves are cut off at this range from now on. @param range in units of the series scored.
  void limit(const ValueRange& range) noexcept { range_ = range; }
  const ValueRange& range() const noexcept { return range_; }

  /// The best member of each model. @param values as many as positions, finite, not all equal.
  ModelScores score(std::span<const double> values) const;
  /// The curve of one score by generalised least squares.
  Curve curve(const ModelScore& score, std::span<const double> values) const;
  double phi(const ModelScore& score) const noexcept;
  const Design& design(const ModelScore& score) const { return designs_[score.design]; }
  const Basis& basis(int column) const { return bases_[static_cast<std::size_t>(column)]; }
  /// [points, 1 + columns]: the constant and the design's columns.
  Eigen::MatrixXd matrix(const Design& design) const;
  std::size_t points() const noexcept { return positions_.size(); }

 private:
  struct Factor {
    std::array<double, 6> inverse{};  ///< Inverse Cholesky factor, rows of a lower triangle.
    bool usable = false;
  };
  /// Products of one series with every column, and with itself, from which all φ are made.
  struct Observed {
    Eigen::VectorXd plain, shifted, ends;
    double square = 0.0, neighbours = 0.0, corners = 0.0;
  };

  void add_smooth();
  bool is_slow(const Basis& basis) const;
  void add_slow(int parameters, const Basis& basis);
  void add_transitions(bool log_axis, const Choice& choice);
  void add_pairs(std::span<const double> midpoints, double smallest_gap);
  int column(const Basis& basis);
  void design(std::size_t model, int parameters, std::initializer_list<int> columns);
  void factorise();
  Observed observe(std::span<const double> values) const;
  /// Whitens at one φ and removes the constant: products with the columns (the constant's own is
  /// kept at 0), and the sum of squares that is returned.
  double project(const Observed& observed, std::size_t phi, std::vector<double>& right) const;

  Frame frame_;
  ValueRange range_{};
  std::vector<double> positions_;
  std::vector<Basis> bases_;
  Eigen::MatrixXd columns_;  ///< [point, column]; column 0 is the constant.
  Eigen::MatrixXd shifted_;  ///< Sum of the neighbours of each point.
  std::vector<Design> designs_;
  std::vector<Factor> factors_;        ///< [phi, design]
  Eigen::MatrixXd constant_products_;  ///< [phi, column]: whitened constant · whitened column.
};

/// Autocorrelations of the noise that are tried.
std::span<const double> phi_grid() noexcept;

/// Widths from 10 % to 90 % above this share of the range count as slow change, not as transition.
inline constexpr double kWidestTransition = 0.5;
/// A logistic goes from 10 % to 90 % over 2·ln 9 of its scales.
inline constexpr double kLogisticWidth = 4.394449154672439;

}  // namespace emdyn::emergence
