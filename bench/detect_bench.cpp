#include "detect_bench.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/bank.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/signal_watch.hpp"

namespace emdyn::bench {
namespace {

using detect::AnyDetector;
using detect::Domain;

constexpr std::size_t kBlock = 1024;
constexpr double kSecondsEach = 0.25;

/// Processor seconds of this thread: what else the machine does is left out.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
double seconds_since(double start) { return thread_seconds() - start; }

std::vector<double> stream(Domain domain, std::size_t count) {
  Philox random(1);
  std::vector<double> values(count);
  for (double& value : values) {
    switch (domain) {
      case Domain::real:
        value = random.normal();
        break;
      case Domain::unit_interval:
        value = random.uniform();
        break;
      case Domain::binary:
        value = random.uniform() < 0.2 ? 1.0 : 0.0;
        break;
      case Domain::count:
        value = std::floor(-2.0 * std::log(1.0 - random.uniform()));
        break;
    }
  }
  return values;
}

/// Updates per second in blocks, on as much of the samples as the time allows.
double block_rate(AnyDetector& detector, std::span<const double> samples) {
  std::vector<double> scores(kBlock);
  double sum = 0.0;
  std::size_t done = 0;
  const auto start = thread_seconds();
  while (done < samples.size() && seconds_since(start) < kSecondsEach) {
    const std::size_t count = std::min(kBlock, samples.size() - done);
    detector.score(samples.subspan(done, count), std::span(scores).first(count));
    sum += scores[0];
    done += count;
  }
  const double seconds = seconds_since(start);
  return std::isfinite(sum) ? static_cast<double>(done) / seconds : 0.0;
}

double sample_rate(AnyDetector& detector, std::span<const double> samples) {
  std::vector<double> scores;
  std::size_t done = 0;
  const auto start = thread_seconds();
  while (done < samples.size()) {
    scores.push_back(detector.update(samples[done++]));
    if (done % kBlock == 0 && seconds_since(start) >= kSecondsEach) break;
  }
  return static_cast<double>(done) / seconds_since(start);
}

Row watch_row(std::size_t count) {
  const auto samples = stream(Domain::real, std::min<std::size_t>(count, 300'000));
  std::vector<series::Event> events;
  detect::SignalWatch watch("bench");
  const auto start = thread_seconds();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    watch.push(static_cast<double>(i), samples[i], events);
  }
  return {"watch", static_cast<double>(samples.size()) / seconds_since(start), "samples/s", {}, ""};
}

/// The EWMA + CUSUM pair over many signals on one core, against the two scalar detectors called
/// one after the other; an update is one sample through both.
Row bank_row(std::size_t signals) {
  constexpr std::size_t kRows = 128;
  const ThreadLimit one_core(1);
  const auto samples = stream(Domain::real, signals * kRows);
  std::vector<double> scores(signals);
  detect::DetectorBank bank(signals, {});
  bank.update(samples, scores);  // Baselines.
  std::size_t updates = 0;
  auto start = thread_seconds();
  while (seconds_since(start) < 2.0 * kSecondsEach) {
    bank.update(samples, scores);
    updates += samples.size();
  }
  const double value = static_cast<double>(updates) / seconds_since(start);
  const auto ewma = detect::make_detector("ewma");
  const auto cusum = detect::make_detector("cusum");
  std::vector<double> out(samples.size());
  start = thread_seconds();
  ewma->score(samples, out);
  cusum->score(samples, out);
  const double baseline = static_cast<double>(samples.size()) / seconds_since(start);
  return {"bank", value, "updates/s", baseline, "ewma and cusum, one signal after the other"};
}

}  // namespace

std::vector<Row> detect_rows(const DetectBenchOptions& options) {
  std::vector<Row> rows;
  for (const detect::Entry& entry : detect::entries()) {
    const auto samples = stream(entry.domain, options.samples);
    const auto blocks = entry.make({});
    const auto singles = entry.make({});
    (void)block_rate(*blocks, std::span(samples).first(std::min(samples.size(), kBlock)));
    const double baseline = sample_rate(*singles, samples);
    const double value = block_rate(*blocks, samples);
    rows.push_back({std::string(entry.name), value, "updates/s", baseline,
                    "one virtual call a sample, scores appended"});
  }
  rows.push_back(bank_row(options.bank_signals));
  rows.push_back({"bank/bytes_per_signal",
                  static_cast<double>(detect::DetectorBank::bytes_per_signal()),
                  "bytes",
                  {},
                  ""});
  rows.push_back(watch_row(options.samples));
  return rows;
}

}  // namespace emdyn::bench
