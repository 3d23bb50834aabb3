#pragma once
#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/classifier/classifier.hpp"

namespace emdyn::model::lab {

struct TrainingBatch {
  torch::Tensor inputs;  ///< [batch, …]
  torch::Tensor labels;  ///< [batch]
};

TrainingBatch batch_of(const Examples& examples, std::span<const std::uint32_t> indices);

/// Projected gradient ascent on the cross entropy in the maximum norm, in steps of 2.5 epsilon /
/// steps, from a random start: what adversarial training and its test use. Attacks that judge a
/// network stand in stress/.
struct Pgd {
  double epsilon = 0.0;
  std::int64_t steps = 0;
  double low = 0.0;
  double high = 1.0;

  /// @return inputs within epsilon of the batch's and in [low, high].
  torch::Tensor perturb(const std::vector<model::Layer>& layers, const TrainingBatch& batch,
                        Philox random) const;
};

}  // namespace emdyn::model::lab
