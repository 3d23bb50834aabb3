#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::emergence::information {

/// (1 + those at least as large)/(1 + all): never 0, right under the null for any number.
double upper_p_value(double observed, std::span<const double> surrogates);

/// An interval from the estimates with each of B blocks left out: the variance is
/// (B−1)/B·Σ(θ_b − mean)², the tails Student's with B − 1 degrees of freedom. Blocks keep the
/// dependence of neighbouring rows; they must be longer than the memory of the signals.
/// Sources: Quenouille (1956); Künsch, "The Jackknife and the Bootstrap for General Stationary
/// Observations", Annals of Statistics 17 (1989). With fewer than two estimates both ends are open.
series::Interval jackknife_interval(double estimate, std::span<const double> left_out,
                                    double level);

/// `estimate(begin, end)` with rows [begin, end) left out, for each of `blocks` blocks of about
/// equal length, on any number of threads.
std::vector<double> leave_blocks_out(
    std::size_t rows, std::size_t blocks,
    const std::function<double(std::size_t, std::size_t)>& estimate);

/// A number of rows to turn a signal by: at least a twentieth of the rows from home either way
/// (and at least one), so that no surrogate is nearly the original.
std::size_t random_turn(std::size_t rows, Philox& random);

}  // namespace emdyn::emergence::information
