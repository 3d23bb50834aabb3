#pragma once
#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/network/model.hpp"

namespace emdyn::model {

/// What a model makes of examples, as plain row-major matrices.
struct Observations {
  std::size_t rows = 0;
  std::size_t classes = 0;
  std::size_t feature_count = 0;  ///< 0 where features were not asked for.
  std::vector<float> logits{};    ///< [example, class]
  std::vector<float> features{};  ///< [example, feature]

  /// The class of the largest logit.
  std::vector<std::int64_t> predictions() const;
  /// Predictions that differ from the labels. @pre one label a row.
  std::size_t errors(const std::vector<std::int64_t>& labels) const;
};

/// Examples `begin` to `end` of a dataset as a tensor [batch, shape...], a copy.
torch::Tensor examples(const model::data::Dataset& dataset, std::size_t begin, std::size_t end);
torch::Tensor examples(const model::data::Dataset& dataset);

/// Runs a model over examples in chunks of fixed size, each on one thread: equal results for every
/// number of threads. Once `task` stops it ends with what is there (rows tells how many).
/// @throws ModelError as the model does. Features: the logits where it shows none (shown.hpp).
Observations observe(const Model& model, const torch::Tensor& inputs, bool features, Ledger& ledger,
                     const Task& task = {});

}  // namespace emdyn::model
