#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/model/files/layer_kind.hpp"
#include "emdyn/model/files/signature.hpp"

namespace emdyn::model {

/// One layer as an architecture file describes it; docs/models.md lists the keys of every kind.
struct LayerPlan {
  LayerKind kind = LayerKind::relu;
  /// What its tensors' names begin with: "3" gives 3.weight. Default: its place in the list, inside
  /// the name of the layer around it, so that the keys of nn.Sequential need no names.
  std::string name{};
  bool bias = true;  ///< conv, linear, layer_norm, attention
  std::int64_t kernel = 0;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  std::int64_t heads = 1;
  std::int64_t layers = 1;  ///< lstm: how many on top of each other.
  double slope = 0.01;
  double epsilon = 1e-5;
  std::vector<double> mean{};       ///< normalize
  std::vector<double> deviation{};  ///< normalize
  std::vector<LayerPlan> body{};
  std::vector<LayerPlan> shortcut{};
  bool operator==(const LayerPlan&) const = default;
};

/// A network without its weights. Without layers it says what a TorchScript file takes and gives.
struct Architecture {
  std::string name{};
  Signature signature{};
  std::vector<LayerPlan> layers{};
  bool operator==(const Architecture&) const = default;
};

/// Reads an architecture from TOML text that is not trusted: at most 256 KiB, 1,000 layers, bodies
/// 16 deep, every number within its range, no unknown key.
/// @throws DataError naming `what`, the layer or line, and the fault.
Architecture parse_architecture(std::string_view text, std::string_view what);
/// @throws DataError as above, or when the file cannot be read.
Architecture read_architecture(const std::filesystem::path& path);

/// TOML that parse_architecture() reads back to an equal architecture.
std::string architecture_text(const Architecture& architecture);

}  // namespace emdyn::model
