#pragma once

namespace emdyn::model {

/// Sets the threads that libtorch's loops (on the calling thread) and OpenBLAS (in the process)
/// use. Their sums depend on it, so what must be repeatable runs with 1 and splits its own work.
/// A change of OpenBLAS's number must not come while another thread multiplies; the same number
/// again may be given at any time.
void set_torch_threads(int threads);

}  // namespace emdyn::model
