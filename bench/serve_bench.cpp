#include "serve_bench.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "scratch_folder.hpp"
#include "serve_client.hpp"

namespace emdyn::bench {
namespace {

using collect::store::Mode;
using collect::store::Store;

constexpr double kEventsPerSecond = 10.0;
constexpr int kEventRuns =
    4;  // A run is told ten times a second at most: several share the events.
constexpr int kLooks = 200;

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

std::filesystem::path program_of(const ServeBenchOptions& options) {
  if (!options.program.empty()) return options.program;
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& place : {own / "emdyn", own / "../../bin/emdyn"})
    if (std::filesystem::exists(place, error)) return place;
  throw UnavailableError("bench serve: no emdyn beside this program: name it with --program");
}

void fill_list(const std::filesystem::path& folder, std::size_t runs, const Task& task) {
  Store store = Store::open(folder, Mode::write);
  const auto group = store.new_group();
  Philox random(1);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < runs; ++i) {
    task.check();
    series::RunInfo info;
    info.name = fmt::format("sweep/{:05}", i);
    info.created = 1.7e9 + static_cast<double>(i);
    info.configuration = Json{{"lr", random.uniform()}, {"seed", i}};
    auto writer = store.create(info, group);
    const auto loss = writer.add_signal("train_loss");
    for (int step = 0; step < 64; ++step)
      writer.append(loss, step, 1.0 / (1 + step) + 0.1 * random.uniform());
    writer.finish();
    ids.push_back(writer.id());
    if (i % 500 == 0) task.tell({"making runs", i, runs, "runs"});
  }
  group->publish();
  store.index(ids);
}

std::string fill_long(const std::filesystem::path& folder, std::size_t points) {
  Store store = Store::open(folder, Mode::write);
  series::RunInfo info;
  info.name = "long";
  auto writer = store.create(info);
  std::string id = writer.id();
  const auto loss = writer.add_signal("train_loss");
  Philox random(2);
  for (std::size_t i = 0; i < points; ++i) {
    writer.append(loss, static_cast<double>(i), random.normal());
    if (i % 1'000'000 == 0) writer.sync();
  }
  writer.finish();
  return id;
}

double milliseconds_of(HttpClient& client, const std::string& target) {
  const double began = clock_seconds();
  client.get(target);
  return 1e3 * (clock_seconds() - began);
}

void bench_list(const ServeBenchOptions& options, const std::filesystem::path& program,
                const std::filesystem::path& folder, std::vector<Row>& rows, const Task& task) {
  fill_list(folder, options.runs, task);
  const double began = clock_seconds();
  (void)Store::open(folder, Mode::read).runs();
  const double reading = clock_seconds() - began;
  const double start = clock_seconds();
  const ServerProcess server(program, folder);
  HttpClient client(server.port());
  client.get("/");
  client.get("/api/v1/runs?limit=100");
  rows.push_back(
      {"list/start", clock_seconds() - start, "s", reading, "reading the list in a program"});
  std::vector<double> times;
  for (int i = 0; i < kLooks; ++i) {
    task.check();
    times.push_back(milliseconds_of(
        client,
        fmt::format("/api/v1/runs?q=sweep%2F0{}&sort=name&offset={}&limit=100", i % 10, i)));
  }
  rows.push_back({"list/p95", quantile(times, 0.95), "ms", {}, ""});
  rows.push_back({"list/memory", server.resident_bytes() / 1e6, "MB", {}, ""});
}

void bench_overview(const ServeBenchOptions& options, const std::filesystem::path& program,
                    const std::filesystem::path& folder, std::vector<Row>& rows, const Task& task) {
  const std::string run = fill_long(folder, options.points);
  const ServerProcess server(program, folder);
  HttpClient client(server.port());
  const auto points = static_cast<double>(options.points);
  const std::string target =
      fmt::format("/api/v1/runs/{}/overviews?signal=train_loss&columns=800", run);
  const double first = milliseconds_of(client, target);
  Philox random(3);
  std::vector<double> times, scans;
  for (int i = 0; i < kLooks; ++i) {
    task.check();
    // Each range a share of the run between a thousandth and all of it.
    const double width = points * std::pow(10.0, -3.0 * random.uniform());
    const double from = (points - width) * random.uniform();
    times.push_back(milliseconds_of(
        client, fmt::format("{}&from={:.0f}&to={:.0f}", target, from, from + width)));
    if (i % 20 != 0) continue;
    const double began = clock_seconds();
    double sum = 0.0;
    Store::open(folder, Mode::read)
        .scan(run, "train_loss", {from, from + width}, [&](const auto& block) {
          for (const double value : block.values) sum += value;
        });
    scans.push_back(1e3 * (clock_seconds() - began) + 0.0 * sum);
  }
  rows.push_back({"overview/whole", first, "ms", {}, ""});
  rows.push_back(
      {"overview/p50", quantile(times, 0.5), "ms", quantile(scans, 0.5), "reading the points"});
  rows.push_back(
      {"overview/p95", quantile(times, 0.95), "ms", quantile(scans, 0.95), "reading the points"});
}

/// Records events at a steady pace until it is stopped.
class EventSource {
 public:
  explicit EventSource(const std::filesystem::path& folder)
      : thread_([folder](const std::stop_token& stop) { work(folder, stop); }) {}

 private:
  static void work(const std::filesystem::path& folder, const std::stop_token& stop) {
    Store store = Store::open(folder, Mode::write);
    std::vector<collect::store::RunWriter> writers;
    for (int i = 0; i < kEventRuns; ++i) {
      series::RunInfo info;
      info.name = fmt::format("events-{}", i);
      writers.push_back(store.create(info));
      writers.back().append(writers.back().add_signal("loss"), 0.0, 1.0);
      writers.back().sync();
    }
    for (std::size_t i = 0; !stop.stop_requested(); ++i) {
      std::this_thread::sleep_for(std::chrono::duration<double>(1.0 / kEventsPerSecond));
      series::Event event;
      event.signal = "loss";
      event.position = static_cast<double>(i);
      event.detector = "bench";
      event.score = clock_seconds();
      auto& writer = writers[i % writers.size()];
      writer.record(event);
      writer.sync();
    }
  }
  std::jthread thread_;
};

void bench_stream(std::size_t clients, double seconds, const std::filesystem::path& program,
                  const std::filesystem::path& folder, std::vector<Row>& rows) {
  (void)Store::open(folder, Mode::write);
  const ServerProcess server(program, folder);
  const double before = server.resident_bytes();
  StreamClients listeners(server.port(), clients);
  const EventSource source(folder);
  std::vector<double> delays, spreads, ignored;
  listeners.listen(1.0, ignored, ignored);
  const double used = server.processor_seconds();
  listeners.listen(seconds, delays, spreads);
  const double load = (server.processor_seconds() - used) / seconds;
  const std::string name = clients == 1 ? "event" : fmt::format("stream/{}", clients);
  rows.push_back({name + "/p50", 1e3 * quantile(delays, 0.5), "ms", {}, ""});
  rows.push_back({name + "/p95", 1e3 * quantile(delays, 0.95), "ms", {}, ""});
  rows.push_back({name + "/p99", 1e3 * quantile(delays, 0.99), "ms", {}, ""});
  if (clients > 1) {
    rows.push_back({name + "/spread_p99", 1e3 * quantile(spreads, 0.99), "ms", {}, ""});
    rows.push_back({name + "/heard",
                    static_cast<double>(delays.size()) / seconds / static_cast<double>(clients),
                    "events/s a client",
                    {},
                    ""});
    rows.push_back({name + "/resyncs", static_cast<double>(listeners.resyncs()), "times", {}, ""});
    rows.push_back({name + "/memory", (server.resident_bytes() - before) / 1e6, "MB", {}, ""});
  }
  rows.push_back({name + "/processor", 100.0 * load, "% of a core", {}, ""});
}

}  // namespace

std::vector<Row> bench_serve(const ServeBenchOptions& options, const Task& task) {
  const auto program = program_of(options);
  const ScratchFolder folder(options.folder);
  std::vector<Row> rows;
  bench_list(options, program, folder.path() / "list", rows, task);
  bench_overview(options, program, folder.path() / "long", rows, task);
  bench_stream(1, options.seconds, program, folder.path() / "one", rows);
  task.check();
  bench_stream(options.clients, options.seconds, program, folder.path() / "many", rows);
  return rows;
}

}  // namespace emdyn::bench
