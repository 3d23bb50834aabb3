#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// What a group is searched for: the lowest or the highest O-information.
enum class Sought { synergy, redundancy };
inline constexpr std::array<std::string_view, 2> kSoughtWords{"synergy", "redundancy"};

struct GroupSearchOptions {
  Sought sought = Sought::synergy;
  std::int64_t smallest = 3;
  std::int64_t largest = 6;
  std::int64_t chains = 8;    ///< Annealed searches, each from its own start; 0: greedy alone.
  std::int64_t moves = 2000;  ///< Of each chain.
  std::int64_t samples = 0;   ///< Rows behind the covariance, to take the bias off; 0: exact.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "group_search";
};

inline constexpr std::array kGroupSearchFields{
    enum_field<&GroupSearchOptions::sought, GroupSearchOptions>("sought", kSoughtWords,
                                                                "synergy or redundancy"),
    Field<GroupSearchOptions>{"smallest", &GroupSearchOptions::smallest, 3, 64,
                              "parts of the smallest group"},
    Field<GroupSearchOptions>{"largest", &GroupSearchOptions::largest, 3, 64,
                              "parts of the largest group"},
    Field<GroupSearchOptions>{"chains", &GroupSearchOptions::chains, 0, 10000,
                              "annealed searches, 0: greedy alone"},
    Field<GroupSearchOptions>{"moves", &GroupSearchOptions::moves, 1, 1e7, "of each chain"},
    Field<GroupSearchOptions>{"samples", &GroupSearchOptions::samples, 0, 9e15,
                              "rows behind the covariance, 0: it is exact"},
    Field<GroupSearchOptions>{"seed", &GroupSearchOptions::seed, 0, 9e15, "of the chains"},
};

struct FoundGroup {
  Parts group{};  ///< Ascending; empty when no group could be scored.
  double o_information = 0.0;
  std::uint64_t scored = 0;  ///< Groups that were looked at.
};

/// The group of Gaussian variables with the lowest (or highest) O-information, among up to some
/// hundreds: every triple is scored (up to four million, else those of the strongest links), the
/// best are grown greedily, then chains swap, add and drop members by simulated annealing. A lower
/// bound on what exists, not a proof; a small exhaustive case must agree, and does in the tests.
/// Cost: O(n³) triples at ~10 ns, O(candidates·k³) a step of growth, O(k³) a move.
/// Sources: Kirkpatrick, Gelatt & Vecchi, "Optimization by Simulated Annealing", Science 220
/// (1983); for O-information: Varley, Pope, Faskowitz & Sporns, "Multivariate Information Theory
/// Uncovers Synergistic Subsystems of the Human Cerebral Cortex", Communications Biology 6 (2023).
/// @throws DataError for fewer variables than the smallest group or a covariance without variance,
/// ConfigError for options out of range.
FoundGroup find_group(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                      const GroupSearchOptions& options = {});

}  // namespace emdyn::emergence::information
