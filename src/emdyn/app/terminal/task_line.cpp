#include "emdyn/app/terminal/task_line.hpp"

namespace emdyn::app::terminal {

TaskLine::TaskLine(Console& console)
    : console_(console),
      // Nobody looks at a pipe, and a task without a listener does not count for one.
      task_(console.stop_flag(), console.err_is_terminal()
                                     ? Task::Tell([this](const TaskProgress& now) { show(now); })
                                     : Task::Tell{}) {}

TaskLine::~TaskLine() { console_.clear_status(); }

void TaskLine::show(const TaskProgress& now) {
  if (now.what != what_) {
    what_ = now.what;
    progress_.reset();
    if (now.planned > 0)
      progress_.emplace(console_, what_, now.planned, std::string(now.unit));
    else
      console_.status(what_);
  }
  if (progress_) progress_->update(now.done, now.note);
}

}  // namespace emdyn::app::terminal
