#pragma once
#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"

namespace emdyn::app::terminal {

/// Where a verb writes: data to standard output, everything else to standard error.
///
/// Colour and progress bars appear on a terminal only; NO_COLOR switches colour off. Writing to a
/// pipe that was closed, or to a full disk, throws: nothing is lost in silence.
class Console {
 public:
  struct Options {
    std::FILE* out = stdout;
    std::FILE* err = stderr;
    const std::atomic<bool>* interrupted = nullptr;  ///< Set by Ctrl-C.
  };

  explicit Console(const Options& options);

  /// One line of text to standard output. @throws StoreError when it cannot be written.
  void line(std::string_view text);
  /// One JSON document (or one line of NDJSON) to standard output.
  void json(const Json& document);
  /// Exactly these bytes to standard output.
  void raw(std::string_view bytes);
  /// A line to standard error, after clearing a progress bar that stands there.
  void note(std::string_view text);
  /// "emdyn: warning: …" to standard error. Told before the next line of output or at the end, the
  /// same text once with a count; never told when the program refuses: a refusal is one line.
  void warn(std::string_view text);
  /// "emdyn: …" to standard error, told when warnings are.
  void remark(std::string_view text);
  /// Tells the warnings and remarks that are held, or drops them.
  void tell_held();
  void drop_held() noexcept { held_.clear(); }
  /// Replaces the progress line on a terminal; does nothing in a pipe.
  void status(std::string_view text);
  void clear_status();

  bool interrupted() const noexcept {
    return options_.interrupted != nullptr && *options_.interrupted;
  }
  const std::atomic<bool>* stop_flag() const noexcept { return options_.interrupted; }
  bool err_is_terminal() const noexcept { return err_terminal_; }
  bool out_is_terminal() const noexcept { return out_terminal_; }
  bool colour() const noexcept { return colour_; }
  int columns() const noexcept;
  /// Columns that a line of output may fill: the terminal's, or 400 where there is none.
  std::size_t line_width() const noexcept;

  /// Text in bold or in a colour of the house's palette where colour is on; plain text elsewhere.
  std::string bold(std::string_view text) const;
  std::string faint(std::string_view text) const;
  std::string red(std::string_view text) const;
  std::string green(std::string_view text) const;

 private:
  std::string styled(std::string_view code, std::string_view text) const;

  Options options_;
  bool out_terminal_;
  bool err_terminal_;
  bool colour_;
  bool status_shown_ = false;
  struct Held {
    std::string text;
    std::size_t count;
  };
  void hold(std::string text);
  std::vector<Held> held_;
};

}  // namespace emdyn::app::terminal
