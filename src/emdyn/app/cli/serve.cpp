#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <mutex>

#include "emdyn/app/cli/alarm_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/serve/run_serve.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"

namespace emdyn::app::cli {
namespace {

constexpr std::uint64_t kMostTokenBytes = 1 << 16;

struct ServeRequest {
  StoreOption store;
  std::string store_argument;
  ReadOption read;
  AlarmOption alarms;
  std::vector<std::filesystem::path> watch;
  std::filesystem::path token_file;
  serve::ServeOptions options;
};

void add_options(CLI::App& app, ServeRequest& request) {
  serve::ServeOptions& options = request.options;
  app.add_option("STORE", request.store_argument, "folder of runs; as --store");
  app.add_option("--watch", request.watch,
                 "file or folder to follow into the store while serving; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--port", options.server.port, "0 takes a free one")->capture_default_str();
  app.add_option("--address", options.server.address,
                 "to listen on; any but this machine's own (127.0.0.1, ::1) needs a token")
      ->capture_default_str();
  app.add_option(
      "--token-file", request.token_file,
      "a token on each line, \"read SECRET\" or \"write SECRET\"; without it one is made "
      "where one is needed, and shown once");
  app.add_flag("--read-only", options.read_only, "nobody may change anything")->excludes("--watch");
  app.add_option("--host-name", options.host_names,
                 "a name the server is reached by, beside its address; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--poll", options.watch_options.poll_seconds,
                 "seconds between looks at what is watched")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  request.alarms.add_to(app);
  request.store.add_to(app);
  request.read.add_to(app);
}

void prepare(const CLI::App& app, ServeRequest& request) {
  serve::ServeOptions& options = request.options;
  if (!request.store_argument.empty()) request.store.path = request.store_argument;
  options.store = request.store.path;
  options.watch = request.watch;
  for (const auto& path : options.watch) {
    if (!std::filesystem::exists(path)) {
      throw DataError(
          fmt::format("{}: no such file or folder to watch: make it first, or correct the path",
                      terminal_safe(path.string())));
    }
  }
  if (options.watch.empty()) (void)request.store.open(collect::store::Mode::read);
  options.watch_options.read = request.read.get();
  options.watch_options.recorder =
      request.alarms.get(app, request.store.path, options.watch_options.read);
  options.watch_options.forecast.emplace();
  if (!request.token_file.empty()) {
    options.tokens = serve::parse_tokens(read_whole_file(request.token_file, kMostTokenBytes),
                                         terminal_safe(request.token_file.string()));
  }
}

void tell_ready(const serve::ServeOptions::Ready& ready, bool json, Console& console) {
  for (const std::string& problem : ready.problems) console.note("emdyn: warning: " + problem);
  if (!ready.new_token.empty()) {
    console.note(fmt::format("token, shown this once: {}", ready.new_token));
    console.note(
        "  curl -H \"Authorization: Bearer TOKEN\" …/api/v1/runs; a browser opens the address below");
  }
  console.note(fmt::format("{} runs; open {}", count_text(ready.runs), ready.open));
  console.note("Ctrl-C ends it");
  if (json) {
    console.json(Json{{"url", ready.url},
                      {"open", ready.open},
                      {"api", ready.url + "/api/v1"},
                      {"runs", ready.runs}});
  }
}

}  // namespace

int run_serve(Arguments arguments, Console& console) {
  CLI::App app(
      "The live page of a store and its HTTP API, until Ctrl-C. It listens on this machine alone "
      "unless told otherwise, and follows files into the store while it serves (--watch).",
      "serve");
  ServeRequest request;
  add_options(app, request);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  prepare(app, request);
  std::mutex lines;  // Warnings and audit lines come from several threads.
  const auto note = [&](const std::string& text) {
    const std::lock_guard lock(lines);
    console.note(text);
  };
  request.options.on_ready = [&](const serve::ServeOptions::Ready& ready) {
    const std::lock_guard lock(lines);
    tell_ready(ready, request.store.json, console);
  };
  request.options.on_warning = [&](std::string_view text) {
    note(fmt::format("emdyn: warning: {}", text));
  };
  request.options.audit = [&](const Json& line) { note("audit " + json_text(line)); };
  const std::atomic<bool> never{false};
  const std::atomic<bool>* stop = console.stop_flag();
  serve::run_serve(request.options, stop != nullptr ? *stop : never);
  return kFine;
}

}  // namespace emdyn::app::cli
