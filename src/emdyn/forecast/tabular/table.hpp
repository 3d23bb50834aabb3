#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace emdyn::forecast {

/// Rows of numbers, row after row; NaN marks a missing value.
struct FeatureTable {
  std::size_t columns = 0;
  std::vector<double> values{};  ///< [rows, columns]

  std::size_t rows() const noexcept { return columns == 0 ? 0 : values.size() / columns; }
  std::span<const double> row(std::size_t i) const noexcept {
    return std::span(values).subspan(i * columns, columns);
  }
  void add(std::span<const double> row) { values.insert(values.end(), row.begin(), row.end()); }
};

}  // namespace emdyn::forecast
