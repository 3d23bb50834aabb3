#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "emdyn/app/terminal/console.hpp"

namespace emdyn::app::terminal {

/// Eight-level bars of the values, scaled to their own range; a missing value is a space.
std::string sparkline(std::span<const double> values, std::size_t width);

/// "1:05", "2:03:04" for a number of seconds.
std::string clock_text(double seconds);

/// Cuts a text to `columns` terminal columns without cutting a UTF-8 sequence (one column each).
std::string fit_columns(std::string_view text, std::size_t columns);

/// One line on standard error for long work: bar, share, rate, time left, and a tail of the
/// caller's (sparkline, last event). Shown on a terminal only, at most ten times a second.
class Progress {
 public:
  Progress(Console& console, std::string label, std::uint64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done, std::string_view tail = "");

 private:
  Console& console_;
  std::string label_;
  std::uint64_t total_;  // 0 when not known.
  std::string unit_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point shown_;
};

/// The line itself: a pure function, so that it can be tested.
std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          std::string_view unit, double seconds, std::string_view tail,
                          std::size_t columns);

}  // namespace emdyn::app::terminal
