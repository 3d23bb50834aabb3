#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace emdyn::bench {

/// Rows that arrays of detectors are fed before their time is taken: baselines are learned by then.
constexpr std::size_t kWarmupRows = 104;

/// A plain implementation of a detector's method: the textbook's formulas in straightforward C++
/// (standard containers, one struct a method, compiled with the same options), without the bounds,
/// tables, layouts and vector loops of the library's.
struct Textbook {
  std::string_view name;  ///< The registry's.
  /// Updates per processor second; the samples are gone through again and again.
  double (*rate)(std::span<const double> samples, double seconds);
  /// The same for an array of them, one a signal, fed row by row; samples [row, signal].
  double (*array_rate)(std::size_t signals, std::span<const double> samples, double seconds);
  std::size_t bytes;  ///< Of one, without what it holds on the heap.
};

/// Nothing where there is none.
const Textbook* find_textbook(std::string_view detector);

/// Rows per processor second for detectors of rows, nothing where there is no plain implementation;
/// `rows` holds `channels` values a row, already standardised.
std::optional<double> textbook_row_rate(std::string_view detector, std::span<const double> rows,
                                        std::size_t channels, double seconds);

}  // namespace emdyn::bench
