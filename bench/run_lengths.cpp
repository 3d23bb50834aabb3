#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "calibration.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/alarm/run_length.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::bench {
namespace {

constexpr std::uint64_t kSeed = 20261;
// A run length's deviation is about its mean: 1 % after 10,000 runs.
constexpr double kFewestRuns = 10'000;
constexpr double kMostRuns = 20'000;
constexpr double kSlack = 0.5;
constexpr double kLambda = 0.2;
constexpr double kBet = 0.8;

struct Chart {
  std::string_view row;
  std::string_view name;
  bool bounded;   // Samples in [0, 1].
  bool promises;  // At least the run length, whatever the law.
  Params (*exact)(double arl0);
  /// Settings of the baseline, or nothing.
  Params (*approximate)(double arl0);
  std::string_view approximation;
};

Params given(std::string_view name, double value) {
  return {{"baseline_samples", "0"}, {std::string(name), shortest(value)}};
}

Params one_sided(double alpha) {
  Params params = given("alpha", alpha);
  params["side"] = "rise";
  return params;
}

double uniform(double x) { return std::clamp(x, 0.0, 1.0); }

/// Siegmund's approximation of one side, solved for the threshold by bisection.
double siegmund_threshold(double arl0) {
  double low = 0.0;
  double high = 60.0;
  for (int i = 0; i < 80; ++i) {
    const double b = 0.5 * (low + high) + 1.166;
    const double one =
        (std::exp(2.0 * kSlack * b) - 2.0 * kSlack * b - 1.0) / (2.0 * kSlack * kSlack);
    (0.5 * one < arl0 ? low : high) = 0.5 * (low + high);
  }
  return low;
}

constexpr std::array kCharts{
    Chart{"cusum", "cusum", false, false,
          [](double n) { return given("threshold_sigmas", detect::cusum_threshold(n, kSlack)); },
          [](double n) { return given("threshold_sigmas", siegmund_threshold(n)); },
          "Siegmund's approximation"},
    Chart{"ewma", "ewma", false, false,
          [](double n) { return given("limit_sigmas", detect::ewma_limit(n, kLambda)); },
          [](double n) { return given("limit_sigmas", detect::k_sigma_limit(n)); },
          "normal quantile"},
    Chart{"k_sigma", "k_sigma", false, false,
          [](double n) {
            return Params{{"warmup_samples", "0"}, {"k", shortest(detect::k_sigma_limit(n))}};
          },
          nullptr, ""},
    Chart{"e_sr", "e_sr", true, true, [](double n) { return given("alpha", 1.0 / n); }, nullptr,
          ""},
    Chart{"e_cusum", "e_cusum", true, true, [](double n) { return given("alpha", 1.0 / n); },
          nullptr, ""},
    Chart{"e_sr_known_law", "e_sr", true, false,
          [](double n) { return one_sided(detect::e_sr_alpha(n, kBet, 0.5, uniform)); },
          [](double n) { return one_sided(1.0 / n); }, "the promise for every law"},
    Chart{"e_cusum_known_law", "e_cusum", true, false,
          [](double n) { return one_sided(detect::e_cusum_alpha(n, kBet, 0.5, uniform)); },
          [](double n) { return one_sided(1.0 / n); }, "the promise for every law"},
};

std::uint64_t checksum_of(std::string_view name) {
  std::uint64_t sum = 0;
  for (const char c : name) sum = sum * 131 + static_cast<unsigned char>(c);
  return sum;
}

struct Measured {
  double mean = 0.0;
  double error = 0.0;
};

Measured measure(const Chart& chart, const Params& params, double arl0, double samples) {
  const auto runs = static_cast<std::size_t>(std::clamp(samples / arl0, kFewestRuns, kMostRuns));
  std::vector<double> lengths(runs);
  parallel_for(runs, [&](std::size_t run) {
    const auto detector = detect::make_detector(chart.name, params);
    // Of its own for each chart and run length, so that errors of chance are independent.
    Philox random(kSeed + checksum_of(chart.row) + static_cast<std::uint64_t>(arl0), run);
    double length = 0.0;
    do {
      length += 1.0;
    } while (detector->update(chart.bounded ? random.uniform() : random.normal()) <= 1.0 &&
             length < 1e3 * arl0);
    lengths[run] = length;
  });
  const double n = static_cast<double>(runs);
  double mean = 0.0;
  double squares = 0.0;
  for (const double length : lengths) mean += length / n;
  for (const double length : lengths) squares += (length - mean) * (length - mean) / (n - 1.0);
  return {mean, std::sqrt(squares / n)};
}

/// Run lengths, over the requested one, of charts whose baseline was learned from `learned`
/// samples.
void add_learned_rows(std::string_view name, double arl0, std::size_t learned,
                      const std::function<double(double shift, double scale)>& run_length,
                      std::vector<Row>& rows) {
  constexpr std::size_t kBaselines = 400;
  std::vector<double> ratios(kBaselines);
  parallel_for(kBaselines, [&](std::size_t i) {
    Philox random(kSeed + learned, i);
    const double n = static_cast<double>(learned);
    double mean = 0.0;
    double squares = 0.0;
    for (double k = 1.0; k <= n; k += 1.0) {
      const double x = random.normal();
      const double delta = x - mean;
      mean += delta / k;
      squares += delta * (x - mean);
    }
    const double sigma = std::sqrt(squares / (n - 1.0));
    ratios[i] = run_length(-mean / sigma, 1.0 / sigma) / arl0;
  });
  std::ranges::sort(ratios);
  for (const int quantile : {10, 50, 90}) {
    const auto at = static_cast<std::size_t>(quantile * static_cast<int>(kBaselines) / 100);
    rows.push_back({fmt::format("arl0/{}/{}/learned_{}/q{}", name, arl0, learned, quantile),
                    ratios[at],
                    "of the requested run length",
                    {},
                    ""});
  }
}

}  // namespace

std::vector<Row> bench_run_lengths(const CalibrationOptions& options, const Task& task) {
  std::vector<Row> rows;
  const auto samples = static_cast<double>(options.samples);
  const auto wanted = [&](std::string_view name) {
    return options.detectors.empty() || std::ranges::count(options.detectors, name) > 0;
  };
  for (const Chart& chart : kCharts) {
    if (!wanted(chart.name)) continue;
    for (const double arl0 : {100.0, 1000.0}) {
      task.check();
      task.tell({.what = "run lengths", .note = chart.row});
      const Measured found = measure(chart, chart.exact(arl0), arl0, samples);
      Row row{fmt::format("arl0/{}/{}", chart.row, arl0),
              found.mean / arl0,
              "measured/requested",
              {},
              ""};
      if (chart.approximate != nullptr) {
        row.baseline = measure(chart, chart.approximate(arl0), arl0, samples).mean / arl0;
        row.baseline_name = chart.approximation;
      }
      row.low = (found.mean - 1.96 * found.error) / arl0;
      row.high = (found.mean + 1.96 * found.error) / arl0;
      row.passes = *row.high >= 0.95 && (chart.promises || *row.low <= 1.05);
      rows.push_back(std::move(row));
    }
  }
  for (const std::size_t learned : {100UL, 1000UL}) {
    if (wanted("cusum")) {
      const double h = detect::cusum_threshold(1000.0, kSlack);
      add_learned_rows(
          "cusum", 1000.0, learned,
          [h](double shift, double scale) {
            return detect::cusum_run_length(kSlack, h, shift, scale);
          },
          rows);
    }
    if (wanted("ewma")) {
      const double limit = detect::ewma_limit(1000.0, kLambda);
      add_learned_rows(
          "ewma", 1000.0, learned,
          [limit](double shift, double scale) {
            return detect::ewma_run_length(kLambda, limit, shift, scale);
          },
          rows);
    }
  }
  return rows;
}

}  // namespace emdyn::bench
