#include "emdyn/app/terminal/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace emdyn::app::terminal {
namespace {

constexpr std::size_t kBarCells = 20;

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(std::floor(share * kBarCells));
  std::string text;
  for (std::size_t i = 0; i < kBarCells; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

std::string sparkline(std::span<const double> values, std::size_t width) {
  static constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.size() > width) values = values.last(width);
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  std::string text;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      text += ' ';
      continue;
    }
    const double share = high > low ? (value - low) / (high - low) : 0.0;
    text += kBars[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8.0))];
  }
  return text;
}

std::string clock_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e7) return "?";
  const auto whole = static_cast<long>(std::lround(seconds));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string fit_columns(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && used++ == columns) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          std::string_view unit, double seconds, std::string_view tail,
                          std::size_t columns) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0.0;
  std::string text;
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const double left = rate > 0 ? static_cast<double>(total - std::min(done, total)) / rate : NAN;
    text = fmt::format("{} {} {:3.0f} %  {:.0f} {}/s  {} left", label, bar(share), 100.0 * share,
                       rate, unit, clock_text(left));
  } else {
    text = fmt::format("{} {} {}  {:.0f} {}/s", label, done, unit, rate, unit);
  }
  if (!tail.empty()) text += fmt::format("  {}", tail);
  return fit_columns(text, columns);
}

Progress::Progress(Console& console, std::string label, std::uint64_t total, std::string unit)
    : console_(console),
      label_(std::move(label)),
      total_(total),
      unit_(std::move(unit)),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { console_.clear_status(); }

void Progress::update(std::uint64_t done, std::string_view tail) {
  if (!console_.err_is_terminal()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  console_.status(progress_line(label_, done, total_, unit_, seconds, tail,
                                static_cast<std::size_t>(console_.columns() - 1)));
}

}  // namespace emdyn::app::terminal
