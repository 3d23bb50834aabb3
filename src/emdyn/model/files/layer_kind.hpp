#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace emdyn::model {

/// What one layer of a network does; the words are those of architecture files. Tensors have the
/// names that PyTorch's modules give them.
enum class LayerKind : std::uint8_t {
  conv,    ///< weight [out, in / groups, kh, kw], bias [out] or undefined
  linear,  ///< weight [out, in], bias [out] or undefined
  max_pool,
  avg_pool,
  flatten,
  relu,
  leaky_relu,  ///< slope
  gelu,        ///< x * Phi(x)
  quick_gelu,  ///< x * sigmoid(1.702 x)
  silu,
  tanh,
  sigmoid,
  softmax,
  normalize,   ///< mean, deviation [channel]: (x - mean) / deviation per channel, preprocessing
  batch_norm,  ///< weight, bias, running_mean, running_var: as trained, per channel
  layer_norm,  ///< weight, bias over the last axis
  residual,    ///< x + body(x), or shortcut(x) + body(x)
  lstm,        ///< [batch, time, d] to the last hidden state [batch, hidden]; weight_ih_l0 [4h, d],
               ///< weight_hh_l0 [4h, h], bias_ih_l0, bias_hh_l0 [4h], then _l1 …: as nn.LSTM
  attention,   ///< multi-head self-attention over [batch, time, d]; in_proj_weight [3d, d],
               ///< in_proj_bias [3d], out_proj.weight [d, d], out_proj.bias [d]
  per_frame,   ///< body applied to every frame of [batch, frame, ...] alike
};

inline constexpr std::array<std::string_view, 20> kLayerKindWords = {
    "conv",       "linear",     "max_pool", "avg_pool", "flatten",   "relu",     "leaky_relu",
    "gelu",       "quick_gelu", "silu",     "tanh",     "sigmoid",   "softmax",  "normalize",
    "batch_norm", "layer_norm", "residual", "lstm",     "attention", "per_frame"};

constexpr std::string_view word(LayerKind kind) noexcept {
  return kLayerKindWords[static_cast<std::size_t>(kind)];
}

}  // namespace emdyn::model
