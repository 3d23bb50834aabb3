#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/cli/version.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/core/text.hpp"

namespace {

using namespace emdyn;
using namespace emdyn::app::cli;

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// The first Ctrl-C asks the verb to end with a valid store; the second one ends the process at
// once.
extern "C" void on_signal(int number) {
  interrupted.store(true);
  std::signal(number, SIG_DFL);
}

std::string usage() {
  std::string text =
      "emdyn: detect, predict, explain and provoke emergent behaviour of machine-learning "
      "models\n\n"
      "usage: emdyn VERB [OPTIONS]\n\n";
  for (const app::terminal::Verb& verb : verbs())
    text += fmt::format("  {:<12} {}\n", verb.name, verb.help);
  text +=
      "\n  --version    version, build and machine\n"
      "  --help       this text; emdyn VERB --help for a verb\n\n"
      "Start with: emdyn demo\n"
      "Every verb takes --json. Exit codes: 0 fine, 1 the check said no, 2 usage, 3 bad input,\n"
      "4 unavailable, 130 interrupted.\n";
  return text;
}

[[noreturn]] void unknown_verb(const std::string& word) {
  std::vector<std::string_view> names;
  for (const app::terminal::Verb& verb : verbs()) names.push_back(verb.name);
  const auto near = nearest_word(word, names);
  throw ConfigError(fmt::format("unknown verb \"{}\"{}; see emdyn --help", terminal_safe(word),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

int run(const std::vector<std::string>& arguments, app::terminal::Console& console) {
  if (arguments.empty()) {
    console.note(usage());
    return kUsage;
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h" || word == "help") {
    console.raw(usage());
    return kFine;
  }
  if (word == "--version") {
    const bool json = arguments.size() > 1 && arguments[1] == "--json";
    json ? console.json(version_json()) : console.line(version_text());
    return kFine;
  }
  const auto verb = std::ranges::find(verbs(), word, &app::terminal::Verb::name);
  if (verb == verbs().end()) unknown_verb(word);
  const int code = verb->run(std::span(arguments).subspan(1), console);
  return console.interrupted() ? kInterrupted : code;
}

int fail(app::terminal::Console& console, const char* what, int code) {
  console.note(fmt::format("emdyn: {}", what));
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  // A reader that goes away (emdyn … | head) ends the program quietly, whoever started it.
  std::signal(SIGPIPE, SIG_DFL);
  app::terminal::Console console({.interrupted = &interrupted});
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc), console);
  } catch (const Task::Stopped&) {
    console.clear_status();
    return kInterrupted;
  } catch (const ConfigError& error) {
    return fail(console, error.what(), kUsage);
  } catch (const UnavailableError& error) {
    return fail(console, error.what(), kUnavailable);
  } catch (const Error& error) {
    return fail(console, error.what(), kBadInput);
  } catch (const std::bad_alloc&) {
    return fail(console, "out of memory; try fewer signals or a smaller setting", kUnavailable);
  } catch (const std::exception& error) {
    return fail(console, fmt::format("internal error: {}; please report it", error.what()).c_str(),
                EXIT_FAILURE);
  }
}
