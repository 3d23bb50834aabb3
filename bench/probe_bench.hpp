#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct ProbeBenchOptions {
  std::string folder;  ///< Where the checkpoints lie for a while; empty: the temporary folder.
  std::size_t blocks =
      12;  ///< Transformer blocks of the large checkpoint; 12: 124 million weights.
};

/// Seconds of a whole pass of spectra over a transformer's checkpoint of random weights (width 768,
/// vocabulary 50,257) and over a network of 166 thousand weights, peak memory over the largest
/// tensor, and one layer's spectrum beside Eigen's singular values (BDCSVD, without vectors).
std::vector<Row> probe_rows(const ProbeBenchOptions& options = {});

}  // namespace emdyn::bench
