#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>
#include <utility>

namespace emdyn {

/// How far a long work is, in its own unit ("runs", "examples", "MB").
struct TaskProgress {
  std::string_view what;      ///< What is being done, in two or three words.
  std::uint64_t done = 0;     ///< Units finished.
  std::uint64_t planned = 0;  ///< Units in all; 0 when nobody knows yet.
  std::string_view unit{};
  std::string_view note{};  ///< How it goes, in few words ("12 errors"); may be empty.
};

/// The one way to stop a long work and to hear how far it is. A value, cheap to copy; a Task{}
/// never stops and tells nobody, so a parameter `const Task& task = {}` is free of cost.
///
/// Whoever starts the work keeps the switch: a stop_source (another thread) or an atomic flag (a
/// signal handler may set nothing else). Work that was stopped returns what it has; where nothing
/// sensible can be returned it calls `check()`, and Stopped is caught where the task began.
class Task {
 public:
  using Tell = std::function<void(const TaskProgress&)>;

  /// Thrown by check() only. No Error: being stopped is no fault.
  struct Stopped {};

  Task() = default;
  explicit Task(std::stop_token token, Tell tell = {})
      : token_(std::move(token)), tell_(std::move(tell)) {}
  /// @param flag outlives the work; may be null.
  explicit Task(const std::atomic<bool>* flag, Tell tell = {})
      : flag_(flag), tell_(std::move(tell)) {}

  /// May be asked from any thread; costs one or two loads, with a deadline a look at the clock.
  bool stopped() const noexcept {
    return (flag_ != nullptr && flag_->load(std::memory_order_relaxed)) ||
           token_.stop_requested() || (deadline_ != kNever && Clock::now() >= deadline_);
  }
  /// @throws Stopped
  void check() const {
    if (stopped()) throw Stopped{};
  }
  /// Called by one thread at a time; the listener decides how often to draw.
  void tell(const TaskProgress& progress) const {
    if (tell_) tell_(progress);
  }
  /// The same, stopped from `deadline` on as well: a time limit of a part of the work.
  Task until(std::chrono::steady_clock::time_point deadline) const {
    Task part = *this;
    part.deadline_ = std::min(deadline_, deadline);
    return part;
  }
  bool has_listener() const noexcept { return static_cast<bool>(tell_); }
  /// The same switch with another listener (or none), for a part of the work.
  Task with(Tell tell) const {
    Task part = *this;
    part.tell_ = std::move(tell);
    return part;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  const std::atomic<bool>* flag_ = nullptr;
  Clock::time_point deadline_ = kNever;
  std::stop_token token_{};
  Tell tell_{};
};

}  // namespace emdyn
