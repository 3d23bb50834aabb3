#include "emdyn/app/serve/run_serve.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stop_token>
#include <thread>

#include "emdyn/app/serve/change_watch.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/build_info.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Service::Options service_options(const ServeOptions& options, std::string& new_token) {
  Service::Options service;
  service.store = options.store;
  service.read_only = options.read_only;
  service.access.tokens = options.tokens;
  service.access.host_names = options.host_names;
  service.audit = options.audit;
  service.version = fmt::format("{} ({})", kVersion, kCommit);
  for (const auto& path : options.watch) service.watched.push_back(path.filename().string());
  if (options.tokens.empty() && !is_loopback(options.server.address)) {
    new_token = random_secret();
    service.access.tokens.push_back(
        {new_token, options.read_only ? Permission::read : Permission::write});
  }
  return service;
}

/// Follows one path into the store for as long as the server lives. Its trouble is told, and does not
/// end the server.
void follow(const ServeOptions& options, const std::filesystem::path& path, Service& service,
            const std::stop_token& stop) {
  const auto tell = [&](std::string_view text) {
    service.problem(text);
    if (options.on_warning) options.on_warning(text);
  };
  try {
    auto store = collect::store::Store::open(options.store, collect::store::Mode::write);
    pipeline::WatchOptions watch = options.watch_options;
    watch.on_warning = tell;
    pipeline::watch(store, path, watch, Task(stop));
  } catch (const std::exception& error) {
    tell(fmt::format("{} is no longer watched: {}", terminal_safe(path.string()), error.what()));
  }
}

}  // namespace

bool run_serve(const ServeOptions& options, const std::atomic<bool>& stop) {
  if (!options.watch.empty())
    (void)collect::store::Store::open(options.store, collect::store::Mode::write);
  ServeOptions::Ready ready;
  Service service(service_options(options, ready.new_token));
  Server server(service, options.server);
  // Notices are taken before the store is read: nothing falls between.
  ChangeWatch changes(service.index(), service.stream());
  ready.problems = service.index().refresh();
  ready.runs = service.index().runs()->size();
  ready.url = server.url();
  ready.open = ready.url + "/";
  if (!service.access().open()) {
    const Permission role = options.read_only ? Permission::read : Permission::write;
    ready.open += "?ticket=" + service.access().new_ticket(role, now_seconds());
  }
  if (options.on_ready) options.on_ready(ready);

  std::vector<std::jthread> threads;
  threads.emplace_back([&](const std::stop_token& token) { changes.run(token); });
  for (const auto& path : options.watch) {
    threads.emplace_back(
        [&, path](const std::stop_token& token) { follow(options, path, service, token); });
  }
  const bool ended = server.run(stop);
  for (std::jthread& thread : threads) thread.request_stop();
  for (std::jthread& thread : threads) thread.join();
  if (ended) return true;
  // The thread that still answers holds the service: neither may go before the process.
  if (options.on_warning)
    options.on_warning("an answer was still being made; nothing it does is written");
  std::_Exit(130);
}

}  // namespace emdyn::app::serve
