#pragma once
#include <functional>

#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/report/stress/evidence.hpp"

namespace emdyn::app::torch_plugin {

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

/// Tries the tripwires on at most 50 inputs that an attack broke (what none breaks would teach
/// nothing about them) with 40 steps each, and adds what it found, or a note why there is nothing.
/// @throws DataError, ModelError where they cannot be tried.
void add_tripwires(const TripwireRequest& request, const std::function<bool()>& cancelled,
                   report::Evidence& evidence, model::Ledger& ledger);

}  // namespace emdyn::app::torch_plugin
