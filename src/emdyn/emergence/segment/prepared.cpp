#include "emdyn/emergence/segment/prepared.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::emergence::segment {
namespace {

constexpr double kOnlyRounding = 1e-14;  // Of a deviation, beside the largest value.

void standardise(std::vector<double>& values, double& centre, double& scale) {
  double largest = 0.0;  // Dividing by it first keeps 1e300 from overflowing.
  for (const double x : values) largest = std::max(largest, std::abs(x));
  const double n = static_cast<double>(values.size());
  double mean = 0.0;
  for (const double x : values) mean += x / std::max(largest, 5e-324) / n;
  double square = 0.0;
  for (const double x : values) square += std::pow(x / std::max(largest, 5e-324) - mean, 2) / n;
  const double deviation = std::sqrt(square);
  if (largest == 0.0 || deviation < kOnlyRounding) {
    centre = values.empty() ? 0.0 : values.front();
    scale = 0.0;
    std::ranges::fill(values, 0.0);
    return;
  }
  for (double& x : values) x = (x / largest - mean) / deviation;
  centre = mean * largest;
  scale = deviation * largest;
}

}  // namespace

bool Prepared::constant() const noexcept {
  return std::ranges::all_of(scales, [](double scale) { return scale == 0.0; });
}

Prepared prepare(std::span<const std::span<const double>> channels) {
  Prepared prepared;
  const std::size_t n = channels.empty() ? 0 : channels[0].size();
  const auto finite = [&](std::size_t row) {
    return std::ranges::all_of(channels,
                               [row](const auto& each) { return std::isfinite(each[row]); });
  };
  std::size_t first_missing = 0;
  while (first_missing < n && finite(first_missing)) ++first_missing;
  if (first_missing < n) {
    for (std::size_t row = 0; row < n; ++row)
      if (finite(row)) prepared.where.push_back(row);
  }
  prepared.rows = first_missing < n ? prepared.where.size() : n;
  prepared.centres.resize(channels.size());
  prepared.scales.resize(channels.size());
  for (std::size_t c = 0; c < channels.size(); ++c) {
    auto& values = prepared.channels.emplace_back(prepared.rows);
    for (std::size_t row = 0; row < prepared.rows; ++row)
      values[row] = channels[c][prepared.place(row)];
    standardise(values, prepared.centres[c], prepared.scales[c]);
  }
  // Every row is missing: an empty `where` would mean that none is.
  if (prepared.rows == 0) prepared.where.clear();
  return prepared;
}

}  // namespace emdyn::emergence::segment
