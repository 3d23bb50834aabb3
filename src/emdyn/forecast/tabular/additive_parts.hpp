#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/additive.hpp"

/// The steps that fit_additive() is made of.
namespace emdyn::forecast::additive_detail {

/// Sums of first and second derivatives of a group of rows.
struct Slope {
  double g = 0.0;
  double h = 0.0;
};

/// Rows with what is left to explain of each.
struct Residuals {
  std::vector<double> weight{};
  std::vector<double> log_odds{};
  std::span<const double> labels{};

  /// Adds the derivatives of row i of the log loss.
  void add(std::size_t i, Slope& sum) const noexcept;
};

/// Newton steps for the bins of one column: a tree of at most three leaves over the values and a
/// leaf of its own for missing ones (the last).
std::vector<double> shape_step(std::span<const Slope> histogram, const AdditiveOptions& options);

/// Best cut of a table [rows, columns] of sums, without its last row and column (missing values),
/// into four quadrants.
struct Quadrants {
  double gain = 0.0;
  std::size_t row = 0;  ///< Bins 0 … row are above the cut.
  std::size_t column = 0;
};
Quadrants best_quadrants(std::span<const Slope> table, std::size_t rows, std::size_t columns,
                         const AdditiveOptions& options);

/// The Newton step of that cut, [rows, columns]; missing values take none.
std::vector<double> pair_step(std::span<const Slope> table, std::size_t rows, std::size_t columns,
                              const AdditiveOptions& options);

/// Sums of the rows by the bins of two columns, [bins of first + 1, bins of second + 1].
std::vector<Slope> pair_histogram(const BinnedTable& table, const Bins& bins, std::size_t first,
                                  std::size_t second, const Residuals& residuals);

/// Bins of a column at most `most`, whose cuts are some of those of `fine`.
Bins coarser(const Bins& fine, std::size_t most);

/// Moves what a pair holds of its features alone into their shapes, and their means into the
/// intercept.
void purify(AdditiveModel& model);

}  // namespace emdyn::forecast::additive_detail
