#pragma once
#include <cstdint>
#include <vector>

#include "emdyn/model/network/network.hpp"

namespace emdyn::model {

using TensorShape = std::vector<std::int64_t>;

/// The shape of one example behind a layer, from weights and settings alone: nothing is computed,
/// so that a network which would need too much memory is refused before it runs.
/// @throws ModelError naming the layer when its weights, its input or its settings do not fit, or
/// when one example would take more than 2^28 values.
TensorShape output_shape(const Layer& layer, const TensorShape& input);
TensorShape output_shape(const std::vector<Layer>& layers, TensorShape input);

/// "[1, 28, 28]"
std::string shape_text(const TensorShape& shape);

}  // namespace emdyn::model
