#include "emdyn/probe/activity/activation_stats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::probe {

template <class Scalar>
ActivationStats activation_stats(const math::MatrixView<Scalar>& activations, double dead_below) {
  if (activations.size() == 0) {
    throw DataError(fmt::format("activation statistics of an empty matrix ({} x {})",
                                activations.rows, activations.columns));
  }
  const auto count = static_cast<double>(activations.size());
  std::vector<unsigned char> alive(activations.columns, 0);
  double sum = 0.0;
  for (std::size_t i = 0; i < activations.rows; ++i) {
    for (std::size_t j = 0; j < activations.columns; ++j) {
      const double value = activations(i, j);
      sum += value;
      if (!(std::abs(value) <= dead_below)) alive[j] = 1;
    }
  }
  ActivationStats stats;
  stats.mean = sum / count;
  double second = 0.0;
  double fourth = 0.0;
  for (std::size_t i = 0; i < activations.rows; ++i) {
    for (std::size_t j = 0; j < activations.columns; ++j) {
      const double square = (activations(i, j) - stats.mean) * (activations(i, j) - stats.mean);
      second += square;
      fourth += square * square;
    }
  }
  stats.variance = second / count;
  stats.kurtosis =
      second > 0.0 ? fourth * count / (second * second) : std::numeric_limits<double>::quiet_NaN();
  const auto living = std::count(alive.begin(), alive.end(), 1);
  stats.dead_fraction = 1.0 - static_cast<double>(living) / static_cast<double>(alive.size());
  return stats;
}

template ActivationStats activation_stats(const math::MatrixView<float>&, double);
template ActivationStats activation_stats(const math::MatrixView<double>&, double);

}  // namespace emdyn::probe
