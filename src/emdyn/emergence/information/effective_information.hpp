#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// How much a mechanism says about what follows when its states are set evenly, in nats.
struct EffectiveInformation {
  /// Mean Kullback-Leibler divergence of the rows of the transition matrix from their mean:
  /// determinism − degeneracy.
  double effective_information = 0.0;
  double determinism = 0.0;    ///< ln n − mean entropy of the rows.
  double degeneracy = 0.0;     ///< ln n − entropy of the mean row.
  double effectiveness = 0.0;  ///< effective_information over ln n, in [0, 1]; 0 for one state.
};

/// @param transitions [states, states], rows >= 0 that add up to 1 (to 1e−9).
/// Sources: Tononi & Sporns (2003); Hoel, Albantakis & Tononi, "Quantifying Causal Emergence Shows
/// That Macro Can Beat Micro", PNAS 110 (2013).
/// @throws DataError naming the row that is no distribution.
EffectiveInformation effective_information(const Eigen::Ref<const Eigen::MatrixXd>& transitions);

/// The walk on a network that leaves every node along its links in proportion to their weight.
/// Nodes without a link out have no mechanism: their rows are left out of the mean by
/// network_effective_information() and refused here.
/// @param weights [nodes, nodes] >= 0, from row to column. @throws DataError otherwise.
Eigen::MatrixXd walk_on(const Eigen::Ref<const Eigen::MatrixXd>& weights);

/// Effective information of a network's walk.
/// Source: Klein & Hoel, "The Emergence of Informative Higher Scales in Complex Networks",
/// Complexity (2020).
EffectiveInformation network_effective_information(
    const Eigen::Ref<const Eigen::MatrixXd>& weights);

/// How a group's states are weighed when they become one.
/// - even: all alike, as when the macro state is set from outside (Hoel 2013).
/// - stationary: by the share of time the chain spends in each, as when it is watched.
enum class MacroWeights { even, stationary };
inline constexpr std::array<std::string_view, 2> kMacroWeightsWords{"even", "stationary"};

/// The chain between groups. @param labels the group of each state, 0 … groups − 1, none empty.
/// @throws DataError for labels that leave a group empty or a matrix of another size.
Eigen::MatrixXd macro_chain(const Eigen::Ref<const Eigen::MatrixXd>& transitions,
                            const std::vector<std::size_t>& labels,
                            MacroWeights weights = MacroWeights::even);

/// The stationary law of a chain, by Cesàro means of its powers, so that periodic chains have one;
/// a chain of several closed classes gets the mixture that an even start leads to.
Eigen::VectorXd stationary_law(const Eigen::Ref<const Eigen::MatrixXd>& transitions);

/// - exhaustive: every partition; up to 10 states.
/// - agglomerative: from all states apart, always the merger that leaves the most effective
///   information, down to two groups.
/// - greedy: Klein & Hoel: each state is offered mergers with those it shares links with, and takes
///   what raises effective information.
/// - spectral: average-linkage clustering of the states' places in the eigenvectors, each scaled by
///   its eigenvalue (Griebenow, Klein & Hoel, "Finding the Right Scale of a Network", 2019).
/// - best: the best of agglomerative, greedy and spectral; exhaustive up to 8 states.
enum class ScaleSearch { best, exhaustive, agglomerative, greedy, spectral };
inline constexpr std::array<std::string_view, 5> kScaleSearchWords{
    "best", "exhaustive", "agglomerative", "greedy", "spectral"};

struct ScaleOptions {
  ScaleSearch search = ScaleSearch::best;
  MacroWeights weights = MacroWeights::even;

  static constexpr std::string_view kName = "scale";
};

inline constexpr std::array kScaleFields{
    enum_field<&ScaleOptions::search, ScaleOptions>("search", kScaleSearchWords,
                                                    "how groups of states are sought"),
    enum_field<&ScaleOptions::weights, ScaleOptions>("weights", kMacroWeightsWords,
                                                     "how a group's states are weighed"),
};

/// The best grouping found into so many groups.
struct Coarsening {
  std::size_t groups = 0;
  EffectiveInformation information{};
  std::vector<std::size_t> labels{};  ///< The group of each state, numbered as they first come.
};

struct CausalEmergence {
  EffectiveInformation micro{};
  Coarsening
      best{};  ///< The most effective information; the micro scale itself when nothing beats it.
  double gain = 0.0;  ///< Nats of the best scale over the micro scale: causal emergence, if > 0.
  std::vector<Coarsening>
      along_scale{};  ///< The best found of each number of groups, finest first.
};

/// The grouping of states under which the chain's mechanism says most.
/// Cost: agglomerative and greedy O(n⁴) for dense chains; up to some 200 states.
/// @throws DataError for a matrix that is no chain or too many states for an exhaustive search.
CausalEmergence causal_emergence(const Eigen::Ref<const Eigen::MatrixXd>& transitions,
                                 const ScaleOptions& options = {});

}  // namespace emdyn::emergence::information
