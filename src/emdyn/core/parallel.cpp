#include "emdyn/core/parallel.hpp"

#include <oneapi/tbb/global_control.h>

#include <thread>

namespace emdyn {

struct ThreadLimit::Control {
  tbb::global_control limit;
};

ThreadLimit::ThreadLimit(std::size_t threads)
    : control_(std::make_unique<Control>(Control{tbb::global_control(
          tbb::global_control::max_allowed_parallelism,
          threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency()))})) {}

ThreadLimit::~ThreadLimit() = default;

}  // namespace emdyn
