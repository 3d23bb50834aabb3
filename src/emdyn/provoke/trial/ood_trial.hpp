#pragma once
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/model/network/model.hpp"
#include "emdyn/provoke/ood/choose.hpp"
#include "emdyn/provoke/ood/registry.hpp"
#include "emdyn/provoke/trial/records/evidence.hpp"

namespace emdyn::provoke::trial {

/// Strange inputs under a name.
struct StrangeSet {
  std::string name;
  torch::Tensor inputs;  ///< [n, input...]
};

/// Inputs no classifier has an answer to, made for a box: normal noise (mean and deviation half the
/// box, clipped), Bernoulli noise (low or high), uniform noise, and the negatives of the examples:
/// the sets of Hendrycks & Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution
/// Examples", ICLR 2017. Equal seeds give equal sets.
std::vector<StrangeSet> made_sets(const torch::Tensor& examples, const model::Signature& signature,
                                  std::size_t count, std::uint64_t seed);

/// The examples of a folder or file, under the name of the folder. @throws DataError.
StrangeSet strange_set(const std::string& path, const model::Signature& signature);

struct OodTrialOptions {
  std::vector<std::string> scores{};  ///< None: all that the model can be judged by.
  std::uint64_t seed = 1;
  double odin_noise = 0.0014;
};

struct OodTrial {
  std::vector<OodFinding> findings{};  ///< By set, then score.
  /// By in-distribution criteria, made before any strange input was seen.
  ood::Choice choice{};
  std::size_t clean_errors = 0;
  std::size_t examples = 0;
  std::string note{};  ///< Which scores were left out, and why.
  model::Ledger ledger{};
};

void to_json(Json& json, const OodTrial& trial);

/// Fits scores on `train` and judges them on `familiar` against every set. Scores whose paper moves
/// each input towards its predicted class first (ODIN: one gradient) are judged that way too, under
/// the name the paper gives them; without a gradient that is left out.
/// @throws ModelError naming a score of features where the model shows none; Task::Stopped.
OodTrial run_ood_trial(const model::Model& model, const torch::Tensor& train,
                       const std::vector<std::int64_t>& train_labels, const torch::Tensor& familiar,
                       const std::vector<std::int64_t>& labels, const std::vector<StrangeSet>& sets,
                       const OodTrialOptions& options, const Task& task = {});

}  // namespace emdyn::provoke::trial
