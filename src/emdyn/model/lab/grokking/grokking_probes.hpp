#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/model/lab/contract/probe_set.hpp"
#include "emdyn/model/lab/grokking/grokking.hpp"

namespace emdyn::model::lab {

/// The probes of the grokking experiment, on one network.
class GrokkingProbes {
 public:
  /// @param network is kept by reference. @param batch pairs of one training step.
  GrokkingProbes(const GrokkingConfig& config, const PairSplit& split, PairNetwork& network,
                 std::size_t batch, std::vector<CustomProbe> custom);

  ProbeSet& set() noexcept { return set_; }
  const ProbeSet& set() const noexcept { return set_; }

  /// Around the update of a step that has a row: gradient norm, then update norm.
  void before_update();
  void after_update();
  void train_metrics(const Metrics& metrics, double learning_rate);
  /// Train metrics of a row without a step.
  void evaluate_train(std::span<const Pair> train, double learning_rate);

 private:
  void add_metrics(const PairSplit& split);
  void add_norms();
  void add_activations(const PairSplit& split);
  void add_structure(const GrokkingConfig& config);

  PairNetwork& network_;
  ProbeSet set_;
  std::vector<float> before_;
  std::size_t train_probe_ = 0;
  std::size_t update_probe_ = 0;
};

}  // namespace emdyn::model::lab
