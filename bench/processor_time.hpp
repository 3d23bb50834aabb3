#pragma once
#include <time.h>

namespace emdyn::bench {

/// Processor seconds of this thread: what else the machine does is left out.
inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace emdyn::bench
