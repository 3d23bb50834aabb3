#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "emdyn/provoke/certify/dual.hpp"

namespace emdyn::provoke::certify {

/// Whether the real model errs at a point of the region; keeps the point where it does.
using Verify = std::function<bool(std::span<const double> x)>;

struct DescentOptions {
  int steps = 40;
  double first_step = 0.5;  ///< In units of epsilon.
  double last_step = 0.01;
};

/// Projected gradient descent on a margin inside a region, where the analysis is the network.
/// True as soon as `verify` accepts a point with margin below 0. Source: Madry et al., "Towards
/// deep learning models resistant to adversarial attacks", 2018.
bool descend(Dual& dual, const Region& region, const Form& margin, std::vector<double> start,
             const DescentOptions& options, const Verify& verify);

struct BranchOptions {
  std::int64_t node_limit = 10'000;
  int iterations = 20;  ///< Of slopes and multipliers at every node.
  int candidates = 8;   ///< Units whose two halves are both bounded before one is chosen.
};

enum class BranchOutcome : std::uint8_t { certified, attacked, undecided };

struct BranchResult {
  BranchOutcome outcome = BranchOutcome::undecided;
  double bound = 0.0;  ///< Of the margin over the whole region.
  std::int64_t nodes = 0;
};

/// Branch and bound on the signs of open units: proves margin > 0 over the region, finds a point
/// where the real model errs, or runs out of nodes. `root` gives the slopes to begin with. Best
/// first; a node inherits slopes and multipliers. The unit to split on: of the `candidates` whose
/// relaxation costs the bound most, the one whose worse half has the best bound. `rounding` is how
/// far floating point can move a bound of the margin. Ends, undecided, once the dual is stopped.
/// Sources: Wang et al., "Beta-CROWN", 2021; De Palma et al., "Improved branch and bound for neural
/// network verification via Lagrangian decomposition", 2021 (filtered smart branching).
BranchResult branch_and_bound(const Region& region, const std::vector<Unit>& units,
                              const Form& margin, double rounding, const Relaxation& root,
                              const BranchOptions& options, const Verify& verify, Dual& dual);

}  // namespace emdyn::provoke::certify
