#include "emdyn/emergence/information/aligned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::emergence::information {

Aligned aligned(std::span<const series::Signal* const> signals) {
  if (signals.size() < 2) {
    throw DataError(fmt::format("aligned: {} signals were given; 2 are needed", signals.size()));
  }
  const series::Signal* sparsest = signals[0];
  for (const series::Signal* signal : signals) {
    if (signal->last_positions().empty()) {
      throw DataError(
          fmt::format("aligned: signal \"{}\" has no points", terminal_safe(signal->name)));
    }
    if (signal->last_positions().size() < sparsest->last_positions().size()) sparsest = signal;
  }
  Aligned result;
  const std::span<const double> at = sparsest->last_positions();
  result.positions.assign(at.begin(), at.end());
  result.signals.resize(static_cast<Eigen::Index>(at.size()),
                        static_cast<Eigen::Index>(signals.size()));
  for (std::size_t j = 0; j < signals.size(); ++j) {
    const std::span<const double> positions = signals[j]->last_positions();
    const std::span<const double> values = signals[j]->last_values();
    std::size_t next = 0;
    double latest = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 0; i < at.size(); ++i) {
      for (; next < positions.size() && positions[next] <= at[i]; ++next) latest = values[next];
      result.signals(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          std::isfinite(latest) ? latest : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return result;
}

}  // namespace emdyn::emergence::information
