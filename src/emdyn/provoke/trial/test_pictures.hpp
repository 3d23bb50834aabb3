#pragma once
#include <ATen/Functions.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/trial/subject.hpp"

/// A network of two classes of pictures for tests of trials.
namespace emdyn::provoke::trial::test {

using model::Layer;
using model::LayerKind;

inline Layer linear(std::int64_t out, std::int64_t in, std::uint64_t seed, float scale) {
  Philox random(seed);
  std::vector<float> weight(static_cast<std::size_t>(out * in));
  for (float& value : weight) value = scale * static_cast<float>(random.normal());
  return {.kind = LayerKind::linear,
          .name = "linear",
          .tensors = {{"weight", torch::tensor(weight).view({out, in})},
                      {"bias", torch::zeros({out})}}};
}

/// Two classes of 8 × 8 pictures: bright left half or bright right half. The second layer is fitted
/// by hand: it compares the halves through random features and their negatives.
inline model::Network network() {
  Layer first = linear(12, 64, 1, 0.4F);
  std::vector<float> head(24);
  for (int h = 0; h < 12; ++h) {
    double left = 0.0;
    for (int p = 0; p < 64; ++p)
      left += (p % 8 < 4 ? 1.0 : -1.0) * first.tensors["weight"][h][p].item<double>();
    head[static_cast<std::size_t>(h)] = static_cast<float>(0.3 * left);
    head[static_cast<std::size_t>(12 + h)] = static_cast<float>(-0.3 * left);
  }
  Layer last{
      .kind = LayerKind::linear,
      .name = "head",
      .tensors = {{"weight", torch::tensor(head).view({2, 12})}, {"bias", torch::zeros({2})}}};
  return {{.input = {1, 8, 8}, .classes = 2},
          {{.kind = LayerKind::flatten}, first, {.kind = LayerKind::relu}, last}};
}

struct Pictures {
  torch::Tensor inputs;
  std::vector<std::int64_t> labels;
};

inline Pictures pictures(std::int64_t count, std::uint64_t seed) {
  Philox random(seed);
  Pictures made{torch::empty({count, 1, 8, 8}), {}};
  float* values = made.inputs.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = random.below(2);
    made.labels.push_back(label);
    for (int p = 0; p < 64; ++p) {
      const bool bright = (p % 8 < 4) == (label == 0);
      const double value = (bright ? 0.75 : 0.25) + 0.08 * random.normal();
      values[i * 64 + p] = static_cast<float>(std::fmin(std::fmax(value, 0.0), 1.0));
    }
  }
  return made;
}

/// The pictures as a dataset.
inline model::data::Dataset dataset_of(const Pictures& some) {
  model::data::Dataset set{.name = "halves", .shape = {1, 8, 8}, .labels = some.labels};
  const float* first = some.inputs.data_ptr<float>();
  set.values.assign(first, first + some.inputs.numel());
  return set;
}

/// The network and pictures to try it on; where they come from is nowhere.
inline Subject subject(std::int64_t count, std::uint64_t seed) {
  const Pictures some = pictures(count, seed);
  return {{.model = "halves", .data = "/nonexistent"},
          std::make_unique<model::Network>(network()),
          dataset_of(some),
          some.inputs,
          some.labels};
}

}  // namespace emdyn::provoke::trial::test
