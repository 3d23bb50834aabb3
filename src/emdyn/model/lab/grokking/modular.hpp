#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/philox.hpp"

namespace emdyn::model::lab {

/// z = x op y modulo the prime p. `div` is x·y⁻¹ and leaves y = 0 out.
enum class Operation { add, sub, mul, div, x2_plus_y2, x3_plus_xy };
inline constexpr std::string_view kOperationWords[] = {"add", "sub",        "mul",
                                                       "div", "x2_plus_y2", "x3_plus_xy"};

/// One equation of the table.
struct Pair {
  std::uint16_t x = 0;
  std::uint16_t y = 0;
  std::uint16_t target = 0;
  bool operator==(const Pair&) const = default;
};

bool is_prime(std::int64_t number) noexcept;

/// x op y mod p. @pre p is prime, x and y in [0, p), y > 0 for div.
std::uint16_t apply_operation(Operation operation, std::uint32_t x, std::uint32_t y,
                              std::uint32_t p) noexcept;

/// Every equation of the operation, by x then y: p² of them, p(p − 1) for div.
std::vector<Pair> all_pairs(Operation operation, std::uint32_t p);

/// The table cut at random into what is trained on and what is held out, each by x then y.
struct PairSplit {
  std::vector<Pair> train;
  std::vector<Pair> test;
};

/// `train` gets round(fraction · pairs). @throws ConfigError when either part would be empty.
PairSplit split_pairs(const std::vector<Pair>& pairs, double fraction, Philox random);

/// The tokens in an order in which the operation is a shift: 0 … p − 1 for add and sub, powers of
/// a generator (without 0) for mul and div; a Fourier transform along it shows the structure that
/// a network learns (Nanda et al., "Progress measures for grokking via mechanistic
/// interpretability", 2023).
std::vector<std::uint32_t> token_order(Operation operation, std::uint32_t p);

}  // namespace emdyn::model::lab
