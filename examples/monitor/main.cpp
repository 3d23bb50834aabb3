// A training that watches itself: two signals are logged at every step, events are told as they
// happen, and the store they end in is what `emdyn report` reads. Usage: monitor_example [STORE]
#include <cmath>
#include <cstdio>
#include <string>
#include <thread>

#include "emdyn/collect/monitor/monitor.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace {

using namespace emdyn;
using collect::monitor::Monitor;

/// Stands for a step of a real training: a loss that falls, and jumps at step 1,200.
double loss_at(int step, Philox& noise) {
  const double jump = step >= 1200 ? 0.8 * std::exp(-(step - 1200) / 400.0) : 0.0;
  return 0.3 + 2.0 * std::exp(-step / 300.0) + jump + 0.02 * noise.normal();
}

void on_event(const series::Event& event) {  // In the monitor's own thread.
  std::printf("event at step %g: %s of %s, by %s\n", event.position,
              std::string(series::word(event.kind)).c_str(), event.signal.c_str(),
              event.detector.c_str());
}

int train(const std::string& folder) {
  auto store = collect::store::Store::open(folder, collect::store::Mode::write);
  series::RunInfo about;
  about.name = "example";
  about.configuration = {{"learning_rate", 1e-3}, {"steps", 2000}};

  collect::monitor::MonitorOptions options;  // A full ring drops points: training is never blocked.
  options.recorder.detection.alpha = 1e-4;   // False alarms a sample; `auto` is the detector.
  Monitor monitor(store.create(about), options, on_event);
  const Monitor::SignalId loss = monitor.add_signal("train_loss");
  const Monitor::SignalId rate = monitor.add_signal("learning_rate");

  // Any thread may log; each has a ring of its own.
  std::thread scheduler([&] {
    for (int step = 0; step < 2000; step += 100) monitor.log(rate, step, 1e-3 * (1 - step / 2e3));
  });
  Philox noise(1);
  for (int step = 0; step < 2000; ++step) monitor.log(loss, step, loss_at(step, noise));
  scheduler.join();
  monitor.finish(series::RunStatus::finished);  // Throws why, if the disk refused points.

  std::printf("run %s: %llu points, %llu dropped, %llu events\n", monitor.run_id().c_str(),
              static_cast<unsigned long long>(monitor.points()),
              static_cast<unsigned long long>(monitor.dropped()),
              static_cast<unsigned long long>(monitor.events()));
  return monitor.events() > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return train(argc > 1 ? argv[1] : "emdyn-store");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
