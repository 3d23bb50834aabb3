#pragma once
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace emdyn {

/// Calls `body(i)` for every i in [0, count), on any thread and in any order. Calls must not depend
/// on each other, so the result is the same for every number of threads. The first exception is
/// rethrown.
template <class Body>
void parallel_for(std::size_t count, Body&& body) {
  // A context of its own: an exception in an outer loop would otherwise end this one half done, and
  // silently.
  tbb::task_group_context context(tbb::task_group_context::isolated);
  tbb::parallel_for(
      std::size_t{0}, count, [&](std::size_t i) { body(i); }, context);
}

/// Folds `map(begin, end)` over chunks of fixed size in their order: the cut depends on `chunk`
/// only, so sums of floating-point numbers are the same for every number of threads.
template <class Value, class Map, class Fold>
Value parallel_reduce(std::size_t count, std::size_t chunk, Value start, Map&& map, Fold&& fold) {
  const std::size_t chunks = (count + chunk - 1) / chunk;
  std::vector<Value> parts(chunks, start);
  parallel_for(chunks,
               [&](std::size_t i) { parts[i] = map(i * chunk, std::min(count, (i + 1) * chunk)); });
  for (const Value& part : parts) start = fold(start, part);
  return start;
}

/// Bounds the number of threads of this process while it lives; 0 means as many as there are cores.
class ThreadLimit {
 public:
  explicit ThreadLimit(std::size_t threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  struct Control;
  std::unique_ptr<Control> control_;
};

}  // namespace emdyn
