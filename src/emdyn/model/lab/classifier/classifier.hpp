#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/lab/classifier/classifier_config.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"
#include "emdyn/model/network/network.hpp"

namespace emdyn::model::lab {

/// Labelled examples that are made when they are needed; safe from many threads.
struct Examples {
  std::vector<std::int64_t> shape{};
  std::vector<std::int64_t> labels{};
  std::function<void(std::size_t index, std::span<float> values)> fill{};

  std::size_t size() const noexcept { return labels.size(); }
};

/// The examples of a dataset, which must live as long.
/// @throws DataError when it is empty, not labelled, or a label lies outside [0, classes).
Examples examples_of(const model::data::Dataset& dataset, std::int64_t classes);
Examples examples_of(const model::data::MovingDigits& sequences);

/// A network to train: what it takes and its layers with their first weights.
struct Classifier {
  model::Signature signature{};
  std::vector<model::Layer> layers{};
};
/// He-normal weights, biases 0. @throws ConfigError when the images are too small to be pooled
/// twice.
Classifier cnn_classifier(const CnnConfig& config, const std::vector<std::int64_t>& input,
                          std::int64_t classes);
/// LSTM weights uniform on ±1/√hidden, its forget gates' biases 1 (Jozefowicz et al. 2015).
Classifier enn_classifier(const EnnConfig& config, std::int64_t classes);

struct ClassifierTask {
  std::string_view name{};
  Json configuration{};
  Classifier classifier{};
  Examples train{};
  Examples test{};
  TrainingSettings settings{};
  double adversarial_epsilon = 0.0;
  std::int64_t adversarial_steps = 7;
  /// Written at the end of every epoch and when the training is stopped; empty: none.
  std::filesystem::path checkpoint{};
  bool resume = false;  ///< Goes on from the checkpoint.
};

/// Trains a classifier by backpropagation (through time, where it has an LSTM) on the cross
/// entropy, in batches that are cut into four fixed parts whose gradients are added in order:
/// results do not depend on the number of threads, and a training that was stopped and resumed ends
/// with the same bits as one that was not.
///
/// Signals: train_loss, train_accuracy, gradient_norm, learning_rate (means of the last log_every
/// steps); test_loss, test_accuracy, test_recall (mean over classes) at the end of each epoch, and
/// test_robust_accuracy (PGD-20 at adversarial_epsilon, first 500 test examples) where training is
/// adversarial. Adversarial training: Madry et al., "Towards deep learning models resistant to
/// adversarial attacks", 2018, with epsilon rising from 0 over the first epoch.
/// Outcome::data holds the confusion matrix of the last test and the recall of each class.
class ClassifierTraining final : public Experiment {
 public:
  /// @throws ConfigError when examples do not fit the network; DataError for a checkpoint that
  /// cannot be read or belongs to another configuration.
  explicit ClassifierTraining(ClassifierTask task);
  ~ClassifierTraining() override;

  std::string_view name() const noexcept override;
  Json configuration() const override;
  std::uint64_t seed() const noexcept override;
  std::int64_t steps() const noexcept override;
  std::span<const SignalInfo> signals() const noexcept override;
  /// @throws ModelError when the loss stops being finite.
  ExperimentResult run(SampleSink& sink, const Task& until) override;

  /// The network as it is now.
  model::Network network() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace emdyn::model::lab
