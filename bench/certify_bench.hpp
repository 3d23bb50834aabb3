#pragma once
#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/model/network/network.hpp"
#include "rows.hpp"

namespace emdyn::bench {

/// What certificates cost, on one thread:
/// - milliseconds a point of interval bounds and of CROWN, the latter beside CROWN as it is written
///   down: dense back-substitution of an identity matrix from every ReLU layer through libtorch's
///   transposed convolutions, all neurons and all targets (networks of conv, linear, relu and
///   flatten only), and the share of points that both certify;
/// - points left undecided by branch and bound, 200 nodes a point and 30 seconds in all, beside
///   those left by CROWN and attacks, and its time.
std::vector<Row> certify_bench(const model::Network& network, const torch::Tensor& inputs,
                               std::span<const std::int64_t> labels, double epsilon);

}  // namespace emdyn::bench
