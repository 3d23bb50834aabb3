#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/boosting.hpp"

namespace emdyn::explain {

/// A number with its standard deviation over the trees of a forest, each grown on a resample.
struct WithSpread {
  double mean = 0.0;
  double spread = 0.0;
};

/// The mean outcome at each bin of one feature, over all the others.
struct Marginal {
  std::size_t column = 0;
  std::vector<WithSpread> at{};  ///< [bins]
  WithSpread share{};            ///< Of the variance, in [0, 1].
};

/// The mean outcome at each pair of bins of two features, over all the others.
struct PairMarginal {
  std::size_t first = 0;
  std::size_t second = 0;
  std::vector<WithSpread> at{};  ///< [bins of first, bins of second]
  WithSpread share{};            ///< Of the variance beyond both single shares, in [0, 1].
};

/// Which settings, and which pairs of them, decide an outcome.
struct FunctionalAnova {
  forecast::Bins bins{};
  std::vector<std::vector<double>> share_of_bin{};  ///< [columns][bins], of the rows; sums 1.
  double mean = 0.0;
  double variance = 0.0;              ///< Of the forest under the product of the marginals.
  std::vector<Marginal> single{};     ///< One a column.
  std::vector<PairMarginal> pairs{};  ///< All pairs, largest share first.
  WithSpread beyond_pairs{};          ///< Share of the variance that needs three or more.
};

/// Exact marginals of the forest's trees: the space is the product of the columns' own
/// distributions in the table (on a grid: uniform over the grid; a column's unit or scale does not
/// matter), rows with missing values aside. A leaf is a box, so its share of every marginal is a
/// product; boxes are added to a pair's table at four corners and summed up afterwards.
/// O(trees x leaves x (columns^2 + columns x bins) + pairs x bins^2).
/// Source: Hutter, Hoos, Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
/// Importance", 2014.
/// `forest` must be grown on `table` with `bins` bins a column.
/// @throws DataError when their columns differ or there are fewer than 2 of them.
FunctionalAnova functional_anova(const forecast::TreeEnsemble& forest,
                                 const forecast::FeatureTable& table, std::size_t bins = 32);

}  // namespace emdyn::explain
