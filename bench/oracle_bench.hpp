#pragma once
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

/// Minimum-norm attacks on models whose exact distances are known: an affine model of ten classes
/// (l1, l2, linf), a sphere and the nearest of ten centres (l2). For each attack with its defaults,
/// the worst point's excess over the exact distance; the bar is 1 %.
std::vector<Row> oracle_bench();

}  // namespace emdyn::bench
