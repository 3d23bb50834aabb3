#include "emdyn/terminal/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::terminal {
namespace {

/// The unknown option among the arguments, with the nearest one that exists.
std::string unknown_option_message(const CLI::App& app, const std::string& what) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& rest : app.remaining(true)) {
    const std::string word = rest.substr(0, rest.find('='));
    if (!word.starts_with("-")) {
      return fmt::format("{}: unexpected argument \"{}\"; see emdyn {} --help", app.get_name(),
                         terminal_safe(rest), app.get_name());
    }
    const auto near = nearest_word(word, known);
    return fmt::format("{}: unknown option {}{}; see emdyn {} --help", app.get_name(),
                       terminal_safe(word), near ? fmt::format(" (did you mean {}?)", *near) : "",
                       app.get_name());
  }
  return fmt::format("{}: {}", app.get_name(), what);
}

}  // namespace

bool parse(CLI::App& app, std::span<const std::string> arguments, Console& console) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    console.raw(app.help());
    return false;
  } catch (const CLI::ExtrasError& error) {
    throw ConfigError(unknown_option_message(app, error.what()));
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    std::ranges::replace(what, '\n', ' ');
    throw ConfigError(fmt::format("{}: {}; see emdyn {} --help", app.get_name(),
                                  terminal_safe(what), app.get_name()));
  }
  return true;
}

Params parse_settings(const std::vector<std::string>& texts, std::string_view option) {
  Params params;
  for (const std::string& text : texts) {
    const auto equal = text.find('=');
    if (equal == std::string::npos || equal == 0) {
      throw ConfigError(
          fmt::format("{} needs NAME=VALUE, got \"{}\"", option, terminal_safe(text)));
    }
    params[text.substr(0, equal)] = text.substr(equal + 1);
  }
  return params;
}

}  // namespace emdyn::terminal
