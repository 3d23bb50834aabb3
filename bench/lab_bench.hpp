#pragma once
#include <cstdint>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct LabBenchOptions {
  std::int64_t p = 59;
  std::int64_t width = 128;
  std::int64_t rounds = 5;         ///< Ours and the baseline take turns this often.
  double seconds_per_round = 1.0;  ///< Of each of the two.
  std::vector<std::size_t> threads = {1, 2};
};

/// Training steps per second of the grokking MLP with probes off, beside a plain libtorch loop
/// (nn::Linear on one-hot rows, autograd, optim::AdamW) with the same network, data, optimiser and
/// threads, full batch; medians over rounds that alternate. Then what each probe costs a call and
/// what the default schedule costs in all: time in probes over total time, and steps per second
/// with probes beside the same run without.
std::vector<Row> lab_bench(const LabBenchOptions& options);

}  // namespace emdyn::bench
