#include "emdyn/model/lab/grokking/modular.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::model::lab {
namespace {

std::uint32_t power_mod(std::uint32_t base, std::uint32_t exponent, std::uint32_t p) noexcept {
  std::uint64_t result = 1 % p;
  std::uint64_t factor = base % p;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = result * factor % p;
    factor = factor * factor % p;
  }
  return static_cast<std::uint32_t>(result);
}

/// The smallest number whose powers are every non-zero residue.
std::uint32_t generator(std::uint32_t p) {
  for (std::uint32_t g = 1; g < p; ++g) {
    std::uint64_t value = g;
    std::uint32_t order = 1;
    while (value != 1) {
      value = value * g % p;
      ++order;
    }
    if (order == p - 1) return g;
  }
  return 1;
}

}  // namespace

bool is_prime(std::int64_t number) noexcept {
  if (number < 2) return false;
  for (std::int64_t d = 2; d * d <= number; ++d) {
    if (number % d == 0) return false;
  }
  return true;
}

std::uint16_t apply_operation(Operation operation, std::uint32_t x, std::uint32_t y,
                              std::uint32_t p) noexcept {
  const std::uint64_t a = x;
  const std::uint64_t b = y;
  std::uint64_t value = 0;
  switch (operation) {
    case Operation::add:
      value = a + b;
      break;
    case Operation::sub:
      value = a + p - b;
      break;
    case Operation::mul:
      value = a * b;
      break;
    case Operation::div:
      value = a * power_mod(y, p - 2, p);
      break;
    case Operation::x2_plus_y2:
      value = a * a + b * b;
      break;
    case Operation::x3_plus_xy:
      value = a * a % p * a + a * b;
      break;
  }
  return static_cast<std::uint16_t>(value % p);
}

std::vector<Pair> all_pairs(Operation operation, std::uint32_t p) {
  std::vector<Pair> pairs;
  pairs.reserve(std::size_t{p} * p);
  for (std::uint32_t x = 0; x < p; ++x) {
    for (std::uint32_t y = operation == Operation::div ? 1 : 0; y < p; ++y) {
      pairs.push_back({static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y),
                       apply_operation(operation, x, y, p)});
    }
  }
  return pairs;
}

PairSplit split_pairs(const std::vector<Pair>& pairs, double fraction, Philox random) {
  const auto count =
      static_cast<std::size_t>(std::llround(fraction * static_cast<double>(pairs.size())));
  if (count == 0 || count >= pairs.size()) {
    throw ConfigError(fmt::format(
        "grokking.train_fraction {} leaves {} of {} pairs to train on and {} to test on: both need "
        "at least one",
        fraction, std::min(count, pairs.size()), pairs.size(),
        pairs.size() - std::min(count, pairs.size())));
  }
  std::vector<std::uint32_t> order(pairs.size());
  std::iota(order.begin(), order.end(), 0U);
  shuffle(order, random);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(order.begin(), middle);
  std::sort(middle, order.end());
  PairSplit split;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (i < count ? split.train : split.test).push_back(pairs[order[i]]);
  }
  return split;
}

std::vector<std::uint32_t> token_order(Operation operation, std::uint32_t p) {
  std::vector<std::uint32_t> order;
  if (operation == Operation::mul || operation == Operation::div) {
    const std::uint32_t g = generator(p);
    std::uint64_t value = 1;
    for (std::uint32_t i = 0; i + 1 < p; ++i) {
      order.push_back(static_cast<std::uint32_t>(value));
      value = value * g % p;
    }
    return order;
  }
  order.resize(p);
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

}  // namespace emdyn::model::lab
