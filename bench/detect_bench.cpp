#include "detect_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>

#include "domain_stream.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"
#include "many_signals_bench.hpp"
#include "memory_use.hpp"
#include "processor_time.hpp"
#include "textbook.hpp"

namespace emdyn::bench {
namespace {

using detect::AnyDetector;
using detect::Domain;

constexpr std::size_t kBlock = 1024;
constexpr double kSecondsEach = 0.1;  // Of each turn.

double seconds_since(double start) { return thread_seconds() - start; }

/// Updates per second in blocks; the samples are gone through again and again.
double block_rate(AnyDetector& detector, std::span<const double> samples) {
  std::vector<double> scores(kBlock);
  double sum = 0.0;
  std::size_t done = 0;
  const double start = thread_seconds();
  double spent = 0.0;
  while (spent < kSecondsEach) {
    const std::size_t at = done % samples.size();
    const std::size_t count = std::min(kBlock, samples.size() - at);
    detector.score(samples.subspan(at, count), std::span(scores).first(count));
    sum += scores[0];
    done += count;
    spent = seconds_since(start);
  }
  return std::isfinite(sum) ? static_cast<double>(done) / spent : 0.0;
}

double sample_rate(AnyDetector& detector, std::span<const double> samples) {
  std::vector<double> scores;
  std::size_t done = 0;
  const double start = thread_seconds();
  while (done < samples.size()) {
    scores.push_back(detector.update(samples[done++]));
    if (done % kBlock == 0 && seconds_since(start) >= kSecondsEach) break;
  }
  return static_cast<double>(done) / seconds_since(start);
}

/// The whole way from samples to events, as every door runs it.
double live_rate(std::string_view detector, std::span<const double> samples) {
  detect::DetectOptions options;
  options.detector = detector;
  std::vector<series::Event> events;
  detect::SeriesDetector live("bench", series::Axis::step, options);
  std::size_t done = 0;
  const double start = thread_seconds();
  while (done < samples.size()) {
    (void)live.push(static_cast<double>(done), samples[done], events);
    if (++done % kBlock == 0 && seconds_since(start) >= kSecondsEach) break;
  }
  return static_cast<double>(done) / seconds_since(start);
}

Row live_row(std::string_view detector, std::size_t count) {
  const auto samples = domain_stream(Domain::real, std::min<std::size_t>(count, 300'000));
  return {fmt::format("live/{}", detector), live_rate(detector, samples), "samples/s",
          live_rate(detect::kWatch, samples), "live/watch"};
}

/// Bytes of each of `copies` detectors, itself and the allocator's own bytes included.
double bytes_each(const detect::Entry& entry, std::size_t copies) {
  std::vector<std::unique_ptr<AnyDetector>> detectors(copies);
  const double before = heap_bytes();
  for (auto& detector : detectors) detector = entry.make({});
  return (heap_bytes() - before) / static_cast<double>(copies);
}

/// What one detector holds: of so many copies that what the allocator holds besides does not count.
Row memory_row(const detect::Entry& entry) {
  constexpr double kRoom = 64e6;
  const double about = std::max(bytes_each(entry, 16), 1.0);
  const auto copies = static_cast<std::size_t>(std::clamp(kRoom / about, 16.0, 10'000.0));
  return {fmt::format("memory/{}", entry.name), bytes_each(entry, copies), "bytes/signal", {}, ""};
}

/// The better of three turns each, taken alternately: what disturbs the machine for a while spoils
/// neither alone.
Row signal_row(const detect::Entry& entry, std::size_t count) {
  const auto samples = domain_stream(entry.domain, count);
  const auto blocks = entry.make({});
  const auto singles = entry.make({});
  const Textbook* textbook = find_textbook(entry.name);
  double value = 0.0;
  double baseline = 0.0;
  for (int turn = 0; turn < 3; ++turn) {
    baseline = std::max(baseline, textbook != nullptr ? textbook->rate(samples, kSecondsEach)
                                                      : sample_rate(*singles, samples));
    value = std::max(value, block_rate(*blocks, samples));
  }
  return {std::string(entry.name), value, "updates/s", baseline,
          textbook != nullptr ? "plain textbook implementation"
                              : "one virtual call a sample, scores appended"};
}

Row channels_row(const detect::VectorEntry& entry) {
  constexpr std::size_t kChannels = 5;
  constexpr std::size_t kWarmup = 600;
  const auto rows = domain_stream(Domain::real, 4096 * kChannels);
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

/// Which rows are wanted, and what there is to choose from.
class Choice {
 public:
  explicit Choice(std::string_view only) : only_(only) {}
  bool operator()(std::string name) {
    const bool chosen =
        only_.empty() || name == only_ ||
        (name.starts_with(only_) && name.size() > only_.size() && name[only_.size()] == '/');
    known_.push_back(std::move(name));
    return chosen;
  }
  /// @throws ConfigError offering the nearest name.
  [[noreturn]] void refuse() const {
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    const auto near = nearest_word(only_, known);
    throw ConfigError(fmt::format(
        "bench detect has no row \"{}\"{}; name a detector, \"memory\" or \"many_signals\"",
        terminal_safe(only_), near ? fmt::format(" (did you mean {}?)", *near) : std::string()));
  }

 private:
  std::string_view only_;
  std::vector<std::string> known_;
};

void many_signals_rows(std::size_t signals, Choice& wanted, std::vector<Row>& rows) {
  const bool usual = signals == DetectBenchOptions{}.many_signals;
  const std::string pair = usual ? "many_signals" : fmt::format("many_signals/{}", signals);
  for (const ManySignalsBench& each : many_signals_benches()) {
    const std::string name =
        each.name == "ewma_cusum" ? pair : fmt::format("{}/{}", pair, each.name);
    if (wanted(name)) each.measure(name, signals, rows);
  }
}

}  // namespace

std::vector<Row> detect_rows(const DetectBenchOptions& options) {
  std::vector<Row> rows;
  Choice wanted(options.only);
  many_signals_rows(options.many_signals, wanted, rows);  // First: see ManySignalsBench::measure.
  if (!options.many_signals_only) {
    for (const detect::Entry& entry : detect::entries()) {
      if (wanted(std::string(entry.name))) rows.push_back(signal_row(entry, options.samples));
    }
    for (const detect::VectorEntry& entry : detect::vector_entries()) {
      if (wanted(std::string(entry.name))) rows.push_back(channels_row(entry));
    }
    for (const std::string_view detector : {detect::kDefaultDetector, detect::kWatch}) {
      if (wanted(fmt::format("live/{}", detector)))
        rows.push_back(live_row(detector, options.samples));
    }
    for (const detect::Entry& entry : detect::entries()) {
      if (wanted(fmt::format("memory/{}", entry.name))) rows.push_back(memory_row(entry));
    }
  }
  if (rows.empty()) wanted.refuse();
  return rows;
}

}  // namespace emdyn::bench
