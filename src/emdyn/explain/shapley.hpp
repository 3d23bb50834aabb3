#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace emdyn::explain {

/// What a set of players is worth; bit i of the mask says that player i is in it.
using Worth = std::function<double(std::uint32_t players)>;

/// Shapley values by their definition, over all 2^n sets:
/// phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! x [v(S + i) - v(S)].
/// Calls `worth` 2^n times. Source: Shapley, "A Value for n-Person Games", 1953.
/// @throws ConfigError unless 1 <= n <= 20.
std::vector<double> shapley_values(std::size_t n, const Worth& worth);

/// Shapley interaction index of each pair, halved, so that a row sums to phi_i with its diagonal
/// (main effect) Phi_ii = phi_i - sum_j Phi_ij. [n, n], symmetric.
/// Source: Lundberg et al., "From Local Explanations to Global Understanding", 2020.
/// @throws ConfigError unless 2 <= n <= 20.
std::vector<double> shapley_interactions(std::size_t n, const Worth& worth);

}  // namespace emdyn::explain
