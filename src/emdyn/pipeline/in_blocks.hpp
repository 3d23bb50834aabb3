#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::pipeline {

/// Runs `body` over all jobs in parallel, in blocks between which it says how far it is.
/// @throws Task::Stopped
inline void in_blocks(std::size_t count, std::string_view what, std::string_view unit,
                      const Task& task, const std::function<void(std::size_t)>& body) {
  constexpr std::size_t kBlock = 64;  // Jobs between two looks at the task.
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    task.check();
    parallel_for(std::min(kBlock, count - begin), [&](std::size_t i) {
      if (!task.stopped()) body(begin + i);
    });
    task.check();
    task.tell({what, std::min(begin + kBlock, count), count, unit, {}});
  }
}

}  // namespace emdyn::pipeline
