#pragma once
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/model/network/network_file.hpp"
#include "emdyn/model/network/observe.hpp"

/// What every trial needs: the network and the examples it is tried on.
namespace emdyn::provoke::trial {

/// Where a network and its examples come from.
struct SubjectSource {
  /// Weights (safetensors), TorchScript, or the address of a model that another process owns (pipe:PATH).
  std::string model{};
  std::string architecture{};  ///< TOML; empty: the weights' name with .toml.
  std::string data{};          ///< A folder in MNIST's layout, or a file.
  std::string split{};    ///< train or test; empty: the test part, or all where there is one part.
  std::size_t limit = 0;  ///< 0: all.
  bool trust = false;     ///< Loads TorchScript, which runs code of its maker.
};

struct Subject {
  SubjectSource source{};
  std::unique_ptr<model::Model> model;
  model::data::Dataset dataset;
  torch::Tensor inputs;  ///< [n, input...]
  std::vector<std::int64_t> labels;
  model::Notes notes{};  ///< What a user should know of the files.

  std::size_t size() const noexcept { return labels.size(); }
};

/// Loads both and checks that they fit: shapes, the box, finite values, labels in range.
/// @throws ConfigError, DataError, ModelError naming the file and the mend.
Subject load_subject(const SubjectSource& source);
std::unique_ptr<model::Model> load_model(const SubjectSource& source,
                                         model::Notes* notes = nullptr);

/// The examples alone; an empty `split` is as in SubjectSource, `labels_needed` refuses data
/// without.
model::data::Dataset load_examples(const std::string& path, const std::string& split,
                                   std::size_t limit, const model::Signature& signature,
                                   bool labels_needed);

/// The first `count` examples, or all.
model::data::Dataset first_of(const model::data::Dataset& dataset, std::size_t count);

}  // namespace emdyn::provoke::trial
