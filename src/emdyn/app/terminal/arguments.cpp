#include "emdyn/app/terminal/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::terminal {
namespace {

constexpr std::size_t kHelpColumns = 80;
constexpr std::size_t kOptionColumn = 30;  // Where CLI11 puts the description of an option.

/// Breaks a line at spaces; what follows is indented by `indent`.
std::string wrapped_line(std::string_view line, std::size_t indent) {
  std::string text;
  std::size_t width = kHelpColumns;
  while (line.size() > width) {
    std::size_t cut = line.rfind(' ', width);
    if (cut == std::string_view::npos || line.find_first_not_of(' ') >= cut) break;
    text += line.substr(0, cut);
    text += "\n" + std::string(indent, ' ');
    line.remove_prefix(cut + 1);
    width = kHelpColumns - indent;
  }
  return text + std::string(line);
}

/// The help of a verb as it is typed, in lines that fit a terminal.
std::string help_text(const CLI::App& app) {
  std::string help = app.help();
  // CLI11 writes a range as "FLOAT:FLOAT in [0 - 1]".
  for (const std::string_view type : {"FLOAT", "INT", "UINT"}) {
    const std::string twice = fmt::format("{0}:{0} in [", type);
    for (std::size_t at = help.find(twice); at != std::string::npos; at = help.find(twice, at))
      help.erase(at, type.size() + 1);
  }
  if (const auto usage = help.find("Usage: "); usage != std::string::npos)
    help.insert(usage + 7, "emdyn ");
  std::string text;
  std::size_t start = 0;
  while (start < help.size()) {
    const std::size_t end = std::min(help.find('\n', start), help.size());
    const std::string_view line = std::string_view(help).substr(start, end - start);
    text += wrapped_line(line, line.starts_with("  ") ? kOptionColumn : 0) + "\n";
    start = end + 1;
  }
  return text;
}

/// Notes what each option's variable holds before parsing, for the help to show; not where the
/// description tells the default in words, nor where there is none (empty, or 0 for off).
void capture_defaults(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_default_str().empty()) continue;
    if (option->get_description().find("default") != std::string::npos) continue;
    option->capture_default_str();
    const std::string text = option->get_default_str();
    if (text == "[]" || text == "{}" || text == "\"\"" || text == "0") option->default_str("");
  }
  for (CLI::App* each : app.get_subcommands([](CLI::App*) { return true; }))
    capture_defaults(*each);
}

/// The unknown option among the arguments, with the nearest one that exists.
std::string unknown_option_message(const CLI::App& app, const std::string& what) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  std::string subcommands;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    subcommands += fmt::format("{}{}", subcommands.empty() ? "" : ", ", each->get_name());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& rest : app.remaining(true)) {
    const std::string word = rest.substr(0, rest.find('='));
    if (!word.starts_with("-") && !subcommands.empty()) {
      return fmt::format("{}: unknown word \"{}\"; known: {}", app.get_name(), terminal_safe(rest),
                         subcommands);
    }
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
  capture_defaults(app);
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    console.raw(help_text(app));
    return false;
  } catch (const CLI::ExtrasError& error) {
    throw ConfigError(unknown_option_message(app, error.what()));
  } catch (const CLI::RequiredError& error) {
    const bool unknown = !app.remaining(true).empty();
    throw ConfigError(unknown ? unknown_option_message(app, error.what())
                              : fmt::format("{}: {}; see emdyn {} --help", app.get_name(),
                                            error.what(), app.get_name()));
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

}  // namespace emdyn::app::terminal
