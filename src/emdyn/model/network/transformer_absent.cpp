#include "emdyn/core/error.hpp"
#include "emdyn/model/network/transformer.hpp"

namespace emdyn::model {

struct Transformer::Parts {};

Transformer::Transformer(const Shape&, Philox) {
  throw UnavailableError(
      "grokking.network transformer needs libtorch, which this build leaves out: configure with "
      "-DEMDYN_TORCH=ON, or choose mlp_quadratic or mlp_relu");
}

Transformer::~Transformer() = default;
std::span<float> Transformer::parameters() noexcept { return {}; }
std::span<const float> Transformer::gradients() const noexcept { return {}; }
Transformer::Result Transformer::forward_backward(std::span<const Question>) { return {}; }
Transformer::Result Transformer::evaluate(std::span<const Question>) { return {}; }
math::MatrixView<float> Transformer::hidden(std::span<const Question>) { return {}; }
std::vector<Transformer::NamedMatrix> Transformer::matrices() const { return {}; }
double Transformer::forward_operations() const noexcept { return 0.0; }

}  // namespace emdyn::model
