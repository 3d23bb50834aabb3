#include "emdyn/probe/geometry/fourier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/geometry/dense.hpp"

namespace emdyn::probe {
using dense::index;
using dense::RowMajor;

FourierProbe::FourierProbe(std::size_t rows, std::size_t top) : rows_(rows), top_(top) {
  if (rows < 3 || top < 1) {
    throw ConfigError(fmt::format(
        "Fourier concentration needs at least 3 rows and 1 top frequency, got {} and {}", rows,
        top));
  }
  for (std::size_t k = 1; k <= rows / 2; ++k) {
    for (const bool sine : {false, true}) {
      for (std::size_t i = 0; i < rows; ++i) {
        const double angle =
            2.0 * std::numbers::pi * static_cast<double>(k * i % rows) / static_cast<double>(rows);
        waves_.push_back(sine ? std::sin(angle) : std::cos(angle));
      }
    }
  }
}

template <class Scalar>
FourierConcentration FourierProbe::measure(const math::MatrixView<Scalar>& embedding,
                                           std::span<const std::uint32_t> order) const {
  if ((order.empty() && embedding.rows != rows_) || (!order.empty() && order.size() != rows_)) {
    throw DataError(fmt::format("Fourier concentration was made for {} rows, got {}", rows_,
                                order.empty() ? embedding.rows : order.size()));
  }
  RowMajor values(index(rows_), index(embedding.columns));
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::size_t row = order.empty() ? i : order[i];
    if (row >= embedding.rows) {
      throw DataError(fmt::format("row {} is beyond the embedding's {}", row, embedding.rows));
    }
    for (std::size_t j = 0; j < embedding.columns; ++j) {
      values(index(i), index(j)) = embedding(row, j);
    }
  }
  values.rowwise() -= values.colwise().mean().eval();
  const std::size_t frequencies = rows_ / 2;
  const Eigen::Map<const RowMajor> waves(waves_.data(), index(2 * frequencies), index(rows_));
  const RowMajor transform = waves * values;
  FourierConcentration result;
  result.power.resize(frequencies);
  for (std::size_t k = 0; k < frequencies; ++k) {
    result.power[k] =
        transform.row(index(2 * k)).squaredNorm() + transform.row(index(2 * k + 1)).squaredNorm();
  }
  const double total = std::accumulate(result.power.begin(), result.power.end(), 0.0);
  if (total == 0.0) return result;
  result.gini = gini(result.power);
  std::vector<double> sorted = result.power;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto top = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(top_, sorted.size()));
  result.top_share = std::accumulate(sorted.begin(), top, 0.0) / total;
  return result;
}

double gini(std::vector<double> values) noexcept {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  double weighted = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    weighted += (2.0 * (static_cast<double>(i) + 1.0) - count - 1.0) * values[i];
  }
  return sum == 0.0 ? 0.0 : weighted / (count * sum);
}

template FourierConcentration FourierProbe::measure(const math::MatrixView<float>&,
                                                    std::span<const std::uint32_t>) const;
template FourierConcentration FourierProbe::measure(const math::MatrixView<double>&,
                                                    std::span<const std::uint32_t>) const;

}  // namespace emdyn::probe
