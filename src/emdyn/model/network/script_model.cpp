#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/model/network/shown.hpp"

namespace emdyn::model {
namespace {

/// The message of a libtorch error without its stack of frames: the first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class ScriptModel final : public Model, public WithGraph {
 public:
  ScriptModel(Signature signature, torch::jit::Module module)
      : signature_(std::move(signature)), module_(std::move(module)) {}

  const Signature& signature() const noexcept override { return signature_; }
  bool differentiable() const noexcept override { return differentiable_; }
  torch::Tensor graph(const torch::Tensor& inputs) const override { return forward(inputs); }
  /// Whether its answers depend on its inputs through operations with a gradient.
  void find_gradient(const torch::Tensor& example) {
    const torch::AutoGradMode with_grad(true);
    differentiable_ = forward(example.detach().requires_grad_(true)).requires_grad();
  }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override {
    torch::IValue answer;
    try {
      // forward() is not const, though it changes nothing in evaluation.
      answer = torch::jit::Module(module_).forward({inputs});
    } catch (const std::exception& error) {
      throw ModelError(fmt::format("model: its TorchScript failed: {}",
                                   terminal_safe(first_line(error.what()))));
    }
    if (!answer.isTensor())
      throw ModelError(fmt::format("model: its forward gives {}, a tensor of logits is needed",
                                   terminal_safe(answer.tagKind())));
    return checked_logits(answer.toTensor(), inputs.size(0), signature_.classes);
  }

 private:
  Signature signature_;
  torch::jit::Module module_;
  bool differentiable_ = true;
};

}  // namespace

std::unique_ptr<Model> script_model(const std::filesystem::path& path, Signature signature,
                                    bool trusted) {
  const std::string shown = terminal_safe(path.string());
  if (!trusted)
    throw ModelError(fmt::format(
        "{}: looks like TorchScript, which runs code of its maker when it is loaded; add --trust "
        "if you trust it, or convert its weights to safetensors",
        shown));
  torch::jit::Module module;
  try {
    module = torch::jit::load(path.string(), torch::kCPU);
  } catch (const std::exception& error) {
    throw ModelError(fmt::format(
        "{}: no TorchScript that this libtorch reads ({}); a pickled state_dict must be converted "
        "to safetensors",
        shown, terminal_safe(first_line(error.what()))));
  }
  module.eval();
  for (torch::Tensor parameter : module.parameters()) parameter.requires_grad_(false);
  std::vector<std::int64_t> one = signature.input;
  one.insert(one.begin(), 1);
  auto made = std::make_unique<ScriptModel>(std::move(signature), std::move(module));
  Ledger ledger;
  (void)made->logits(torch::zeros(one), ledger);
  made->find_gradient(torch::zeros(one));
  return made;
}

}  // namespace emdyn::model
