#pragma once
#include <utility>

#include "emdyn/emergence/information/law.hpp"

/// Two bits before a step (variables 0 and 1, even) and after it (2 and 3).
namespace emdyn::emergence::information {

inline constexpr double kBit = 0.69314718055994531;

/// The law that draws two more fair bits a, b and lets `after(x, y, a, b)` make the pair after.
template <class After>
Law two_bits(After&& after) {
  std::vector<std::vector<int>> outcomes;
  for (int setting = 0; setting < 16; ++setting) {
    const int x = setting & 1;
    const int y = setting >> 1 & 1;
    const auto [u, v] = after(x, y, setting >> 2 & 1, setting >> 3 & 1);
    outcomes.push_back({x, y, u, v});
  }
  return Law(outcomes);
}

inline Law xor_and_coin() {
  return two_bits([](int x, int y, int a, int) { return std::pair(x ^ y, a); });
}
inline Law self_copy() {
  return two_bits([](int x, int y, int, int) { return std::pair(x, y); });
}
inline Law swapped() {
  return two_bits([](int x, int y, int, int) { return std::pair(y, x); });
}
inline Law coins() {
  return two_bits([](int, int, int a, int b) { return std::pair(a, b); });
}
/// The parity of the pair is kept with this chance, else turned; everything else is random.
inline Law parity_kept(double chance) {
  std::vector<std::vector<int>> outcomes;
  std::vector<double> weights;
  for (int setting = 0; setting < 16; ++setting) {
    const int x = setting & 1;
    const int y = setting >> 1 & 1;
    const int a = setting >> 2 & 1;
    const int turned = setting >> 3 & 1;
    outcomes.push_back({x, y, a, a ^ x ^ y ^ turned});
    weights.push_back(turned != 0 ? 1.0 - chance : chance);
  }
  return {outcomes, weights};
}

}  // namespace emdyn::emergence::information
