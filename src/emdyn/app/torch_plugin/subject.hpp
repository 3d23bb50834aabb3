#pragma once
#include <torch/types.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"

/// What every verb that tests a network needs: the network and the examples.
namespace emdyn::app::torch_plugin {

/// Where a network and its examples come from, as options of a verb.
struct SubjectOptions {
  std::string model{};
  std::string architecture{};
  std::string data{};
  std::string split{};    ///< train or test; empty: the test part, or all where there is one part.
  std::size_t limit = 0;  ///< 0: all.
  bool trust = false;     ///< Loads TorchScript, which runs code of its maker.

  /// --model, --arch, --trust, --data, --split, --limit.
  void add_to(CLI::App& app);
};

/// How a verb runs and answers.
struct RunOptions {
  std::size_t threads = 0;
  bool json = false;

  /// --threads and --json.
  void add_to(CLI::App& app);
};

struct Subject {
  std::unique_ptr<model::Model> model;
  model::data::Dataset dataset;
  torch::Tensor inputs;  ///< [n, input...]
  std::vector<std::int64_t> labels;
};

/// Loads both and checks that they fit: shapes, the box, finite values, labels in range.
/// @throws ConfigError, DataError, ModelError naming the file and the mend.
Subject load_subject(const SubjectOptions& options);
std::unique_ptr<model::Model> load_model(const SubjectOptions& options);

/// The examples alone; an empty `split` is as in SubjectOptions, `labels_needed` refuses data
/// without.
model::data::Dataset load_examples(const std::string& path, const std::string& split,
                                   std::size_t limit, const model::Signature& signature,
                                   bool labels_needed);

/// A network whose layers can be looked at. @throws ModelError for a TorchScript file, saying what
/// `needs` them and what to do.
const model::Network& network_of(const model::Model& model, std::string_view needs);

/// The last linear layer of a network, for scores of features; of a model that shows no features
/// the identity, since its logits stand in for them.
struct Head {
  std::vector<float> weight;  ///< [class, feature]
  std::vector<float> bias;    ///< [class]
  std::size_t features = 0;

  provoke::ood::LinearHead view() const;
};
Head head_of(const model::Model& model);

/// Observed features and logits, as scores take them. @pre features were asked for; `seen` lives
/// on.
provoke::ood::Batch batch_of(const model::Observations& seen);

/// What to say where logits stand in for features; nothing otherwise.
std::string feature_note(const model::Model& model);

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace emdyn::app::torch_plugin
