#include "detect_bench.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/bank.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/signal_watch.hpp"
#include "emdyn/detect/vector/vector_registry.hpp"
#include "processor_time.hpp"
#include "textbook.hpp"

namespace emdyn::bench {
namespace {

using detect::AnyDetector;
using detect::Domain;

constexpr std::size_t kBlock = 1024;
constexpr double kSecondsEach = 0.25;

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

/// Bytes the program holds on the heap; 0 where the allocator does not tell.
double heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

double peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// What one detector holds, itself included.
Row memory_row(const detect::Entry& entry) {
  constexpr std::size_t kCopies = 16;
  std::vector<std::unique_ptr<AnyDetector>> detectors(kCopies);
  const double before = heap_bytes();
  for (auto& detector : detectors) detector = entry.make({});
  const double each = (heap_bytes() - before) / static_cast<double>(kCopies);
  return {fmt::format("memory/{}", entry.name), each, "bytes/signal", {}, ""};
}

Row signal_row(const detect::Entry& entry, std::size_t count) {
  const auto samples = stream(entry.domain, count);
  const auto blocks = entry.make({});
  (void)block_rate(*entry.make({}), std::span(samples).first(std::min(count, kBlock)));
  const auto textbook = textbook_rate(entry.name, samples, kSecondsEach);
  const double value = block_rate(*blocks, samples);
  if (textbook) {
    return {std::string(entry.name), value, "updates/s", textbook, "plain textbook implementation"};
  }
  const auto singles = entry.make({});
  return {std::string(entry.name), value, "updates/s", sample_rate(*singles, samples),
          "one virtual call a sample, scores appended"};
}

Row channels_row(const detect::VectorEntry& entry) {
  constexpr std::size_t kChannels = 5;
  constexpr std::size_t kWarmup = 600;
  const auto rows = stream(Domain::real, 4096 * kChannels);
  const auto detector = entry.make({}, kChannels);
  const auto row = [&](std::size_t i) {
    return detect::RowView{std::span(rows).subspan(i % 4096 * kChannels, kChannels)};
  };
  std::size_t done = 0;
  for (; done < kWarmup; ++done) detector->update(row(done));
  const double start = thread_seconds();
  while (done % 64 != 0 || seconds_since(start) < kSecondsEach) detector->update(row(done++));
  const double value = static_cast<double>(done - kWarmup) / seconds_since(start);
  const auto textbook = textbook_row_rate(entry.name, rows, kChannels, kSecondsEach);
  return {std::string(entry.name), value, "rows/s", textbook,
          textbook ? "plain textbook implementation" : ""};
}

/// The EWMA + CUSUM pair over many signals on one core, against an array of plain pairs fed the
/// same samples; an update is one sample through both charts. The memory is what the bank and its
/// scores hold, and by how much they raised the peak of the process; samples are the caller's.
void bank_rows(std::size_t signals, std::vector<Row>& out) {
  const std::size_t rows = std::clamp<std::size_t>(2'000'000 / signals, 8, 128);
  const ThreadLimit one_core(1);
  const auto samples = stream(Domain::real, signals * rows);
  const double heap = heap_bytes();
  const double peak = peak_resident_bytes();
  detect::DetectorBank bank(signals, {});
  std::vector<double> scores(signals);
  for (std::size_t row = 0; row < 104; row += rows) bank.update(samples, scores);  // Baselines.
  std::size_t updates = 0;
  auto start = thread_seconds();
  while (updates == 0 || seconds_since(start) < 4.0 * kSecondsEach) {
    bank.update(samples, scores);
    updates += samples.size();
  }
  const double value = static_cast<double>(updates) / seconds_since(start);
  const double held = heap_bytes() - heap;
  const double raised = peak_resident_bytes() - peak;

  const double plain_heap = heap_bytes();
  std::vector<TextbookPair> pairs(signals);
  const double plain_held = heap_bytes() - plain_heap;
  const auto feed = [&] {
    for (std::size_t row = 0; row < rows; ++row) {
      const double* sample = samples.data() + row * signals;
      for (std::size_t i = 0; i < signals; ++i) {
        scores[i] = std::max(scores[i], pairs[i].update(sample[i]));
      }
    }
  };
  for (std::size_t row = 0; row < 104; row += rows) feed();
  updates = 0;
  start = thread_seconds();
  while (updates == 0 || seconds_since(start) < 2.0 * kSecondsEach) {
    feed();
    updates += samples.size();
  }
  const double baseline = static_cast<double>(updates) / seconds_since(start);
  const auto name = [&](std::string_view what) {
    return signals == DetectBenchOptions{}.bank_signals ? fmt::format("bank{}", what)
                                                        : fmt::format("bank/{}{}", signals, what);
  };
  constexpr double kMegabyte = 1e6;
  out.push_back({name(""), value, "updates/s", baseline, "an array of plain pairs, row by row"});
  out.push_back({name("/bytes_per_signal"),
                 static_cast<double>(detect::DetectorBank::bytes_per_signal()), "bytes",
                 static_cast<double>(sizeof(TextbookPair)), "an array of plain pairs"});
  out.push_back({name("/heap"), held / kMegabyte, "MB", plain_held / kMegabyte,
                 "an array of plain pairs, without scores"});
  out.push_back({name("/peak_raised"), raised / kMegabyte, "MB", {}, ""});
}

}  // namespace

std::vector<Row> detect_rows(const DetectBenchOptions& options) {
  std::vector<Row> rows;
  if (!options.bank_only) {
    for (const detect::Entry& entry : detect::entries()) {
      rows.push_back(signal_row(entry, options.samples));
    }
    for (const detect::VectorEntry& entry : detect::vector_entries()) {
      rows.push_back(channels_row(entry));
    }
    rows.push_back(watch_row(options.samples));
    for (const detect::Entry& entry : detect::entries()) rows.push_back(memory_row(entry));
  }
  bank_rows(options.bank_signals, rows);
  return rows;
}

}  // namespace emdyn::bench
