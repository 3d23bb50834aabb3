#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "emdyn/core/field.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

struct HeavyTailConfig {
  std::int64_t least_tail = 10;  ///< Values the tail holds at least.
  std::int64_t replicates = 0;   ///< Of the goodness of fit; 0: no p-value.
  std::int64_t seed = 0;         ///< Of the replicates.
};
inline constexpr std::array kHeavyTailFields{
    Field<HeavyTailConfig>{"least_tail", &HeavyTailConfig::least_tail, 5, 1e6,
                           "values that the tail holds at least"},
    Field<HeavyTailConfig>{"replicates", &HeavyTailConfig::replicates, 0, 1e5,
                           "bootstrap replicates of the goodness of fit; 0: no p-value"},
    Field<HeavyTailConfig>{"seed", &HeavyTailConfig::seed, 0, 1e15, "of the replicates"},
};

/// A power law p(x) ∝ x^(−α) above x_min.
struct HeavyTail {
  Estimate alpha{};       ///< Error (α − 1)/√tail: of the exponent at the chosen x_min.
  double x_min = 0.0;     ///< Where the tail begins, itself in the tail.
  std::size_t tail = 0;   ///< Values at or above x_min.
  std::size_t count = 0;  ///< Positive values in all.
  double distance = 0.0;  ///< Kolmogorov-Smirnov distance of the tail from the fit.
  std::optional<double> p_value{};          ///< Of the fit: below 0.1 the power law is implausible.
  std::optional<double> bootstrap_error{};  ///< Deviation of α over the replicates: includes the
                                            ///< choice of x_min.
};

/// Maximum likelihood α̂ = 1 + n/Σln(x/x_min) at the x_min whose tail lies nearest to its own power
/// law (every distinct value that leaves `least_tail` is tried). The p-value is semi-parametric:
/// replicates draw the body from the values below x_min and the tail from the fit, and are fitted
/// anew. Values that are not positive are left out.
///
/// The error takes values as independent. The eigenvalues of a Gram matrix repel each other and lie
/// more evenly than independent ones, so for spectra it errs on the wide side.
/// Source: Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM Review 51
/// (2009).
/// @throws ConfigError for a bad config; DataError for NaN or infinite values, fewer than
/// `least_tail` positive ones, or when every tail is constant.
/// Cost: O(n log n + n²) at worst per fit (most candidates are given up early), times replicates.
HeavyTail heavy_tail(std::span<const double> values, const HeavyTailConfig& config = {});

void to_json(Json& json, const HeavyTail& tail);

}  // namespace emdyn::probe
