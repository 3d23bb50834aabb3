#include "emdyn/explain/tabular/any_function.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::explain {
namespace {

// Adds what each feature changes when the features come in this order.
void follow_order(const RowFunction& function, std::span<const double> row,
                  std::span<const double> other, std::span<const std::size_t> order,
                  std::vector<double>& phi) {
  std::vector<double> mixed(other.begin(), other.end());
  double before = function(mixed);
  for (const std::size_t j : order) {
    mixed[j] = row[j];
    const double after = function(mixed);
    phi[j] += 0.5 * (after - before);
    before = after;
  }
}

std::vector<double> centred(std::vector<double> values) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (double& value : values) value -= mean;
  return values;
}

}  // namespace

SampledShares permutation_shap(const RowFunction& function, std::span<const double> row,
                               const forecast::FeatureTable& background, std::size_t orders,
                               std::uint64_t seed) {
  if (orders < 2) throw ConfigError(fmt::format("shap: orders must be >= 2, got {}", orders));
  if (background.rows() == 0 || background.columns != row.size()) {
    throw DataError(fmt::format("shap: the background has {} rows of {} features, the row {}",
                                background.rows(), background.columns, row.size()));
  }
  const std::size_t columns = row.size();
  std::vector<std::vector<double>> draws(orders, std::vector<double>(columns, 0.0));
  std::vector<double> bases(orders);
  parallel_for(orders, [&](std::size_t r) {
    Philox random(seed, 0x7368617000000000ULL + r);
    std::vector<std::size_t> order(columns);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, random);
    const auto other = background.row(r % background.rows());
    bases[r] = function(other);
    follow_order(function, row, other, order, draws[r]);
    const std::vector<std::size_t> reversed(order.rbegin(), order.rend());
    follow_order(function, row, other, reversed, draws[r]);
  });
  SampledShares shares{0.0, std::vector<double>(columns, 0.0), std::vector<double>(columns, 0.0)};
  const double n = static_cast<double>(orders);
  for (std::size_t r = 0; r < orders; ++r) {
    shares.base += bases[r] / n;
    for (std::size_t j = 0; j < columns; ++j) shares.phi[j] += draws[r][j] / n;
  }
  for (std::size_t j = 0; j < columns; ++j) {
    double square = 0.0;
    for (const auto& draw : draws) square += std::pow(draw[j] - shares.phi[j], 2);
    shares.error[j] = std::sqrt(square / (n - 1.0) / n);
  }
  return shares;
}

double partial_dependence(const RowFunction& function, const forecast::FeatureTable& background,
                          std::span<const std::size_t> columns, std::span<const double> values) {
  double sum = 0.0;
  std::vector<double> row(background.columns);
  for (std::size_t i = 0; i < background.rows(); ++i) {
    std::ranges::copy(background.row(i), row.begin());
    for (std::size_t k = 0; k < columns.size(); ++k) row[columns[k]] = values[k];
    sum += function(row);
  }
  return sum / static_cast<double>(background.rows());
}

double interaction_strength(const RowFunction& function, const forecast::FeatureTable& background,
                            std::size_t first, std::size_t second) {
  if (first == second || first >= background.columns || second >= background.columns) {
    throw ConfigError(fmt::format("interaction: needs two different features of {}, got {} and {}",
                                  background.columns, first, second));
  }
  const std::size_t rows = background.rows();
  if (rows < 2) throw DataError("interaction: needs at least 2 rows");
  std::vector<double> alone_first(rows), alone_second(rows), both(rows);
  parallel_for(rows, [&](std::size_t i) {
    const auto at = background.row(i);
    alone_first[i] =
        partial_dependence(function, background, std::array{first}, std::array{at[first]});
    alone_second[i] =
        partial_dependence(function, background, std::array{second}, std::array{at[second]});
    both[i] = partial_dependence(function, background, std::array{first, second},
                                 std::array{at[first], at[second]});
  });
  const auto a = centred(std::move(alone_first));
  const auto b = centred(std::move(alone_second));
  const auto ab = centred(std::move(both));
  double left_over = 0.0;
  double whole = 0.0;
  for (std::size_t i = 0; i < rows; ++i) {
    left_over += std::pow(ab[i] - a[i] - b[i], 2);
    whole += ab[i] * ab[i];
  }
  return whole > 0.0 ? left_over / whole : 0.0;
}

}  // namespace emdyn::explain
