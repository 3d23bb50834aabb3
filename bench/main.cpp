#include <fmt/format.h>

#include <algorithm>

#include "emdyn/app/terminal/program.hpp"
#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "verbs.hpp"

namespace {

using namespace emdyn;

std::string usage() {
  std::string text =
      "emdyn-bench: speed and quality of each part, beside a baseline in the same run\n\n"
      "usage: emdyn-bench WHAT [OPTIONS]      (or: emdyn bench WHAT [OPTIONS])\n\n";
  for (const app::terminal::Verb& verb : bench::verbs())
    text += fmt::format("  {:<12} {}\n", verb.name, verb.help);
  text +=
      "\n  --list       these, one a line; with --json as a list\n"
      "  --version    version and build\n"
      "  --help       this text; emdyn-bench WHAT --help for a bench\n\n"
      "--json prints {rows: [{name, value, unit, baseline, baseline_name, ratio}]}.\n";
  return text;
}

int list(bool json, app::terminal::Console& console) {
  Json all = Json::array();
  for (const app::terminal::Verb& verb : bench::verbs()) {
    all.push_back({{"name", verb.name}, {"help", verb.help}});
    if (!json) console.line(fmt::format("{:<12} {}", verb.name, verb.help));
  }
  if (json) console.json(Json{{"benches", std::move(all)}});
  return app::terminal::kFine;
}

int run(std::span<const std::string> arguments, app::terminal::Console& console) {
  if (arguments.empty()) {
    console.note(usage());
    return app::terminal::kUsage;
  }
  const bool json = std::ranges::find(arguments, "--json") != arguments.end();
  std::string word = arguments.front();
  if (word == "--json" && arguments.size() > 1) word = arguments[1];
  if (word == "--help" || word == "-h" || word == "help") {
    console.raw(usage());
    return app::terminal::kFine;
  }
  if (word == "--list") return list(json, console);
  if (word == "--version") {
    console.line(
        fmt::format("emdyn-bench {} ({}, {}, {})", kVersion, kCommit, kBuildType, kCompiler));
    return app::terminal::kFine;
  }
  const auto verb = std::ranges::find(bench::verbs(), word, &app::terminal::Verb::name);
  if (verb != bench::verbs().end()) {
    std::vector<std::string> rest(arguments.begin(), arguments.end());
    rest.erase(std::ranges::find(rest, word));
    return verb->run(rest, console);
  }
  std::vector<std::string_view> names;
  for (const app::terminal::Verb& each : bench::verbs()) names.push_back(each.name);
  const auto near = nearest_word(word, names);
  throw ConfigError(fmt::format("no bench is called \"{}\"{}; see emdyn-bench --list",
                                terminal_safe(word),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

}  // namespace

int main(int argc, char** argv) {
  return app::terminal::run_program("emdyn-bench", argc, argv, &run);
}
