#pragma once
#include "emdyn/model/network/network.hpp"
#include "emdyn/provoke/certify/graph.hpp"

namespace emdyn::provoke::certify {

/// The network as affine maps and ReLUs. Takes conv, linear, max_pool, avg_pool, flatten, relu,
/// leaky_relu with slope in [0, 1], normalize, batch_norm and residual.
/// @throws ModelError naming the layer that is none of these, whose tensors do not fit, or that
/// needs more than 2^28 connections.
Graph compile(const model::Network& network);

}  // namespace emdyn::provoke::certify
