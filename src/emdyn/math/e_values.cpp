#include "emdyn/math/e_values.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/field.hpp"

namespace emdyn::math {
namespace {

constexpr double kSmallestP = 1e-300;
// 1 / sum over n >= 2 of 1 / (n ln^2 n).
constexpr double kLondConstant = 1.0 / 2.10974280123689;

}  // namespace

double e_from_p(double p) noexcept {
  p = std::min(std::max(p, kSmallestP), 1.0);
  const double away = 1.0 - p;
  if (away < 1e-4) return 0.5 + away / 6.0;  // The first terms of its series.
  const double log_p = std::log(p);
  return (away + p * log_p) / (p * log_p * log_p);
}

std::vector<std::size_t> e_bh(std::span<const double> e_values, double alpha) {
  std::vector<std::size_t> order(e_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return e_values[a] != e_values[b] ? e_values[a] > e_values[b] : a < b;
  });
  const double n = static_cast<double>(order.size());
  std::size_t found = 0;
  for (std::size_t k = 1; k <= order.size(); ++k) {
    if (e_values[order[k - 1]] * static_cast<double>(k) * alpha >= n) found = k;
  }
  order.resize(found);
  std::ranges::sort(order);
  return order;
}

ELond::ELond(double alpha, Spending spending) : alpha_(alpha), spending_(spending) {
  field_detail::check_range("alpha", alpha, 1e-300, 1.0 - 1e-16);
}

double ELond::late_share(std::uint64_t test) noexcept {
  const double next = static_cast<double>(test) + 1.0;
  const double log_next = std::log(next);
  return kLondConstant / (next * log_next * log_next);
}

double ELond::next_level() const noexcept {
  const double t = static_cast<double>(tested_) + 1.0;
  const double spread =
      spending_ == Spending::early ? 1.0 / (t * (t + 1.0)) : late_share(tested_ + 1);
  return alpha_ * (static_cast<double>(rejected_) + 1.0) * spread;
}

bool ELond::test(double e_value) noexcept {
  const bool discovery = e_value * next_level() >= 1.0;
  ++tested_;
  if (discovery) ++rejected_;
  return discovery;
}

}  // namespace emdyn::math
