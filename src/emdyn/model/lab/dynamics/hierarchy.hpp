#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

struct HierarchyConfig {
  std::int64_t branching = 3;
  std::int64_t levels = 4;
  double coupling = 1.0;
  double disorder = 0.25;
  std::int64_t interventions = 8000;
  std::int64_t steps = 1000;
  std::int64_t seed = 1;
};

inline constexpr std::array kHierarchyFields{
    Field<HierarchyConfig>{"branching", &HierarchyConfig::branching, 3, 9,
                           "blocks in the next larger block, odd"},
    Field<HierarchyConfig>{"levels", &HierarchyConfig::levels, 1, 8,
                           "scales above the element; branching^levels elements, at most 1000"},
    Field<HierarchyConfig>{"coupling", &HierarchyConfig::coupling, 0.0, 1.0,
                           "chance to follow the whole, not oneself; 0 is the null"},
    Field<HierarchyConfig>{"disorder", &HierarchyConfig::disorder, 0.0, 0.5,
                           "share of the moments in which chaos turns an element over"},
    Field<HierarchyConfig>{"interventions", &HierarchyConfig::interventions, 100, 1e8,
                           "states set at random, whose next state is looked at"},
    Field<HierarchyConfig>{"steps", &HierarchyConfig::steps, 1, 1e9, "rows"},
    Field<HierarchyConfig>{"seed", &HierarchyConfig::seed, 0, 9e15, "of the first states"},
};

/// Chaos below, predictability above, uncertain between. Every element has a sign and a chaotic
/// phase u, a logistic map u ← 4u(1 − u) iterated twelve times a step. The phase alone decides, at
/// two of its iterations, whether the element follows the majority of the whole (`coupling`) or
/// itself, and whether it is turned over (`disorder`); otherwise it takes the opposite of what it
/// follows. So an element is unpredictable, the whole alternates, and blocks of `branching`ᵏ
/// elements lie between. With coupling 0 every element is its own master: the null, in which no
/// scale says more than an element does.
///
/// Signals: micro (sign of the first element, 0 or 1), micro_phase (its u), meso (share of ones in
/// a block half-way up), macro (share of all).
///
/// Truth: the Lyapunov exponent of u is ln 2; the effective information of the majority of a block
/// along scale is known exactly (hierarchy_information()) and is measured by interventions: states
/// set at random, the next one looked at. `data.along_scale` has {elements, effective_information,
/// theory, low, high} in nats.
/// Sources: Hoel, Albantakis & Tononi, PNAS 110 (2013), for effective information along scale; Ott,
/// "Chaos in Dynamical Systems" (1993), for the map.
/// @throws ConfigError for settings out of range or too many elements.
std::unique_ptr<Experiment> make_hierarchy(const Params& params);

/// Effective information, nats, of the majority of a block of branching^k elements on its own next
/// value when all elements are set evenly, k = 0 … levels. Cost: O(elements²) a scale.
std::vector<double> hierarchy_information(const HierarchyConfig& config);

}  // namespace emdyn::model::lab::dynamics
