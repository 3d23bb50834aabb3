#pragma once
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::math {

/// How tests may depend on each other.
enum class Dependence {
  positive,  ///< Independent, or a small p-value makes no other one larger (Benjamini-Hochberg).
  any,       ///< In any way (Benjamini-Yekutieli): stricter by 1 + 1/2 + … + 1/n.
};

/// "Benjamini-Hochberg", "Benjamini-Yekutieli".
std::string_view procedure(Dependence dependence) noexcept;

/// q-values: the smallest false discovery rate at which each test is found among all of them. Find
/// those at or below a level, and the expected share of false ones among them is at most that
/// level. A NaN was no test: it counts not and stays NaN. Sources: Benjamini & Hochberg,
/// "Controlling the False Discovery Rate", JRSS B 57 (1995); Benjamini & Yekutieli, "The Control of
/// the False Discovery Rate in Multiple Testing under Dependency", Annals of Statistics 29 (2001).
std::vector<double> q_values(std::span<const double> p_values, Dependence dependence);

}  // namespace emdyn::math
