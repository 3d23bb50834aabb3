#include "emdyn/math/false_discovery.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace emdyn::math {

std::string_view procedure(Dependence dependence) noexcept {
  return dependence == Dependence::any ? "Benjamini-Yekutieli" : "Benjamini-Hochberg";
}

std::vector<double> q_values(std::span<const double> p_values, Dependence dependence) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  double penalty = 1.0;
  if (dependence == Dependence::any) {
    penalty = 0.0;
    for (std::size_t k = 1; k <= order.size(); ++k) penalty += 1.0 / static_cast<double>(k);
  }
  std::vector<double> q(p_values.begin(), p_values.end());
  const auto tests = static_cast<double>(order.size());
  double least = 1.0;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t test = order[rank - 1];
    least = std::min(least, p_values[test] * tests * penalty / static_cast<double>(rank));
    q[test] = least;
  }
  return q;
}

}  // namespace emdyn::math
