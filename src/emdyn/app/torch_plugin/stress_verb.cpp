#include "emdyn/app/torch_plugin/stress_verb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::torch_plugin {
namespace {

// The only list of sub-verbs.
constexpr std::array kSubVerbs{
    app::terminal::Verb{"all", "everything below, on one page of evidence", &run_stress_all},
    app::terminal::Verb{"attack", "how many answers break within which radius", &run_stress_attack},
    app::terminal::Verb{"certify", "proofs that no input within a radius changes the answer",
                        &run_stress_certify},
    app::terminal::Verb{"corrupt",
                        "errors under noise, blur, weather, digital and geometric changes",
                        &run_stress_corrupt},
    app::terminal::Verb{"ood", "how well scores tell strange inputs from familiar ones",
                        &run_stress_ood},
};

std::string known() {
  std::string names;
  for (const app::terminal::Verb& verb : kSubVerbs)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", verb.name);
  return names;
}

void print_help(app::terminal::Console& console) {
  console.line("Provoke a network: hostile, corrupted and strange inputs.");
  console.line("Usage: emdyn stress WHAT [OPTIONS]\n");
  for (const app::terminal::Verb& verb : kSubVerbs)
    console.line(fmt::format("  {:<10} {}", verb.name, verb.help));
  console.line("\nemdyn stress WHAT --help lists its options.");
}

}  // namespace

int run_stress(std::span<const std::string> arguments, app::terminal::Console& console) {
  if (arguments.empty()) throw ConfigError(fmt::format("stress: say what: {}", known()));
  if (arguments[0] == "--help" || arguments[0] == "-h") {
    print_help(console);
    return 0;
  }
  const auto found = std::ranges::find(kSubVerbs, arguments[0], &app::terminal::Verb::name);
  if (found == kSubVerbs.end()) {
    throw ConfigError(fmt::format("stress: unknown word \"{}\"; known: {}",
                                  terminal_safe(arguments[0]), known()));
  }
  return found->run(arguments.subspan(1), console);
}

provoke::trial::Subject load_subject(const provoke::trial::SubjectSource& source,
                                     app::terminal::Console& console) {
  provoke::trial::Subject subject = provoke::trial::load_subject(source);
  for (const std::string& note : subject.notes) console.note(note);
  return subject;
}

}  // namespace emdyn::app::torch_plugin
