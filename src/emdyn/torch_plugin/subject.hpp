#pragma once
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/data/dataset.hpp"
#include "emdyn/model/network.hpp"
#include "emdyn/ood/inputs.hpp"

/// What every verb that tests a network needs: the network and the examples.
namespace emdyn::torch_plugin {

/// Where a network and its examples come from, as options of a verb.
struct SubjectOptions {
  std::string model{};
  std::string architecture{};
  std::string data{};
  std::string split{};    ///< train or test; empty: the test part, or all where there is one part.
  std::size_t limit = 0;  ///< 0: all.

  /// --model, --arch, --data, --split, --limit.
  void add_to(CLI::App& app);
};

struct Subject {
  model::Network network;
  data::Dataset dataset;
  torch::Tensor inputs;  ///< [n, input...]
  std::vector<std::int64_t> labels;
};

/// Loads both and checks that they fit: shapes, the box, finite values, labels in range.
/// @throws ConfigError, DataError, ModelError naming the file and the mend.
Subject load_subject(const SubjectOptions& options);

/// The examples alone; an empty `split` is as in SubjectOptions, `labels_needed` refuses data
/// without.
data::Dataset load_examples(const std::string& path, const std::string& split, std::size_t limit,
                            const model::Signature& signature, bool labels_needed);

/// The last linear layer of a network, for scores of features. @throws ModelError where there is
/// none.
ood::LinearHead head_of(const model::Network& network);

}  // namespace emdyn::torch_plugin
