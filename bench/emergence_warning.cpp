#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/warning/early_warning.hpp"
#include "emdyn/model/lab/dynamics/registry.hpp"
#include "emergence_bench.hpp"

namespace emdyn::bench {
namespace {

using model::lab::dynamics::registry;

constexpr std::size_t kWarningSamples = 1000;

struct Warned {
  double score = 0.0;  ///< The strongest trend towards slowing down, in −log p.
  bool alarm = false;
};

Warned warned_by(const std::vector<double>& values) {
  std::vector<double> positions;
  for (std::size_t i = 0; i < values.size(); ++i) positions.push_back(static_cast<double>(i));
  emergence::EarlyWarningOptions options;
  options.window = static_cast<std::int64_t>(values.size()) / 4;
  options.replicates = 99;
  const auto warning = emergence::early_warning("state", positions, values, options);
  Warned out{.alarm = emergence::warns(warning)};
  for (const emergence::Indicator& indicator : warning.indicators)
    if (emergence::says_slowing(indicator))
      out.score = std::max(out.score, -std::log(indicator.p_value));
  return out;
}

/// The state of a lab up to nine tenths of the way to its bifurcation.
std::vector<double> lab_series(std::string_view lab, std::uint64_t seed) {
  Params params{{"seed", std::to_string(seed)},
                {"steps", std::to_string(kWarningSamples)},
                {"noise", "0.02"}};
  if (registry().find(lab).fields().dump().find("\"end\"") != std::string::npos)
    params["end"] = "0.1";
  const auto experiment = registry().find(lab).make(params);
  return model::lab::record(*experiment).find("state")->values;
}

/// An endemic disease with a yearly contact rate and chance infections: seasons, but no transition.
std::vector<double> seasonal_epidemic(std::uint64_t seed) {
  Philox random(seed, 0x534549);
  double susceptible = 0.1, infected = 0.002;
  std::vector<double> values;
  for (std::size_t t = 0; t < 20 * kWarningSamples; ++t) {
    const double season = 1.0 + 0.1 * std::cos(0.06 * static_cast<double>(t) / 20.0 * 6.28);
    const double caught = 0.01 * 10.0 * season * susceptible * infected;
    const double chance = 0.02 * std::sqrt(caught) * random.normal() * 0.1;
    susceptible += 0.01 * 0.02 * (1.0 - susceptible) - caught - chance;
    infected = std::fabs(infected + caught + chance - 0.01 * infected);
    if (t % 20 == 0) values.push_back(infected);
  }
  return values;
}

/// The loss of stochastic gradient descent on a noisy quadratic at a constant rate.
std::vector<double> descent_loss(std::uint64_t seed) {
  Philox random(seed, 0x534744);
  constexpr std::size_t kWeights = 20;
  std::vector<double> weights(kWeights, 1.0), values;
  for (std::size_t t = 0; t < kWarningSamples; ++t) {
    double loss = 0.0;
    for (std::size_t k = 0; k < kWeights; ++k) {
      const double curvature = 1.0 / static_cast<double>(1 + k);
      loss += 0.5 * curvature * weights[k] * weights[k];
      weights[k] -= 0.1 * (curvature * weights[k] + 0.3 * random.normal());
    }
    values.push_back(loss);
  }
  return values;
}

std::vector<Warned> warned_series(std::size_t count, const auto& draw) {
  std::vector<Warned> list(count);
  parallel_for(count, [&](std::size_t i) { list[i] = warned_by(draw(i + 1)); });
  return list;
}

/// Chance that a series before a bifurcation scores above one that stays.
double area_under_curve(const std::vector<Warned>& positive, const std::vector<Warned>& negative) {
  double sum = 0.0;
  for (const Warned& p : positive)
    for (const Warned& n : negative)
      sum += p.score > n.score ? 1.0 : p.score == n.score ? 0.5 : 0.0;
  return sum / static_cast<double>(positive.size() * negative.size());
}

double alarm_share(const std::vector<Warned>& list) {
  return static_cast<double>(std::ranges::count(list, true, &Warned::alarm)) /
         static_cast<double>(list.size());
}

}  // namespace

std::vector<Row> warning_figure_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  const std::uint64_t seed = options.seed * 1000;
  const auto null = warned_series(
      2 * options.series, [&](std::size_t i) { return lab_series("no_transition", seed + i); });
  for (const char* lab : {"fold", "hopf", "transcritical"}) {
    const auto before =
        warned_series(options.series, [&](std::size_t i) { return lab_series(lab, seed + i); });
    rows.push_back(at_least(fmt::format("warning/{}/auc", lab), area_under_curve(before, null), .95,
                            "area under the curve"));
    rows.push_back(
        {fmt::format("warning/{}/warned", lab), alarm_share(before), "share", std::nullopt, ""});
  }
  rows.push_back(at_most("warning/no_transition/false_alarms", alarm_share(null), .05, "share"));
  const auto epidemic =
      warned_series(options.series, [&](std::size_t i) { return seasonal_epidemic(seed + i); });
  rows.push_back(
      at_most("warning/seasonal_epidemic/false_alarms", alarm_share(epidemic), .05, "share"));
  const auto descent =
      warned_series(options.series, [&](std::size_t i) { return descent_loss(seed + i); });
  rows.push_back(
      at_most("warning/gradient_descent/false_alarms", alarm_share(descent), .05, "share"));
  return rows;
}

}  // namespace emdyn::bench
