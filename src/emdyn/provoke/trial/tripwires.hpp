#pragma once
#include "emdyn/core/task.hpp"
#include "emdyn/provoke/trial/records/evidence.hpp"
#include "emdyn/provoke/trial/subject.hpp"
#include "emdyn/provoke/trial/trial.hpp"

namespace emdyn::provoke::trial {

/// Trials on inputs that are calm: the first half gives the thresholds, the second is attacked.
/// @param inputs [n, input...] with their labels.
/// @throws ModelError where the network hides its layers, and as run_trials().
std::vector<Trial> try_on_halves(const model::Model& model, const guard::KernelDensity& density,
                                 const torch::Tensor& inputs,
                                 const std::vector<std::int64_t>& labels,
                                 const TrialOptions& options, const Task& task = {});

/// What the tripwires of `stress all` are tried on.
struct TripwireRequest {
  const Subject& subject;
  const torch::Tensor& train_inputs;  ///< Density is learned from them.
  const std::vector<std::int64_t>& train_labels;
  const std::vector<char>& broken;  ///< Which of the subject's inputs an attack broke.
  std::size_t part = 0;             ///< Thresholds come from the second half of the first so many.
  double epsilon = 0.1;
  std::int64_t seed = 1;
};

struct TripwireTrial {
  std::vector<TripwireFinding> findings{};
  std::string note{};  ///< Why there are none.
  model::Ledger ledger{};
};

/// Tries the tripwires on at most 50 inputs that an attack broke (what none breaks would teach
/// nothing about them) with 40 steps each; no input both calibrates and is attacked.
/// @throws DataError, ModelError where they cannot be tried; Task::Stopped.
TripwireTrial try_tripwires(const TripwireRequest& request, const Task& task = {});

}  // namespace emdyn::provoke::trial
