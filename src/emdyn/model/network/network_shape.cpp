#include "emdyn/model/network/network_shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model {
namespace {

constexpr std::int64_t kMostValues = std::int64_t{1} << 28;

/// One layer and what it is given; throws with its name.
class Check {
 public:
  Check(const Layer& layer, const TensorShape& input) : layer_(layer), input_(input) {}

  TensorShape output() const {
    switch (layer_.kind) {
      case LayerKind::conv:
        return conv();
      case LayerKind::linear:
        return linear();
      case LayerKind::max_pool:
      case LayerKind::avg_pool:
        return pool();
      case LayerKind::flatten:
        return {count(input_)};
      case LayerKind::normalize:
        channels({"mean", "deviation"});
        return input_;
      case LayerKind::batch_norm:
        channels({"weight", "bias", "running_mean", "running_var"});
        return input_;
      case LayerKind::layer_norm:
        expect("weight", {input_.back()});
        if (layer_.tensor("bias").defined()) expect("bias", {input_.back()});
        return input_;
      case LayerKind::residual:
        return residual();
      case LayerKind::lstm:
        return lstm();
      case LayerKind::attention:
        return attention();
      case LayerKind::per_frame:
        return per_frame();
      default:
        return input_;
    }
  }

  static std::int64_t count(const TensorShape& shape) {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape) product *= extent;
    return product;
  }

  [[noreturn]] void fail(const std::string& fault) const {
    throw ModelError(fmt::format("network: layer {} ({}) {}", terminal_safe(layer_.name),
                                 word(layer_.kind), fault));
  }

 private:
  torch::Tensor needed(const std::string& key) const {
    const torch::Tensor tensor = layer_.tensor(key);
    if (!tensor.defined()) fail("has no tensor " + key);
    return tensor;
  }

  void expect(const std::string& key, const TensorShape& shape) const {
    const torch::Tensor tensor = needed(key);
    if (tensor.sizes() != torch::IntArrayRef(shape))
      fail(fmt::format("needs {} of shape {}, it is {}", key, shape_text(shape),
                       shape_text(tensor.sizes().vec())));
  }

  void expect_bias(const std::string& key, std::int64_t extent) const {
    if (layer_.tensor(key).defined()) expect(key, {extent});
  }

  void dimensions(std::size_t wanted, const char* form) const {
    if (input_.size() != wanted) fail(fmt::format("takes {}, got {}", form, shape_text(input_)));
  }

  std::int64_t slid(std::int64_t extent, std::int64_t kernel) const {
    if (layer_.stride < 1 || layer_.padding < 0 || kernel < 1 || layer_.padding > kMostValues ||
        extent + 2 * layer_.padding < kernel)
      fail(fmt::format("cannot slide a kernel of {} over {} values with stride {} and padding {}",
                       kernel, extent, layer_.stride, layer_.padding));
    return (extent + 2 * layer_.padding - kernel) / layer_.stride + 1;
  }

  TensorShape conv() const {
    dimensions(3, "[channel, height, width]");
    const torch::Tensor weight = needed("weight");
    if (weight.dim() != 4)
      fail(fmt::format("needs a weight [out, in, height, width], it is {}",
                       shape_text(weight.sizes().vec())));
    const std::int64_t groups = layer_.groups;
    if (groups < 1 || weight.size(0) % groups != 0 || weight.size(1) * groups != input_[0])
      fail(fmt::format("takes {} channels in {} groups, got {}", weight.size(1) * groups, groups,
                       shape_text(input_)));
    expect_bias("bias", weight.size(0));
    return {weight.size(0), slid(input_[1], weight.size(2)), slid(input_[2], weight.size(3))};
  }

  TensorShape linear() const {
    const torch::Tensor weight = needed("weight");
    if (weight.dim() != 2 || weight.size(1) != input_.back())
      fail(fmt::format("has a weight of {}, got {}", shape_text(weight.sizes().vec()),
                       shape_text(input_)));
    expect_bias("bias", weight.size(0));
    TensorShape output = input_;
    output.back() = weight.size(0);
    return output;
  }

  TensorShape pool() const {
    dimensions(3, "[channel, height, width]");
    if (2 * layer_.padding > layer_.kernel) fail("has a padding of more than half its kernel");
    return {input_[0], slid(input_[1], layer_.kernel), slid(input_[2], layer_.kernel)};
  }

  /// Equal vectors, one value per channel: the first axis of an example.
  void channels(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) expect(key, {input_.front()});
  }

  TensorShape residual() const {
    const TensorShape inner = output_shape(layer_.body, input_);
    const TensorShape across = output_shape(layer_.shortcut, input_);
    if (inner != across) fail(fmt::format("adds {} to {}", shape_text(inner), shape_text(across)));
    return inner;
  }

  TensorShape lstm() const {
    dimensions(2, "[time, feature]");
    std::int64_t width = input_[1];
    const std::int64_t hidden = needed("weight_hh_l0").size(-1);
    for (int level = 0; level == 0 || layer_.tensor(fmt::format("weight_ih_l{}", level)).defined();
         ++level) {
      expect(fmt::format("weight_ih_l{}", level), {4 * hidden, width});
      expect(fmt::format("weight_hh_l{}", level), {4 * hidden, hidden});
      expect(fmt::format("bias_ih_l{}", level), {4 * hidden});
      expect(fmt::format("bias_hh_l{}", level), {4 * hidden});
      width = hidden;
    }
    return {hidden};
  }

  TensorShape attention() const {
    dimensions(2, "[time, feature]");
    const std::int64_t width = input_[1];
    if (layer_.heads < 1 || width % layer_.heads != 0)
      fail(fmt::format("cannot cut {} features into {} heads", width, layer_.heads));
    expect("in_proj_weight", {3 * width, width});
    expect_bias("in_proj_bias", 3 * width);
    expect("out_proj.weight", {width, width});
    expect_bias("out_proj.bias", width);
    return input_;
  }

  TensorShape per_frame() const {
    if (input_.size() < 2) fail(fmt::format("takes [frame, …], got {}", shape_text(input_)));
    TensorShape output = output_shape(layer_.body, TensorShape(input_.begin() + 1, input_.end()));
    output.insert(output.begin(), input_.front());
    return output;
  }

  const Layer& layer_;
  const TensorShape& input_;
};

}  // namespace

std::string shape_text(const TensorShape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

TensorShape output_shape(const Layer& layer, const TensorShape& input) {
  const Check check(layer, input);
  TensorShape output = check.output();
  std::int64_t count = 1;
  for (const std::int64_t extent : output) {
    if (extent < 1 || count > kMostValues / extent)
      check.fail(fmt::format("would give {}", shape_text(output)));
    count *= extent;
  }
  return output;
}

TensorShape output_shape(const std::vector<Layer>& layers, TensorShape input) {
  for (const Layer& layer : layers) input = output_shape(layer, input);
  return input;
}

}  // namespace emdyn::model
