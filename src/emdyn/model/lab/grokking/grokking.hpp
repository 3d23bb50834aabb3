#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emdyn/model/lab/contract/experiment.hpp"
#include "emdyn/model/lab/grokking/grokking_config.hpp"
#include "emdyn/model/lab/grokking/network.hpp"

namespace emdyn::model::lab {

/// A measurement of one's own, taken before the update of every `every_rows`-th row of signals. One
/// that throws is switched off with an event of kind `gap`; training goes on.
struct CustomProbe {
  std::string name;
  std::vector<SignalInfo> signals;
  std::int64_t every_rows = 1;
  /// Returns one value per signal.
  std::function<std::vector<double>(PairNetwork&)> measure;
};

/// Delayed generalisation on modular arithmetic. Sources: Power et al., "Grokking: generalization
/// beyond overfitting on small algorithmic datasets", 2022; Gromov, "Grokking modular arithmetic",
/// 2023; Liu et al., "Omnigrok", 2022; Nanda et al., "Progress measures for grokking via
/// mechanistic interpretability", 2023.
///
/// Signals: train_loss, train_accuracy, test_loss, test_accuracy, gradient_norm, update_norm,
/// weight_norm, weight_norm/LAYER, activation_mean, activation_variance, activation_kurtosis,
/// dead_fraction, effective_rank/LAYER, fourier_gini, fourier_top_share, learning_rate. A row holds
/// what the parameters were before that step's update; the last row, after the last update, has no
/// gradient or update. With mini-batches train_loss and train_accuracy are the batch's. Which rows
/// hold which probe is fixed by operation counts, never by time.
/// @throws ConfigError for a config that is out of range, a p that is no prime, an empty train or
/// test set; UnavailableError for the transformer in a build without libtorch.
std::unique_ptr<Experiment> make_grokking(const GrokkingConfig& config,
                                          std::vector<CustomProbe> custom = {});

/// The network a config describes, with its initial weights.
std::unique_ptr<PairNetwork> make_network(const GrokkingConfig& config);

/// The train and test sets a config describes.
PairSplit make_split(const GrokkingConfig& config);

}  // namespace emdyn::model::lab
