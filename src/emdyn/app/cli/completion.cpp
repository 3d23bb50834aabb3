#include <fmt/format.h>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::app::cli {
namespace {

// Options are read from the verb's own --help, so that the scripts never fall behind.
constexpr std::string_view kBash = R"script(_emdyn() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "@VERBS@ --help --version" -- "$cur"))
  elif [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$(emdyn "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _emdyn emdyn
)script";

constexpr std::string_view kZsh = R"script(#compdef emdyn
_emdyn() {
  if (( CURRENT == 2 )); then
    compadd -- @VERBS@ --help --version
  elif [[ "$words[CURRENT]" == -* ]]; then
    compadd -- $(emdyn "$words[2]" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
  else
    _files
  fi
}
compdef _emdyn emdyn
)script";

constexpr std::string_view kFish =
    R"script(complete -c emdyn -n __fish_use_subcommand -f -a "@VERBS@"
complete -c emdyn -n 'not __fish_use_subcommand' -a '(emdyn (commandline -opc)[2] --help 2>/dev/null | string match -rga -- "--[a-z][a-z-]*")'
)script";

}  // namespace

int run_completion(Arguments arguments, Console& console) {
  CLI::App app("Print the completion script of a shell.", "completion");
  std::string shell;
  bool json = false;
  app.add_option("SHELL", shell, "bash, zsh or fish")->required();
  app.add_flag("--json", json, "the script as one JSON document");
  app.footer("Example: emdyn completion bash > ~/.local/share/bash-completion/completions/emdyn");
  if (!app::terminal::parse(app, arguments, console)) return kFine;

  std::string names;
  for (const app::terminal::Verb& verb : verbs())
    names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
  std::string_view pattern;
  if (shell == "bash") {
    pattern = kBash;
  } else if (shell == "zsh") {
    pattern = kZsh;
  } else if (shell == "fish") {
    pattern = kFish;
  } else {
    throw ConfigError(
        fmt::format("completion: SHELL must be bash, zsh or fish, got \"{}\"", shell));
  }
  std::string script(pattern);
  constexpr std::string_view kHole = "@VERBS@";
  script.replace(script.find(kHole), kHole.size(), names);
  if (json) {
    console.json(Json{{"shell", shell}, {"script", script}});
  } else {
    console.raw(script);
  }
  return kFine;
}

}  // namespace emdyn::app::cli
