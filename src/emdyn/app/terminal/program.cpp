#include "emdyn/app/terminal/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/task.hpp"

namespace {

std::atomic<bool> program_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void on_program_signal(int number) {
  program_interrupted.store(true);
  std::signal(number, SIG_DFL);
}

constexpr const char* kOutOfMemory = "out of memory; try fewer signals or a smaller setting";
std::array<char, 160> last_line{};  // Made before memory is short.
std::terminate_handler handler_before = nullptr;

/// A failed allocation where nothing may be thrown, such as the destructor of a JSON document, which needs memory to
/// take its parts apart: the program ends there, as if it had been killed, but with its line and its exit code.
[[noreturn]] void end_at_once() {
  try {
    if (const auto reason = std::current_exception()) std::rethrow_exception(reason);
  } catch (const std::bad_alloc&) {
    const auto length = std::char_traits<char>::length(last_line.data());
    (void)!::write(STDERR_FILENO, last_line.data(), length);
    ::_exit(emdyn::app::terminal::kUnavailable);
  } catch (...) {
    // The handler of before tells what it was.
  }
  if (handler_before != nullptr) handler_before();
  std::abort();
}

}  // namespace

namespace emdyn::app::terminal {

int run_program(const char* name, int argc, char** argv, ProgramRun* run) {
  std::signal(SIGINT, on_program_signal);
  std::signal(SIGTERM, on_program_signal);
  // A reader that goes away (emdyn … | head) ends the program quietly, whoever started it.
  std::signal(SIGPIPE, SIG_DFL);
  std::snprintf(last_line.data(), last_line.size(), "%s: %s\n", name, kOutOfMemory);
  handler_before = std::set_terminate(end_at_once);
  Console console({.interrupted = &program_interrupted});
  const auto fail = [&](const std::string& what, int code) {
    console.drop_held();
    console.note(fmt::format("{}: {}", name, what));
    return code;
  };
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const int code = run(arguments, console);
    console.tell_held();
    return console.interrupted() ? kInterrupted : code;
  } catch (const Task::Stopped&) {
    console.note("interrupted");
    return kInterrupted;
  } catch (const ConfigError& error) {
    return fail(error.what(), kUsage);
  } catch (const UnavailableError& error) {
    return fail(error.what(), kUnavailable);
  } catch (const Error& error) {
    return fail(error.what(), kBadInput);
  } catch (const std::bad_alloc&) {
    return fail(kOutOfMemory, kUnavailable);
  } catch (const std::exception& error) {
    return fail(fmt::format("internal error: {}; please report it", error.what()), EXIT_FAILURE);
  }
}

}  // namespace emdyn::app::terminal
