#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::forecast {

/// What a score means as a probability: a function that never falls.
struct CalibrationCurve {
  std::vector<double> score{};        ///< Ascending.
  std::vector<double> probability{};  ///< At each score, not falling; in [0, 1].

  /// Linear between the knots, constant beyond them. 0.5 for an empty curve.
  double operator()(double score) const noexcept;
};

/// The non-decreasing probabilities of least squared error (pool adjacent violators); a knot at
/// both ends of each pool. Weights may be empty. O(n log n).
/// Source: Zadrozny, Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability
/// Estimates", 2002; Ayer et al., "An Empirical Distribution Function for Sampling with Incomplete
/// Information", 1955.
/// @throws DataError when sizes differ or nothing has weight.
CalibrationCurve fit_isotonic(std::span<const double> scores, std::span<const double> labels,
                              std::span<const double> weights = {});

/// sigmoid(a + b score) as a curve of 33 knots over the range of the scores, b >= 0; labels are
/// pulled in by 1 / (n + 2) as in the source. Weights may be empty.
/// Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
/// @throws DataError when sizes differ or only one class has weight.
CalibrationCurve fit_platt(std::span<const double> scores, std::span<const double> labels,
                           std::span<const double> weights = {});

enum class CalibrationKind { isotonic, platt };

/// A curve with the curves of resampled groups, which say how well it is known.
struct Calibration {
  CalibrationCurve curve{};
  std::vector<CalibrationCurve> replicates{};

  struct Value {
    double low = 0.0;
    double estimate = 0.0;
    double high = 1.0;
  };
  /// Quantiles of the replicates around the estimate. `level` in (0, 1).
  Value operator()(double score, double level = 0.9) const;
};

/// `groups[i]` numbers the group of row i from 0; whole groups are resampled, since rows of one run
/// say nearly the same. Resamples with one class only are passed over.
/// @throws as fit_isotonic and fit_platt.
Calibration fit_calibration(CalibrationKind kind, std::span<const double> scores,
                            std::span<const double> labels, std::span<const std::size_t> groups,
                            std::size_t resamples = 100, std::uint64_t seed = 1);

}  // namespace emdyn::forecast
