#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/information/law.hpp"
#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// How two parts' information about one thing is called the same.
/// - mmi: the smaller of the two (Barrett, Physical Review E 91, 2015).
/// - ccs: common change in surprisal, moment by moment: the local co-information where all local
///   terms have one sign (Ince, "Measuring Multivariate Redundant Information with Pointwise Common
///   Change in Surprisal", Entropy 19, 2017), without its maximum-entropy step, as is usual for
///   integrated information; both ways at once as the local double co-information.
enum class Redundancy { mmi, ccs };
inline constexpr std::array<std::string_view, 2> kRedundancyWords{"mmi", "ccs"};

/// The sixteen ways two parts carry information from one moment to the next, in nats. Atoms are
/// named FROMtTO with r: held by both alike, x: by the first alone, y: by the second alone, s: only
/// by both together; sts is what the whole alone keeps, xty what passes from the first to the
/// second. They add up to I(X_t; X_(t+1)). **Negative atoms are legal** and are never clamped.
struct Atoms {
  std::array<double, 16> values{};  ///< Rows: from r, x, y, s; columns: to r, x, y, s.
  /// By name: "rtr", "xty", "stx" … @throws ConfigError for another word.
  double at(std::string_view name) const;
  /// I(X_t; X_(t+1)).
  double total() const;
  /// ("rtr", "rtx", …) in the order of `values`.
  static const std::array<std::string_view, 16>& names();
};
void to_json(Json& json, const Atoms& atoms);

/// Variables of a law: the parts before and after a step. A part may be several variables.
struct TwoParts {
  Parts before_x{}, before_y{}, after_x{}, after_y{};
};

/// Of a known law, exactly.
/// Source: Mediano, Rosas, Luppi, Carhart-Harris, Bor, Seth & Barrett, "Towards an Extended
/// Taxonomy of Information Dynamics via Integrated Information Decomposition", arXiv:2109.13186
/// (2021).
Atoms integrated_information(const Law& law, const TwoParts& parts, Redundancy redundancy);

/// Of Gaussian signals. mmi takes the bias of the entropies off; ccs, which averages local values
/// over the rows, does not.
/// @param x, y [moments, dimensions] of the two parts. @param lag samples of a step.
/// @throws DataError for rows that cannot be used or too few of them.
Atoms integrated_information(const SignalsView& x, const SignalsView& y, std::size_t lag,
                             Redundancy redundancy);

/// A system of many parts cut in two.
struct Bipartition {
  Parts first{}, second{};
  /// I(X_t; X_(t+1)) − Σ_i I(Mⁱ_t; Mⁱ_(t+1)) + min_ij I(Mⁱ_t; Mʲ_(t+1)): what the cut would lose.
  /// Without the last term halves that hold copies would count as less than nothing.
  double integrated = 0.0;
  double a_part = 0.0;  ///< integrated over the number of signals in the smaller half.
};

/// The cut across which the Gaussian system is least one whole: all cuts up to 12 signals, beyond
/// that the cuts of the sorted Fiedler vector of |correlation| and single signals. Cuts are
/// compared by `a_part`, so that cutting off one weak signal is not always cheapest. Source:
/// Balduzzi & Tononi, "Integrated Information in Discrete Dynamical Systems", PLoS Computational
/// Biology 4 (2008), whose entropies in the denominator are replaced because differential
/// entropies may be 0 or below; with redundancy added back: Mediano, Rosas, Luppi,
/// Carhart-Harris, Bor, Seth & Barrett, arXiv:2109.13186 (2021).
/// @throws DataError for fewer than two signals.
Bipartition least_integrated_cut(const SignalsView& signals, std::size_t lag);

/// Atoms between the two halves of such a cut, each half a part of several dimensions.
Atoms integrated_information(const SignalsView& signals, const Bipartition& cut, std::size_t lag,
                             Redundancy redundancy);

/// Each group becomes one signal: the mean of its standardised members (their sign turned to agree
/// with the group's first principal direction). @throws DataError for an empty group.
Signals coarse_grained(const SignalsView& signals, const std::vector<Parts>& groups);

}  // namespace emdyn::emergence::information
