#include "emdyn/model/blas_threads.hpp"

#include <ATen/Parallel.h>

// OpenBLAS has its own thread pool, which libtorch does not steer; absent with another BLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int threads);

namespace emdyn::model {

void set_torch_threads(int threads) {
  at::set_num_threads(threads);
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
}

}  // namespace emdyn::model
