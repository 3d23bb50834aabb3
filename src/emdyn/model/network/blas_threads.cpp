#include "emdyn/model/network/blas_threads.hpp"

#include <ATen/Parallel.h>

#include <atomic>

// OpenBLAS has its own thread pool, which libtorch does not steer; absent with another BLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int threads);

namespace emdyn::model {

void set_torch_threads(int threads) {
  at::set_num_threads(threads);
  // OpenBLAS can hang when it is told so while another thread multiplies: only changes are passed
  // on.
  static std::atomic<int> last{0};
  if (openblas_set_num_threads != nullptr && last.exchange(threads) != threads)
    openblas_set_num_threads(threads);
}

}  // namespace emdyn::model
