#pragma once
#include <optional>
#include <string>

#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::app::terminal {

/// Shows a task as one line on standard error and stops it at Ctrl-C. Each thing that the task
/// says it is doing gets a bar of its own; what has no count is shown as words.
class TaskLine {
 public:
  explicit TaskLine(Console& console);
  ~TaskLine();
  TaskLine(const TaskLine&) = delete;
  TaskLine& operator=(const TaskLine&) = delete;

  /// Lives as long as this line.
  const Task& task() const noexcept { return task_; }

 private:
  void show(const TaskProgress& now);

  Console& console_;
  std::string what_{};
  std::optional<Progress> progress_{};
  Task task_;
};

}  // namespace emdyn::app::terminal
