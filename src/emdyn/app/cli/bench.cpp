#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/plugin_loader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

constexpr const char* kBenchProgram = "emdyn-bench";

/// Becomes the program at `path`; returns only where that cannot be run.
void become(const std::string& path, Arguments arguments) {
  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(path.c_str(), pointers.data());
}

}  // namespace

int run_bench(Arguments arguments, Console&) {
  const std::array<std::string, 1> libexec{"../libexec/emdyn"};
  auto places = app::terminal::installed_places(kBenchProgram, "EMDYN_BENCH", libexec);
  for (const std::string& place : places) {
    if (!std::filesystem::exists(place)) continue;
    become(place, arguments);
    throw UnavailableError(
        fmt::format("bench: {} cannot be started: {}", terminal_safe(place), std::strerror(errno)));
  }
  const char* given = std::getenv("EMDYN_BENCH");
  if (given == nullptr || *given == '\0') {
    become(kBenchProgram, arguments);
    places.emplace_back("PATH");
  }
  throw UnavailableError(
      fmt::format("bench is a program of its own, {}, and is not installed (looked at {}); install "
                  "the package emdyn-bench that scripts/package.sh makes, or build it: cmake "
                  "--build build/release --target emdyn-bench",
                  kBenchProgram, terminal_safe(app::terminal::place_list(places))));
}

}  // namespace emdyn::app::cli
