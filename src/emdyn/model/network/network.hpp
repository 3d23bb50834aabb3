#pragma once
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/model/files/layer_kind.hpp"
#include "emdyn/model/network/model.hpp"

namespace emdyn::model {

/// One layer with its weights. Which members matter depends on the kind.
struct Layer {
  LayerKind kind = LayerKind::relu;
  std::string name{};
  std::map<std::string, torch::Tensor> tensors{};  ///< By the names at the kind, float32.
  std::int64_t kernel = 0;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  std::int64_t heads = 1;
  double slope = 0.01;
  double epsilon = 1e-5;
  std::vector<Layer> body{};
  std::vector<Layer> shortcut{};

  /// The tensor of that name, or an undefined one.
  torch::Tensor tensor(const std::string& key) const {
    const auto found = tensors.find(key);
    return found == tensors.end() ? torch::Tensor() : found->second;
  }
};

/// A network whose layers can be looked at, one after the other: what certificates need.
class Network final : public Model {
 public:
  /// @throws ModelError naming the layer when shapes do not fit or a weight is not finite.
  Network(Signature signature, std::vector<Layer> layers);

  const Signature& signature() const noexcept override { return signature_; }
  bool differentiable() const noexcept override { return true; }
  torch::Tensor features(const torch::Tensor& inputs, Ledger& ledger) const override;
  const std::vector<Layer>& layers() const noexcept { return layers_; }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override;

 private:
  Signature signature_;
  std::vector<Layer> layers_;
};

/// A network whose layers can be looked at. @throws ModelError for one that hides them
/// (TorchScript), saying what `needs` them and what to do.
const Network& network_of(const Model& model, std::string_view needs);

/// One layer applied to a batch. @throws ModelError when shapes do not fit.
torch::Tensor apply(const Layer& layer, const torch::Tensor& inputs);
torch::Tensor apply(const std::vector<Layer>& layers, torch::Tensor inputs);

}  // namespace emdyn::model
