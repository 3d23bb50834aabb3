#include "emdyn/app/terminal/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "emdyn/core/error.hpp"

namespace emdyn::app::terminal {
namespace {

bool is_terminal(std::FILE* file) { return isatty(fileno(file)) == 1; }

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
         std::strcmp(term, "dumb") != 0;
}

}  // namespace

Console::Console(const Options& options)
    : options_(options),
      out_terminal_(is_terminal(options.out)),
      err_terminal_(is_terminal(options.err)),
      colour_(out_terminal_ && wants_colour()) {}

void Console::raw(std::string_view bytes) {
  tell_held();
  clear_status();
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), options_.out) == bytes.size();
  if (!written || std::fflush(options_.out) != 0) {
    throw StoreError(
        fmt::format("standard output: {}; the output is incomplete", std::strerror(errno)));
  }
}

void Console::line(std::string_view text) { raw(fmt::format("{}\n", text)); }

void Console::json(const Json& document) { raw(json_text(document) + "\n"); }

void Console::note(std::string_view text) {
  tell_held();
  clear_status();
  fmt::print(options_.err, "{}\n", text);
}

void Console::warn(std::string_view text) { hold(fmt::format("emdyn: warning: {}", text)); }
void Console::remark(std::string_view text) { hold(fmt::format("emdyn: {}", text)); }

void Console::hold(std::string text) {
  const auto same = std::ranges::find(held_, text, &Held::text);
  if (same == held_.end()) {
    held_.push_back({std::move(text), 1});
  } else {
    ++same->count;
  }
}

void Console::tell_held() {
  if (held_.empty()) return;
  clear_status();
  for (const Held& one : std::exchange(held_, {})) {
    const std::string times = one.count > 1 ? fmt::format(" ({} times)", one.count) : "";
    fmt::print(options_.err, "{}{}\n", one.text, times);
  }
}

void Console::status(std::string_view text) {
  if (!err_terminal_) return;
  fmt::print(options_.err, "\r\x1b[2K{}", text);
  std::fflush(options_.err);
  status_shown_ = true;
}

void Console::clear_status() {
  if (!status_shown_) return;
  fmt::print(options_.err, "\r\x1b[2K");
  std::fflush(options_.err);
  status_shown_ = false;
}

std::size_t Console::line_width() const noexcept {
  return out_terminal_ ? static_cast<std::size_t>(columns()) : 400;
}

int Console::columns() const noexcept {
  winsize size{};
  std::FILE* terminal = out_terminal_ ? options_.out : options_.err;
  if (ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string Console::styled(std::string_view code, std::string_view text) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string Console::bold(std::string_view text) const { return styled("1", text); }
std::string Console::faint(std::string_view text) const { return styled("2", text); }
std::string Console::red(std::string_view text) const { return styled("31", text); }
std::string Console::green(std::string_view text) const { return styled("32", text); }

}  // namespace emdyn::app::terminal
