#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// How an entropy is estimated from counts.
/// - plug_in: of the observed shares; too low by about (K−1)/2N with K seen symbols.
/// - miller_madow: plug-in + (K−1)/2N. Source: Miller, "Note on the Bias of Information
///   Estimates" (1955).
/// - grassberger: ln N − Σ n G(n)/N with G(n) = ψ(n) + (−1)^n [ψ((n+1)/2) − ψ(n/2)]/2, whose bias
///   falls exponentially with the counts. Source: Grassberger, "Entropy Estimates from
///   Insufficient Samplings", arXiv:physics/0307138 (2003).
enum class BiasCorrection { plug_in, miller_madow, grassberger };
inline constexpr std::array<std::string_view, 3> kBiasCorrectionWords{"plug_in", "miller_madow",
                                                                      "grassberger"};

/// One symbol a moment: 0 … kinds − 1.
struct Symbols {
  std::vector<std::uint32_t> values{};
  std::uint32_t kinds = 0;  ///< How many different symbols occur.
  bool operator==(const Symbols&) const = default;
};

/// Each different value of a column becomes a symbol, in ascending order.
Symbols symbols_of(std::span<const double> values);
/// Cuts the values into `bins` classes that hold equally many (equal values are never parted, so
/// ties may leave fewer classes). @throws ConfigError unless 2 <= bins <= rows.
Symbols equal_frequency_symbols(std::span<const double> values, std::size_t bins);
/// Each different row of the columns becomes one symbol. @throws DataError when lengths differ.
Symbols joint_symbols(std::span<const Symbols> columns);

/// Entropy in nats of what was counted; zeros count as unseen. @throws DataError when nothing was.
double entropy_of_counts(std::span<const std::uint64_t> counts, BiasCorrection correction);

/// H(X). @throws DataError when empty.
double entropy(const Symbols& x, BiasCorrection correction);
/// I(X;Y) = H(X) + H(Y) − H(X,Y); after correction it may be slightly negative, which is left so.
/// @throws DataError when the lengths differ or there is nothing.
double mutual_information(const Symbols& x, const Symbols& y, BiasCorrection correction);
/// I(X;Y|Z) = H(X,Z) + H(Y,Z) − H(X,Y,Z) − H(Z).
double conditional_mutual_information(const Symbols& x, const Symbols& y, const Symbols& z,
                                      BiasCorrection correction);

/// Chance that independent X and Y (given Z) show at least the plug-in information `information`:
/// 2N·I against chi-squared. The degrees of freedom are counted in each class of Z from the
/// symbols that occur there. Good when cells expect some five counts; with fewer, shuffle.
/// @param z may have no values: then there is no condition.
double likelihood_ratio_p_value(const Symbols& x, const Symbols& y, const Symbols& z);

}  // namespace emdyn::emergence::information
