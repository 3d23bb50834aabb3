#include "emdyn/explain/shapley.hpp"

#include <fmt/format.h>

#include <bit>

#include "emdyn/core/error.hpp"

namespace emdyn::explain {
namespace {

constexpr std::size_t kMostPlayers = 20;  // 2^20 coalitions: 8 MB and a prediction for each.

std::vector<double> worth_of_all(std::size_t n, std::size_t fewest, const Worth& worth) {
  if (n < fewest || n > kMostPlayers) {
    throw ConfigError(
        fmt::format("shapley: players must be in [{}, {}], got {}", fewest, kMostPlayers, n));
  }
  std::vector<double> worths(std::size_t{1} << n);
  for (std::uint32_t set = 0; set < worths.size(); ++set) worths[set] = worth(set);
  return worths;
}

// s! (n - s - 1)! / n! for every size s, without large factorials.
std::vector<double> weights_by_size(std::size_t n) {
  std::vector<double> weights(n);
  weights[0] = 1.0 / static_cast<double>(n);
  for (std::size_t s = 1; s < n; ++s) {
    weights[s] = weights[s - 1] * static_cast<double>(s) / static_cast<double>(n - s);
  }
  return weights;
}

}  // namespace

std::vector<double> shapley_values(std::size_t n, const Worth& worth) {
  const std::vector<double> worths = worth_of_all(n, 1, worth);
  const std::vector<double> weights = weights_by_size(n);
  std::vector<double> phi(n, 0.0);
  for (std::uint32_t set = 0; set < worths.size(); ++set) {
    const auto size = static_cast<std::size_t>(std::popcount(set));
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t bit = std::uint32_t{1} << i;
      if ((set & bit) == 0) phi[i] += weights[size] * (worths[set | bit] - worths[set]);
    }
  }
  return phi;
}

std::vector<double> shapley_interactions(std::size_t n, const Worth& worth) {
  const std::vector<double> worths = worth_of_all(n, 2, worth);
  const std::vector<double> weights = weights_by_size(n - 1);
  std::vector<double> matrix(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const std::uint32_t a = std::uint32_t{1} << i;
      const std::uint32_t b = std::uint32_t{1} << j;
      double sum = 0.0;
      for (std::uint32_t set = 0; set < worths.size(); ++set) {
        if ((set & (a | b)) != 0) continue;
        const auto size = static_cast<std::size_t>(std::popcount(set));
        sum += 0.5 * weights[size] *
               (worths[set | a | b] - worths[set | a] - worths[set | b] + worths[set]);
      }
      matrix[i * n + j] = matrix[j * n + i] = sum;
    }
  }
  const std::vector<double> phi = shapley_values(n, worth);
  for (std::size_t i = 0; i < n; ++i) {
    double others = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      if (j != i) others += matrix[i * n + j];
    }
    matrix[i * n + i] = phi[i] - others;
  }
  return matrix;
}

}  // namespace emdyn::explain
