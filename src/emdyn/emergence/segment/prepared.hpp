#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace emdyn::emergence::segment {

/// Rows of channels that are finite, each channel standardised, and where the rows were.
struct Prepared {
  std::vector<std::vector<double>> channels{};
  std::vector<double> centres{};
  std::vector<double> scales{};      ///< 0 for a constant channel, which holds zeros.
  std::vector<std::size_t> where{};  ///< Empty: no row is missing.
  std::size_t rows = 0;

  std::size_t place(std::size_t row) const noexcept { return where.empty() ? row : where[row]; }
  bool constant() const noexcept;
};

/// @param channels of equal length.
Prepared prepare(std::span<const std::span<const double>> channels);

}  // namespace emdyn::emergence::segment
