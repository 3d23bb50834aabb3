#pragma once
#include <malloc.h>
#include <sys/resource.h>

namespace emdyn::bench {

/// Bytes the program holds on the heap; 0 where the allocator does not tell.
inline double heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

/// The most memory the process ever had resident.
inline double peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

}  // namespace emdyn::bench
