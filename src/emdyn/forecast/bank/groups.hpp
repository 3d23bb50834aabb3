#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::forecast {

/// Fold 0 … folds − 1 of every group, so that all rows of one group are together. Groups are dealt
/// out in order of their share of positives (shuffled among equals), so folds have similar shares.
/// `groups[i]` is the group of row i, numbered from 0; returns one fold per group.
/// @throws ConfigError unless 2 <= folds <= number of groups.
std::vector<std::size_t> grouped_folds(std::span<const std::size_t> groups,
                                       std::span<const double> labels, std::size_t folds,
                                       std::uint64_t seed);

/// How often each of `count` groups is drawn in bootstrap resample number `resample`: count draws
/// with replacement. Depends on (seed, resample) only.
std::vector<double> resample_groups(std::size_t count, std::uint64_t seed, std::uint64_t resample);

/// Weight of every row: the multiplicity of its group.
std::vector<double> row_weights(std::span<const std::size_t> groups,
                                std::span<const double> multiplicity);

}  // namespace emdyn::forecast
