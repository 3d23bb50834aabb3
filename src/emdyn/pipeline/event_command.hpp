#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "emdyn/series/records.hpp"

namespace emdyn::pipeline {

/// Runs a command for events, beside the work that raises them. `/bin/sh -c COMMAND` gets the event as JSON on its
/// standard input and in its environment: EMDYN_EVENT (the same JSON), EMDYN_RUN, EMDYN_SIGNAL, EMDYN_POSITION,
/// EMDYN_AXIS, EMDYN_KIND, EMDYN_DETECTOR, EMDYN_DIRECTION, and where the event has them EMDYN_SCORE, EMDYN_P_VALUE,
/// EMDYN_BEFORE, EMDYN_AFTER. Names are never part of the command. What it prints goes to standard error.
///
/// push() never waits: at most `at_once` commands run at a time, `waiting` events wait, further ones are dropped and
/// counted. A command that runs longer than `limit` is ended with all it started.
class EventCommand {
 public:
  struct Options {
    std::string command{};
    std::size_t at_once = 4;
    std::size_t waiting = 256;
    std::chrono::milliseconds limit{60'000};
  };
  struct Counts {
    std::uint64_t run = 0;
    std::uint64_t failed = 0;
    std::uint64_t dropped = 0;
  };

  /// @throws ConfigError for an empty command or no room for one.
  explicit EventCommand(const Options& options);
  /// Ends what still runs.
  ~EventCommand();
  EventCommand(const EventCommand&) = delete;
  EventCommand& operator=(const EventCommand&) = delete;

  void push(const series::Event& event);
  /// Waits until all has run, at most so long. @return whether all has.
  bool finish(std::chrono::milliseconds most);
  Counts counts() const;
  /// What went wrong for the first time since it was asked: the first failure, the first event dropped; "" for nothing.
  std::string take_warning();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::pipeline
