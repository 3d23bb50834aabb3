#include "emdyn/model/network/network_file.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/network/network_shape.hpp"

namespace emdyn::model {
namespace {

/// The tensors a layer reads from the weights file.
std::vector<std::string> tensor_keys(const LayerPlan& plan) {
  std::vector<std::string> keys;
  switch (plan.kind) {
    case LayerKind::conv:
    case LayerKind::linear:
    case LayerKind::layer_norm:
      keys = {"weight"};
      if (plan.bias) keys.emplace_back("bias");
      break;
    case LayerKind::batch_norm:
      keys = {"weight", "bias", "running_mean", "running_var"};
      break;
    case LayerKind::lstm:
      for (std::int64_t level = 0; level < plan.layers; ++level) {
        for (const char* key : {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"})
          keys.push_back(key + std::to_string(level));
      }
      break;
    case LayerKind::attention:
      keys = {"in_proj_weight", "out_proj.weight"};
      if (plan.bias) keys.insert(keys.end(), {"in_proj_bias", "out_proj.bias"});
      break;
    default:
      break;
  }
  return keys;
}

torch::Tensor vector_of(const std::vector<double>& values) {
  return at::tensor(values, torch::kFloat64).to(torch::kFloat32);
}

/// The first tensor that the layers read; empty where none reads any.
std::string first_tensor(const std::vector<LayerPlan>& plans) {
  for (const LayerPlan& plan : plans) {
    if (const auto keys = tensor_keys(plan); !keys.empty()) return plan.name + "." + keys.front();
    for (const auto* inner : {&plan.body, &plan.shortcut}) {
      if (std::string name = first_tensor(*inner); !name.empty()) return name;
    }
  }
  return {};
}

/// Without the marks that torch.compile leaves in names, wherever they stand.
std::string without_marks(std::string name) {
  constexpr std::string_view kMark = "_orig_mod.";
  for (auto at = name.find(kMark); at != std::string::npos; at = name.find(kMark))
    name.erase(at, kMark.size());
  return name;
}

/// Tensors by the names the architecture uses. Wrappers (DataParallel, DistributedDataParallel, torch.compile,
/// Lightning) put their own name before all of them: what all share is taken off until the first layer finds its
/// tensor.
class StoredNames {
 public:
  StoredNames(const Safetensors& weights, const std::string& wanted) {
    for (const StoredTensor& tensor : weights.tensors) stored_[tensor.name] = &tensor;
    if (wanted.empty() || stored_.contains(wanted)) return;
    std::map<std::string, const StoredTensor*> names;
    for (const auto& [name, tensor] : stored_) names[without_marks(name)] = tensor;
    if (names.size() != stored_.size()) return;
    std::string prefix = names.begin()->first == stored_.begin()->first ? "" : "_orig_mod.";
    while (!names.contains(wanted)) {
      const std::string head = common_head(names);
      if (head.empty()) return;
      prefix += head;
      std::map<std::string, const StoredTensor*> shorter;
      for (const auto& [name, tensor] : names) shorter[name.substr(head.size())] = tensor;
      names = std::move(shorter);
    }
    stored_ = std::move(names);
    prefix_ = std::move(prefix);
  }

  const std::map<std::string, const StoredTensor*>& all() const noexcept { return stored_; }
  const std::string& prefix() const noexcept { return prefix_; }

 private:
  /// "module." where every name begins with it and goes on.
  static std::string common_head(const std::map<std::string, const StoredTensor*>& names) {
    const std::string& first = names.begin()->first;
    const auto dot = first.find('.');
    if (dot == std::string::npos) return {};
    std::string head = first.substr(0, dot + 1);
    for (const auto& [name, tensor] : names) {
      if (!name.starts_with(head) || name.size() == head.size()) return {};
    }
    return head;
  }

  std::map<std::string, const StoredTensor*> stored_;
  std::string prefix_;
};

class Builder {
 public:
  Builder(const Safetensors& weights, const std::vector<LayerPlan>& plans)
      : names_(weights, first_tensor(plans)), stored_(names_.all()) {}

  const std::string& prefix() const noexcept { return names_.prefix(); }

  std::vector<Layer> layers(const std::vector<LayerPlan>& plans) {
    std::vector<Layer> made;
    for (const LayerPlan& plan : plans) made.push_back(layer(plan));
    return made;
  }

  /// @throws ModelError when a tensor belongs to no layer: architecture and weights differ.
  void check_all_used() const {
    for (const auto& [name, tensor] : stored_) {
      if (!used_.contains(name) && !name.ends_with("num_batches_tracked"))
        throw ModelError(
            fmt::format("weights: tensor {} {} belongs to no layer of the architecture",
                        terminal_safe(name), shape_text(tensor->shape)));
    }
  }

 private:
  Layer layer(const LayerPlan& plan) {
    Layer made{.kind = plan.kind,
               .name = plan.name,
               .kernel = plan.kernel,
               .stride = plan.stride,
               .padding = plan.padding,
               .groups = plan.groups,
               .heads = plan.heads,
               .slope = plan.slope,
               .epsilon = plan.epsilon,
               .body = layers(plan.body),
               .shortcut = layers(plan.shortcut)};
    for (const std::string& key : tensor_keys(plan)) made.tensors[key] = tensor(plan, key);
    if (plan.kind == LayerKind::normalize) {
      made.tensors["mean"] = vector_of(plan.mean);
      made.tensors["deviation"] = vector_of(plan.deviation);
    }
    return made;
  }

  torch::Tensor tensor(const LayerPlan& plan, const std::string& key) {
    const std::string name = plan.name + "." + key;
    const auto found = stored_.find(name);
    if (found == stored_.end()) {
      const bool optional = key.ends_with("bias") && plan.kind != LayerKind::batch_norm;
      throw ModelError(fmt::format("weights: layer {} ({}) has no tensor {}; {}{}",
                                   terminal_safe(plan.name), word(plan.kind), terminal_safe(name),
                                   held(), optional ? "; say bias = false if it has none" : ""));
    }
    used_.insert(name);
    const StoredTensor& stored = *found->second;
    torch::Tensor made = at::empty(stored.shape, torch::kFloat32);
    std::copy(stored.values.begin(), stored.values.end(), made.data_ptr<float>());
    return made;
  }

  std::string held() const {
    constexpr std::size_t kShown = 8;
    std::string text = "the file holds ";
    std::size_t told = 0;
    for (const auto& [name, tensor] : stored_) {
      if (told++ == kShown) return text + fmt::format(" and {} more", stored_.size() - kShown);
      text += fmt::format("{}{} {}", told == 1 ? "" : ", ", terminal_safe(name),
                          shape_text(tensor->shape));
    }
    return told == 0 ? "the file holds no tensor" : text;
  }

  StoredNames names_;
  const std::map<std::string, const StoredTensor*>& stored_;
  std::set<std::string> used_;
};

std::vector<double> doubles_of(const torch::Tensor& tensor) {
  const torch::Tensor wide = tensor.to(torch::kFloat64).contiguous();
  const auto* data = wide.data_ptr<double>();
  return {data, data + wide.numel()};
}

std::vector<LayerPlan> plans_of(const std::vector<Layer>& layers, const std::string& around) {
  std::vector<LayerPlan> plans;
  for (const Layer& layer : layers) {
    LayerPlan plan{.kind = layer.kind,
                   .name = layer.name.empty() ? around + std::to_string(plans.size()) : layer.name,
                   .kernel = layer.kernel,
                   .stride = layer.stride,
                   .padding = layer.padding,
                   .groups = layer.groups,
                   .heads = layer.heads,
                   .slope = layer.slope,
                   .epsilon = layer.epsilon};
    const bool attention = layer.kind == LayerKind::attention;
    const std::vector<std::string> wanted = tensor_keys(plan);
    if (!wanted.empty() && layer.kind != LayerKind::lstm)
      plan.bias = layer.tensor(attention ? "in_proj_bias" : "bias").defined();
    while (layer.tensor(fmt::format("weight_ih_l{}", plan.layers)).defined()) ++plan.layers;
    if (layer.kind == LayerKind::normalize) {
      plan.mean = doubles_of(layer.tensor("mean"));
      plan.deviation = doubles_of(layer.tensor("deviation"));
    }
    plan.body = plans_of(layer.body, plan.name + ".body.");
    plan.shortcut = plans_of(layer.shortcut, plan.name + ".shortcut.");
    plans.push_back(std::move(plan));
  }
  return plans;
}

void collect(const std::vector<Layer>& layers, const std::vector<LayerPlan>& plans,
             Safetensors& weights) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const std::string& key : tensor_keys(plans[i])) {
      const torch::Tensor tensor = layers[i].tensor(key).to(torch::kFloat32).contiguous();
      const auto* data = tensor.data_ptr<float>();
      weights.tensors.push_back(
          {plans[i].name + "." + key, tensor.sizes().vec(), {data, data + tensor.numel()}});
    }
    collect(layers[i].body, plans[i].body, weights);
    collect(layers[i].shortcut, plans[i].shortcut, weights);
  }
}

}  // namespace

Network make_network(const Architecture& architecture, const Safetensors& weights, Notes* notes) {
  if (architecture.layers.empty()) throw ModelError("architecture: it has no [[layer]]");
  Builder builder(weights, architecture.layers);
  std::vector<Layer> layers = builder.layers(architecture.layers);
  builder.check_all_used();
  if (notes != nullptr && !builder.prefix().empty())
    notes->push_back(
        fmt::format("weights: every name in the file begins with {}, which a wrapper put there: "
                    "loaded without it",
                    terminal_safe(builder.prefix())));
  return Network(architecture.signature, std::move(layers));
}

Network load_network(const std::filesystem::path& weights,
                     const std::filesystem::path& architecture, Notes* notes) {
  const Safetensors stored = read_safetensors(weights);  // First: it may not be there at all.
  std::filesystem::path plan = architecture;
  if (plan.empty()) {
    plan = weights;
    plan.replace_extension(".toml");
    std::error_code error;
    if (!std::filesystem::exists(plan, error))
      throw DataError(
          fmt::format("{}: weights need an architecture; give one with --arch or write "
                      "{} (docs/models.md)",
                      terminal_safe(weights.string()), terminal_safe(plan.string())));
  }
  return make_network(read_architecture(plan), stored, notes);
}

Architecture architecture_of(const Network& network) {
  return {.signature = network.signature(), .layers = plans_of(network.layers(), "")};
}

Safetensors weights_of(const Network& network) {
  Safetensors weights;
  collect(network.layers(), plans_of(network.layers(), ""), weights);
  std::ranges::sort(weights.tensors, {}, &StoredTensor::name);
  return weights;
}

void save_network(const Network& network, const std::filesystem::path& weights) {
  std::filesystem::path plan = weights;
  plan.replace_extension(".toml");
  write_safetensors(weights, weights_of(network));
  replace_file(plan, architecture_text(architecture_of(network)));
}

}  // namespace emdyn::model
