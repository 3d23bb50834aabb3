#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// Which of the two estimators of Kraskov, Stögbauer & Grassberger, "Estimating Mutual
/// Information", Physical Review E 69 (2004): 1 counts strictly inside one radius for all parts
/// (less noise), 2 within a radius for each part (less bias in many dimensions).
enum class KsgKind { one, two };

struct KsgOptions {
  std::size_t neighbours = 4;  ///< k; more: less noise, more bias.
  KsgKind kind = KsgKind::one;
  std::uint64_t seed = 1;  ///< Of the jitter that parts ties.
};

/// Columns standardised, each value moved by a normal number of 1e−10 standard deviations from a
/// stream of its own (seed, column): equal values, of which nearest-neighbour estimators know
/// nothing, get an order that is the same on every machine.
Signals prepared_for_neighbours(const SignalsView& signals, std::uint64_t seed,
                                std::uint64_t first_column = 0);

/// Σ_j H(part j) − H(all) from nearest neighbours; with two parts their mutual information.
/// Negative values are noise around nothing and are left so. Every part is used as given: prepare
/// it first.
/// @param parts [moments, dimensions of the part], equal moments.
/// @throws DataError with fewer than two parts, different lengths, or at most k + 1 rows.
double ksg_total_correlation(const std::vector<Signals>& parts, const KsgOptions& options = {});

/// I(X;Y|Z) from nearest neighbours, each as given. Strict counts inside the distance of the k-th
/// neighbour in (x, y, z).
/// Source: Frenzel & Pompe, "Partial Mutual Information for Coupling Analysis of Multivariate Time
/// Series", Physical Review Letters 99 (2007).
double ksg_conditional_information(const SignalsView& x, const SignalsView& y, const SignalsView& z,
                                   const KsgOptions& options = {});

}  // namespace emdyn::emergence::information
