#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

namespace emdyn::forecast {

/// Where the values of each column are cut. Bin k of a column holds the values x with
/// cuts[k - 1] <= x < cuts[k]; what is no finite number has the bin after the last.
struct Bins {
  std::vector<std::vector<double>> cuts{};  ///< Ascending, one list a column.

  /// At most `most` bins a column: one a distinct value where there are so few, else bins of about
  /// equal numbers of rows. Cuts lie half way between neighbouring values. O(n log n) a column.
  /// @throws ConfigError unless 2 <= most <= 250; DataError for an infinite value.
  static Bins of(const FeatureTable& table, std::size_t most = 32);

  std::size_t columns() const noexcept { return cuts.size(); }
  /// Bins of finite values.
  std::size_t count(std::size_t column) const noexcept { return cuts[column].size() + 1; }
  /// The bin of missing values.
  std::size_t missing(std::size_t column) const noexcept { return count(column); }
  std::size_t bin(std::size_t column, double x) const noexcept;
};

/// A table as the numbers of its bins, column after column.
struct BinnedTable {
  std::size_t rows = 0;
  std::vector<std::uint8_t> codes{};  ///< [columns, rows]

  BinnedTable(const FeatureTable& table, const Bins& bins);
  std::span<const std::uint8_t> column(std::size_t j) const noexcept {
    return std::span(codes).subspan(j * rows, rows);
  }
};

}  // namespace emdyn::forecast
