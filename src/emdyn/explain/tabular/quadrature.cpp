#include "emdyn/explain/tabular/quadrature.hpp"

#include <cmath>
#include <numbers>

namespace emdyn::explain {

Quadrature gauss_legendre(std::size_t points) {
  const double n = static_cast<double>(points);
  Quadrature rule{std::vector<double>(points), std::vector<double>(points)};
  for (std::size_t i = 0; i < points; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double before = 1.0;  // P_{k-1}, P_k by the three-term recurrence
      double here = x;
      for (std::size_t k = 2; k <= points; ++k) {
        const double order = static_cast<double>(k);
        const double next = ((2.0 * order - 1.0) * x * here - (order - 1.0) * before) / order;
        before = here;
        here = next;
      }
      slope = n * (x * here - before) / (x * x - 1.0);
      const double change = here / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    rule.at[points - 1 - i] = 0.5 * (1.0 + x);
    rule.weight[points - 1 - i] = 1.0 / ((1.0 - x * x) * slope * slope);
  }
  return rule;
}

}  // namespace emdyn::explain
