#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/cli/version.hpp"
#include "emdyn/app/terminal/program.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/core/text.hpp"

namespace {

using namespace emdyn;
using namespace emdyn::app::cli;

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

int run(std::span<const std::string> arguments, app::terminal::Console& console) {
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
  return verb->run(arguments.subspan(1), console);
}

}  // namespace

int main(int argc, char** argv) { return app::terminal::run_program("emdyn", argc, argv, &run); }
