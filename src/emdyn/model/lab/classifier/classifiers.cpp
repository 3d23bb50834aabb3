#include <ATen/Functions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/classifier/classifier.hpp"

namespace emdyn::model::lab {
namespace {

using model::Layer;
using model::LayerKind;

/// Draws first weights; every tensor has a stream of its own.
class Weights {
 public:
  explicit Weights(std::int64_t seed) : seed_(static_cast<std::uint64_t>(seed)) {}

  torch::Tensor normal(const std::vector<std::int64_t>& shape, double deviation) {
    return fill(shape, [&](Philox& random) { return deviation * random.normal(); });
  }
  torch::Tensor uniform(const std::vector<std::int64_t>& shape, double bound) {
    return fill(shape, [&](Philox& random) { return bound * (2.0 * random.uniform() - 1.0); });
  }

 private:
  template <class Draw>
  torch::Tensor fill(const std::vector<std::int64_t>& shape, Draw draw) {
    torch::Tensor made = at::empty(shape, torch::kFloat32);
    Philox random(seed_, kWeights + next_++);
    auto* data = made.data_ptr<float>();
    for (std::int64_t i = 0; i < made.numel(); ++i) data[i] = static_cast<float>(draw(random));
    return made;
  }

  static constexpr std::uint64_t kWeights = std::uint64_t{1} << 32;
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

Layer conv(Weights& weights, std::string name, std::int64_t in, std::int64_t out) {
  const double deviation = std::sqrt(2.0 / (9.0 * static_cast<double>(in)));
  return {.kind = LayerKind::conv,
          .name = std::move(name),
          .tensors = {{"weight", weights.normal({out, in, 3, 3}, deviation)},
                      {"bias", at::zeros({out})}},
          .padding = 1};
}

/// `gain` 2 before a ReLU, 1 before the softmax of the loss.
Layer linear(Weights& weights, std::string name, std::int64_t in, std::int64_t out, double gain) {
  const double deviation = std::sqrt(gain / static_cast<double>(in));
  return {
      .kind = LayerKind::linear,
      .name = std::move(name),
      .tensors = {{"weight", weights.normal({out, in}, deviation)}, {"bias", at::zeros({out})}}};
}

Layer plain(LayerKind kind, std::string name) {
  Layer layer{.kind = kind, .name = std::move(name)};
  if (kind == LayerKind::max_pool) layer.kernel = layer.stride = 2;
  return layer;
}

/// conv, ReLU, max-pool, twice; flattened.
std::vector<Layer> image_layers(Weights& weights, const std::string& around, std::int64_t in,
                                std::int64_t channels1, std::int64_t channels2) {
  const auto name = [&](int place) { return around + std::to_string(place); };
  return {conv(weights, name(0), in, channels1), plain(LayerKind::relu, name(1)),
          plain(LayerKind::max_pool, name(2)),   conv(weights, name(3), channels1, channels2),
          plain(LayerKind::relu, name(4)),       plain(LayerKind::max_pool, name(5)),
          plain(LayerKind::flatten, name(6))};
}

void check_labels(std::span<const std::int64_t> labels, std::int64_t classes,
                  const std::string& name) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw DataError(fmt::format("{}: label {} of example {} lies outside 0 to {}", name,
                                  labels[i], i, classes - 1));
  }
}

}  // namespace

Examples examples_of(const model::data::Dataset& dataset, std::int64_t classes) {
  if (dataset.size() == 0) throw DataError(fmt::format("{}: no examples", dataset.name));
  if (dataset.labels.size() != dataset.size())
    throw DataError(fmt::format("{}: {} labels for {} examples", dataset.name,
                                dataset.labels.size(), dataset.size()));
  check_labels(dataset.labels, classes, dataset.name);
  return {dataset.shape, dataset.labels, [&dataset](std::size_t index, std::span<float> values) {
            std::ranges::copy(dataset.example(index), values.begin());
          }};
}

Examples examples_of(const model::data::MovingDigits& sequences) {
  Examples examples;
  examples.shape = sequences.shape();
  for (std::size_t i = 0; i < sequences.size(); ++i) examples.labels.push_back(sequences.label(i));
  examples.fill = [&sequences](std::size_t index, std::span<float> values) {
    sequences.frames(index, values);
  };
  return examples;
}

Classifier cnn_classifier(const CnnConfig& config, const std::vector<std::int64_t>& input,
                          std::int64_t classes) {
  if (input.size() != 3 || input[1] < 4 || input[2] < 4)
    throw ConfigError(
        fmt::format("cnn: images [channel, height, width] of at least 4 by 4 are needed, got [{}]",
                    fmt::join(input, ", ")));
  Weights weights(config.seed);
  std::vector<Layer> layers =
      image_layers(weights, "", input[0], config.channels1, config.channels2);
  const std::int64_t flat = config.channels2 * (input[1] / 4) * (input[2] / 4);
  layers.push_back(linear(weights, "7", flat, config.hidden, 2.0));
  layers.push_back(plain(LayerKind::relu, "8"));
  layers.push_back(linear(weights, "9", config.hidden, classes, 1.0));
  return {{.input = input, .classes = classes}, std::move(layers)};
}

Classifier enn_classifier(const EnnConfig& config, std::int64_t classes) {
  Weights weights(config.seed);
  const std::int64_t side = config.canvas / 4;
  const std::int64_t flat = config.channels2 * side * side;
  const std::int64_t hidden = config.hidden;
  Layer frames = plain(LayerKind::per_frame, "0");
  frames.body = image_layers(weights, "0.body.", 1, config.channels1, config.channels2);
  Layer lstm = plain(LayerKind::lstm, "1");
  const double bound = 1.0 / std::sqrt(static_cast<double>(hidden));
  lstm.tensors["weight_ih_l0"] = weights.uniform({4 * hidden, flat}, bound);
  lstm.tensors["weight_hh_l0"] = weights.uniform({4 * hidden, hidden}, bound);
  lstm.tensors["bias_ih_l0"] = at::zeros({4 * hidden});
  lstm.tensors["bias_hh_l0"] = at::zeros({4 * hidden});
  lstm.tensors["bias_ih_l0"].narrow(0, hidden, hidden).fill_(1.0);
  return {{.input = {config.frames, 1, config.canvas, config.canvas}, .classes = classes},
          {frames, lstm, linear(weights, "2", hidden, classes, 1.0)}};
}

}  // namespace emdyn::model::lab
