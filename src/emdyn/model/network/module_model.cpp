#include <fmt/format.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/network/adapters.hpp"

namespace emdyn::model {
namespace {

template <class Module>
class ModuleModel final : public Model {
 public:
  ModuleModel(Signature signature, Module module)
      : signature_(std::move(signature)), module_(std::move(module)) {}

  const Signature& signature() const noexcept override { return signature_; }
  bool differentiable() const noexcept override { return true; }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override {
    torch::Tensor logits;
    try {
      Module module = module_;  // A handle: forward() of the module itself is not const.
      if constexpr (std::is_same_v<Module, torch::nn::AnyModule>) {
        logits = module.template forward<torch::Tensor>(inputs);
      } else {
        logits = module->forward(inputs);
      }
    } catch (const std::exception& error) {
      const std::string text = error.what();
      throw ModelError(fmt::format("model: its module failed: {}",
                                   terminal_safe(text.substr(0, text.find('\n')))));
    }
    return checked_logits(logits, inputs.size(0), signature_.classes);
  }

 private:
  Signature signature_;
  Module module_;
};

template <class Module>
std::unique_ptr<Model> checked_model(Signature signature, Module module) {
  std::vector<std::int64_t> one = signature.input;
  one.insert(one.begin(), 1);
  auto made = std::make_unique<ModuleModel<Module>>(std::move(signature), std::move(module));
  Ledger ledger;
  (void)made->logits(torch::zeros(one), ledger);
  return made;
}

}  // namespace

std::unique_ptr<Model> module_model(Signature signature, torch::nn::AnyModule module) {
  if (module.is_empty()) throw ModelError("model: the module is empty");
  module.ptr()->eval();
  return checked_model(std::move(signature), std::move(module));
}

std::unique_ptr<Model> module_model(Signature signature, torch::nn::Sequential module) {
  if (module.is_empty() || module->is_empty()) throw ModelError("model: the module is empty");
  module->eval();
  return checked_model(std::move(signature), std::move(module));
}

}  // namespace emdyn::model
