#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/segment/search.hpp"

namespace emdyn::emergence::segment {

/// The segmentation of least total cost into constant levels in Gaussian noise of known variance, exactly and at every
/// sample, by functional pruning: a place is kept as the last change only for those levels of the regime that begins
/// there at which nothing later, or earlier, is better. Equal to least_cost() with MeanCost on a grid of stride 1.
///
/// Cost: O(n) steps over the places kept, O(log n) of them on average (n in all at worst); 4 bytes a sample and the
/// places. Source: Maidstone, Hocking, Rigaill & Fearnhead, "On optimal multiple changepoint algorithms for large data",
/// Statistics and Computing 27 (2017), FPOP; the term of the segments' lengths (Penalty::per_log_length) is added by
/// its bounds, so the pruning stays exact.
/// @param values near 0 in size about 1, fewer than 2^32; @param min_length >= 1.
/// @throws Task::Stopped
std::vector<std::size_t> least_mean_cost(std::span<const double> values, double variance,
                                         const Penalty& penalty, std::size_t min_length,
                                         const Task& task = {});

/// The segmentation with exactly `changes` change points of least cost (no penalty), by the same pruning at every
/// number of changes. Cost: O(changes · n) steps, 4 · changes · n bytes. Source: Rigaill, "A pruned dynamic programming
/// algorithm to recover the best segmentations with 1 to Kmax change-points", Journal de la SFdS 156 (2015).
/// @pre (changes + 1) · min_length <= values.size()
std::vector<std::size_t> best_mean_changes(std::span<const double> values, std::size_t changes,
                                           std::size_t min_length, const Task& task = {});

}  // namespace emdyn::emergence::segment
