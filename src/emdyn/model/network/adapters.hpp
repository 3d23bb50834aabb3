#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "emdyn/model/network/model.hpp"
#include "emdyn/model/network/network_file.hpp"

namespace torch::nn {
class AnyModule;
class Sequential;
}  // namespace torch::nn

namespace emdyn::model {

/// A model that only answers: a batch to logits, without a gradient. Attacks that need none
/// (square, hop_skip_jump, spsa) work on it.
class BlackBox final : public Model {
 public:
  /// Must be safe from many threads at once, and give equal answers to equal questions.
  using Function = std::function<torch::Tensor(const torch::Tensor& inputs)>;
  BlackBox(Signature signature, Function function)
      : signature_(std::move(signature)), function_(std::move(function)) {}

  const Signature& signature() const noexcept override { return signature_; }
  bool differentiable() const noexcept override { return false; }

 protected:
  /// @throws ModelError when the answer is no float32 [batch, classes] or not finite.
  torch::Tensor forward(const torch::Tensor& inputs) const override;

 private:
  Signature signature_;
  Function function_;
};

/// A module of libtorch, switched to evaluation (`eval()`).
/// @throws ModelError when it does not turn a batch of zeros into finite logits.
std::unique_ptr<Model> module_model(Signature signature, torch::nn::AnyModule module);
std::unique_ptr<Model> module_model(Signature signature, torch::nn::Sequential module);

/// A TorchScript file. Loading one executes code of its maker.
/// One whose answers carry no gradient (it detaches them, or rounds) says so: differentiable().
/// @param trusted whether the user said so. @throws ModelError when not, when the file is no
/// TorchScript, and as module_model().
std::unique_ptr<Model> script_model(const std::filesystem::path& path, Signature signature,
                                    bool trusted);

/// Any model file: safetensors with its architecture, or TorchScript (told by its content) with
/// an architecture file whose [model] table says what it takes and gives. A file of torch.save is named as such, with
/// the lines of Python that convert it.
/// @param architecture default: beside the weights, `x.toml` for `x.safetensors`.
/// @throws DataError, ModelError as the parts do.
std::unique_ptr<Model> load_model(const std::filesystem::path& path,
                                  const std::filesystem::path& architecture = {},
                                  bool trusted = false, Notes* notes = nullptr);

/// The logits themselves, checked. @throws ModelError saying what they are instead.
torch::Tensor checked_logits(torch::Tensor logits, std::int64_t batch, std::int64_t classes);

}  // namespace emdyn::model
