#include "many_signals_bench.hpp"

#include <algorithm>
#include <array>

#include "domain_stream.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/detect/live/many_signals.hpp"
#include "memory_use.hpp"
#include "processor_time.hpp"
#include "textbook.hpp"

namespace emdyn::bench {
namespace {

constexpr double kTurnSeconds = 0.15;
constexpr double kMegabyte = 1e6;

template <class Method>
double many_rate(detect::ManySignals<Method>& many, std::span<const double> samples,
                 std::span<double> scores) {
  std::size_t updates = 0;
  const double start = thread_seconds();
  double spent = 0.0;
  while (spent < kTurnSeconds) {
    many.update(samples, scores);
    updates += samples.size();
    spent = thread_seconds() - start;
  }
  return static_cast<double>(updates) / spent;
}

template <class Method>
void measure(const std::string& name, std::size_t signals, std::vector<Row>& out) {
  const std::size_t rows = std::clamp<std::size_t>(2'000'000 / signals, 8, 128);
  const ThreadLimit one_core(1);
  const auto samples = domain_stream(Method::kDomain, signals * rows);
  const double heap = heap_bytes();
  const double peak = peak_resident_bytes();
  detect::ManySignals<Method> many(signals, {});
  std::vector<double> scores(signals);
  for (std::size_t row = 0; row < kWarmupRows; row += rows) many.update(samples, scores);
  const double held = heap_bytes() - heap;
  const double raised = peak_resident_bytes() - peak;

  // The better of three turns each, taken alternately.
  const Textbook& plain = *find_textbook(Method::kName);
  double value = 0.0;
  double baseline = 0.0;
  for (int turn = 0; turn < 3; ++turn) {
    value = std::max(value, many_rate(many, samples, scores));
    baseline = std::max(baseline, plain.array_rate(signals, samples, kTurnSeconds));
  }
  const auto plain_bytes = static_cast<double>(plain.bytes);
  const std::string_view against = "an array of plain textbook structs, row by row";
  out.push_back({name, value, "updates/s", baseline, std::string(against)});
  out.push_back({name + "/bytes_per_signal", static_cast<double>(many.bytes_per_signal()), "bytes",
                 plain_bytes, std::string(against)});
  out.push_back({name + "/heap", held / kMegabyte, "MB",
                 plain_bytes * static_cast<double>(signals) / kMegabyte,
                 "the array of plain structs, without scores"});
  out.push_back({name + "/peak_raised", raised / kMegabyte, "MB", {}, ""});
}

template <class Method>
constexpr ManySignalsBench many_signals_bench() {
  return {Method::kName, &measure<Method>};
}

// clang-format off
constexpr std::array kBenches{
    many_signals_bench<detect::EwmaCusum>(),
    many_signals_bench<detect::Cusum>(),
    many_signals_bench<detect::Ddm>(),
    many_signals_bench<detect::ECusum>(),
    many_signals_bench<detect::ESr>(),
    many_signals_bench<detect::Eddm>(),
    many_signals_bench<detect::Ewma>(),
    many_signals_bench<detect::HddmA>(),
    many_signals_bench<detect::HddmW>(),
    many_signals_bench<detect::KSigma>(),
    many_signals_bench<detect::PageHinkley>(),
};
// clang-format on

}  // namespace

std::span<const ManySignalsBench> many_signals_benches() { return kBenches; }

}  // namespace emdyn::bench
