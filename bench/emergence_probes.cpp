#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/dynamics/registry.hpp"
#include "emdyn/probe/geometry/cka.hpp"
#include "emdyn/probe/geometry/intrinsic_dimension.hpp"
#include "emdyn/probe/spectra/heavy_tail.hpp"
#include "emdyn/probe/spectra/marchenko_pastur.hpp"
#include "emergence_bench.hpp"

namespace emdyn::bench {
namespace {

/// Whether a value lies within two of its standard errors of the truth.
bool within_error(const probe::Estimate& estimate, double truth) {
  return estimate.standard_error &&
         std::fabs(estimate.value - truth) <= 2.0 * *estimate.standard_error;
}

double share_of(std::size_t count, const auto& holds) {
  std::vector<char> held(count);
  parallel_for(count, [&](std::size_t i) { held[i] = holds(i); });
  return static_cast<double>(std::ranges::count(held, 1)) / static_cast<double>(count);
}

bool tail_holds(double alpha, Philox random) {
  std::vector<double> values(2000);
  for (double& value : values) value = std::pow(1.0 - random.uniform(), -1.0 / (alpha - 1.0));
  return within_error(probe::heavy_tail(values).alpha, alpha);
}

/// Points on a sphere of `dimension` in one more extent.
bool sphere_holds(std::size_t dimension, Philox random) {
  constexpr std::size_t kPoints = 1500;
  const std::size_t width = dimension + 1;
  std::vector<double> points(kPoints * width);
  for (std::size_t i = 0; i < kPoints; ++i) {
    double square = 0.0;
    for (std::size_t j = 0; j < width; ++j) {
      points[i * width + j] = random.normal();
      square += points[i * width + j] * points[i * width + j];
    }
    for (std::size_t j = 0; j < width; ++j) points[i * width + j] /= std::sqrt(square);
  }
  const auto found = probe::two_nn(math::matrix_view(points.data(), kPoints, width));
  return within_error(found.dimension, static_cast<double>(dimension));
}

std::vector<double> random_matrix(std::size_t rows, std::size_t columns, Philox random) {
  std::vector<double> values(rows * columns);
  for (double& value : values) value = random.normal();
  return values;
}

/// Spikes found in a pure noise matrix, with `planted` rank-one signals far beyond the edge.
std::size_t spikes_found(std::size_t planted, Philox random) {
  constexpr std::size_t kRows = 200, kColumns = 100;
  std::vector<double> weights = random_matrix(kRows, kColumns, random);
  for (std::size_t s = 0; s < planted; ++s) {
    for (std::size_t i = 0; i < kRows; ++i)
      for (std::size_t j = 0; j < kColumns; ++j)
        weights[i * kColumns + j] += (i % (planted + 1) == s && j % (planted + 1) == s) ? 3.0 : 0.0;
  }
  const auto view = math::matrix_view(weights.data(), kRows, kColumns);
  return probe::marchenko_pastur(probe::spectrum(view)).spikes;
}

double independent_likeness(Philox random) {
  constexpr std::size_t kRows = 60, kUnits = 200;
  const auto x = random_matrix(kRows, kUnits, random);
  const auto y = random_matrix(kRows, kUnits, Philox(random() + 1ULL));
  return probe::linear_cka(math::matrix_view(x.data(), kRows, kUnits),
                           math::matrix_view(y.data(), kRows, kUnits))
      .debiased.value;
}

}  // namespace

std::vector<Row> probe_figure_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  const auto stream = [&](std::uint64_t part, std::size_t i) {
    return Philox(options.seed, (part << 40) + i);
  };
  for (const double alpha : {2.0, 3.0, 4.0}) {
    rows.push_back(at_least(fmt::format("probes/alpha_{:.0f}/within_two_errors", alpha),
                            share_of(options.series,
                                     [&](std::size_t i) {
                                       return tail_holds(
                                           alpha, stream(static_cast<std::uint64_t>(alpha), i));
                                     }),
                            .85, "share"));
  }
  for (const std::size_t dimension : {2U, 5U}) {
    rows.push_back(at_least(
        fmt::format("probes/two_nn_sphere_{}/within_two_errors", dimension),
        share_of(options.series,
                 [&](std::size_t i) { return sphere_holds(dimension, stream(10 + dimension, i)); }),
        .85, "share"));
  }
  rows.push_back(at_most(
      "probes/marchenko_pastur/false_spikes",
      share_of(options.series, [&](std::size_t i) { return spikes_found(0, stream(20, i)) > 0; }),
      .05, "share"));
  rows.push_back(at_least(
      "probes/marchenko_pastur/planted_found",
      share_of(options.series, [&](std::size_t i) { return spikes_found(2, stream(21, i)) == 2; }),
      .90, "share"));
  double sum = 0.0;
  for (std::size_t i = 0; i < options.series; ++i) sum += independent_likeness(stream(22, i));
  rows.push_back(at_most("probes/cka_independent",
                         std::fabs(sum) / static_cast<double>(options.series), .02, "mean"));
  return rows;
}

std::vector<Row> critical_point_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  for (const char* lab : {"kuramoto", "ising", "percolation"}) {
    const auto experiment =
        model::lab::dynamics::registry().find(lab).make({{"seed", std::to_string(options.seed)}});
    const auto run = model::lab::record(*experiment);
    for (const Json& truth : run.info.notes["truth"]) {
      Row row = at_most(fmt::format("critical/{}", lab), truth["relative_error"].get<double>(), .02,
                        truth["quantity"].get<std::string>());
      row.baseline = truth["expected"].get<double>();
      row.baseline_name = "theory; the value is the relative error";
      rows.push_back(std::move(row));
      break;  // The critical point comes first.
    }
  }
  return rows;
}

}  // namespace emdyn::bench
