#include "emdyn/forecast/tabular/bins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kMostBins = 250;  // A bin is one byte, missing values included.

// Above `low`, so that `low` itself stays below it.
double between(double low, double high) {
  const double middle = std::midpoint(low, high);
  return middle > low ? middle : high;
}

std::vector<double> cuts_of(std::vector<double> values, std::size_t most) {
  std::ranges::sort(values);
  std::vector<double> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<double> cuts;
  if (distinct.size() <= most) {
    for (std::size_t i = 1; i < distinct.size(); ++i) {
      cuts.push_back(between(distinct[i - 1], distinct[i]));
    }
    return cuts;
  }
  for (std::size_t k = 1; k < most; ++k) {
    const double edge = values[k * values.size() / most];
    const auto above = std::ranges::lower_bound(distinct, edge);
    if (above == distinct.begin()) continue;
    const double cut = between(*(above - 1), *above);
    if (cuts.empty() || cut > cuts.back()) cuts.push_back(cut);
  }
  return cuts;
}

}  // namespace

Bins Bins::of(const FeatureTable& table, std::size_t most) {
  if (most < 2 || most > kMostBins) {
    throw ConfigError(fmt::format("bins must be in [2, {}], got {}", kMostBins, most));
  }
  Bins bins;
  for (std::size_t j = 0; j < table.columns; ++j) {
    std::vector<double> values;
    for (std::size_t i = 0; i < table.rows(); ++i) {
      const double x = table.row(i)[j];
      if (std::isinf(x)) {
        throw DataError(fmt::format(
            "feature {} of row {} is infinite; give a finite number or leave it missing", j + 1,
            i + 1));
      }
      if (!std::isnan(x)) values.push_back(x);
    }
    bins.cuts.push_back(cuts_of(std::move(values), most));
  }
  return bins;
}

std::size_t Bins::bin(std::size_t column, double x) const noexcept {
  if (!std::isfinite(x)) return missing(column);
  const std::vector<double>& edges = cuts[column];
  return static_cast<std::size_t>(std::ranges::upper_bound(edges, x) - edges.begin());
}

BinnedTable::BinnedTable(const FeatureTable& table, const Bins& bins)
    : rows(table.rows()), codes(table.columns * table.rows()) {
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = table.row(i);
    for (std::size_t j = 0; j < table.columns; ++j) {
      codes[j * rows + i] = static_cast<std::uint8_t>(bins.bin(j, row[j]));
    }
  }
}

}  // namespace emdyn::forecast
