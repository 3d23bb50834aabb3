#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/provoke/attack/contract/norm.hpp"
#include "emdyn/provoke/trial/records/evidence.hpp"
#include "emdyn/provoke/trial/subject.hpp"

namespace emdyn::provoke::trial {

/// How far `stress all` goes.
struct RobustnessOptions {
  double epsilon = 0.1;  ///< Radius of attacks and certificates.
  attack::Norm norm = attack::Norm::linf;
  std::vector<std::string> attacks{};  ///< None: those that the registry marks for evidence.
  double time_limit = 600.0;           ///< Seconds of branch and bound.
  std::size_t curve_points = 13;       ///< Radii of the robustness curve, up to 2 epsilon.
  std::size_t curve_limit = 300;       ///< Examples of the curve.
  std::size_t side_limit = 1000;       ///< Examples of corruptions, scores and tripwires.
  std::vector<std::string> strange{};  ///< Files or folders of strange examples.
  std::int64_t seed = 1;
};

/// Everything that is known of a network's robustness on examples: certificates first (what is
/// certified need not be attacked), attacks on the rest, branch and bound on what is left, a
/// robustness curve with its transition, corruptions, strange inputs and tripwires. What cannot be
/// tried (layers that certificates do not cover, no training examples) becomes a note. Scores and
/// densities learn from the training part of `subject.source.data`.
///
/// Deterministic up to what the time limit cuts and measured seconds, whatever the number of
/// threads.
/// @throws ConfigError for an unknown attack or norm, before anything is computed; Task::Stopped
/// within the time of one batch of one attack.
StressEvidence robustness(const Subject& subject, const RobustnessOptions& options,
                          const Task& task = {});

}  // namespace emdyn::provoke::trial
