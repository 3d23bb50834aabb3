#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/math/distributions.hpp"
#include "emergence_bench.hpp"

namespace emdyn::bench {
namespace {

constexpr std::size_t kSamples = 300;
constexpr double kSpacing = 10.0;  // Steps from one sample to the next.

/// A course from 0 to 1 over z = (position − middle)/width, with most of its change in |z| < 1.
struct RiseShape {
  const char* name;
  bool family;  ///< Among the shapes that are fitted.
  double (*at)(double z);
};

constexpr RiseShape kShapes[] = {
    {"logistic", true, [](double z) { return 1.0 / (1.0 + std::exp(-4.0 * z)); }},
    {"gompertz", true, [](double z) { return std::exp(-std::exp(-3.0 * z)); }},
    {"jump", true, [](double z) { return z >= 0.0 ? 1.0 : 0.0; }},
    {"normal", false, [](double z) { return math::normal_cdf(2.0 * z); }},
    {"ramp", false, [](double z) { return std::clamp(0.5 * (z + 1.0), 0.0, 1.0); }},
    {"approach", false, [](double z) { return z > 0.0 ? 1.0 - std::exp(-2.0 * z) : 0.0; }},
    {"algebraic", false, [](double z) { return 0.5 + z / std::sqrt(1.0 + 4.0 * z * z); }},
    {"two_steps", false,
     [](double z) {
       return 0.5 / (1.0 + std::exp(-8.0 * (z + 0.5))) + 0.5 / (1.0 + std::exp(-8.0 * (z - 0.5)));
     }},
    {"square_root", false,
     [](double z) { return std::sqrt(std::clamp(0.5 * (z + 1.0), 0.0, 1.0)); }}};

struct OnsetCount {
  std::size_t found = 0, held = 0, drawn = 0;
};

/// One series of a shape: middle, width and noise drawn; whether it was found and its onset held.
OnsetCount one_rise(const RiseShape& shape, double noise, Philox random) {
  const double length = kSpacing * static_cast<double>(kSamples - 1);
  const double middle = length * (0.35 + 0.3 * random.uniform());
  const double width = length * (0.03 + 0.09 * random.uniform());
  std::vector<double> positions, values;
  double error = 0.0;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const double x = kSpacing * static_cast<double>(i);
    error = 0.3 * error + std::sqrt(1.0 - 0.09) * noise * random.normal();
    positions.push_back(x);
    values.push_back(shape.at((x - middle) / width) + error);
  }
  // The onset: 10 % of the change within the observed positions, by bisection.
  const auto course = [&](double x) { return shape.at((x - middle) / width); };
  const double first = course(0.0), level = first + 0.1 * (course(length) - first);
  double low = 0.0, high = length;
  for (int i = 0; i < 60; ++i) {
    const double half = 0.5 * (low + high);
    (course(half) < level ? low : high) = half;
  }
  const auto fit = emergence::fit_transition("y", series::Axis::step, positions, values);
  OnsetCount count;
  count.drawn = 1;
  if (fit.transition.kind != series::TransitionKind::rise || !fit.transition.onset) return count;
  count.found = 1;
  count.held = fit.transition.onset->low <= high && high <= fit.transition.onset->high;
  return count;
}

OnsetCount count_rises(const RiseShape& shape, const EmergenceBenchOptions& options) {
  constexpr double kNoises[] = {0.01, 0.05, 0.1, 0.2};
  std::vector<OnsetCount> counts(options.series);
  parallel_for(options.series, [&](std::size_t i) {
    const auto stream = (static_cast<std::uint64_t>(&shape - kShapes) << 32) + i;
    counts[i] = one_rise(shape, kNoises[i % 4], Philox(options.seed, stream));
  });
  OnsetCount sum;
  for (const OnsetCount& each : counts) {
    sum.found += each.found;
    sum.held += each.held;
    sum.drawn += each.drawn;
  }
  return sum;
}

double share(std::size_t part, std::size_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0.0;
}

double heavy_noise(Philox& random, int freedom) {
  double square = 0.0;
  for (int i = 0; i < freedom; ++i) square += std::pow(random.normal(), 2);
  return random.normal() / std::sqrt(square / freedom);
}

/// A series without a transition.
struct NullSeries {
  const char* name;
  std::vector<double> (*draw)(Philox& random);
};

std::vector<double> coloured_null(Philox& random, double phi, double (*draw)(Philox&)) {
  std::vector<double> values(400);
  double state = 0.0;
  for (int i = 0; i < 200; ++i) state = phi * state + draw(random);
  for (double& value : values) value = state = phi * state + draw(random);
  return values;
}

std::vector<double> smooth_null(Philox& random, double (*course)(double along, Philox&)) {
  std::vector<double> values(400);
  const Philox setting = random;  // Every sample sees the same exponents.
  for (std::size_t i = 0; i < values.size(); ++i) {
    Philox same = setting;
    values[i] = course(static_cast<double>(i) / 399.0, same) + 0.03 * random.normal();
  }
  return values;
}

constexpr NullSeries kNulls[] = {
    {"white",
     [](Philox& r) { return coloured_null(r, 0.0, [](Philox& q) { return q.normal(); }); }},
    {"memory",
     [](Philox& r) { return coloured_null(r, 0.9, [](Philox& q) { return q.normal(); }); }},
    {"heavy_tailed",
     [](Philox& r) { return coloured_null(r, 0.8, [](Philox& q) { return heavy_noise(q, 3); }); }},
    {"very_heavy_tailed",
     [](Philox& r) { return coloured_null(r, 0.5, [](Philox& q) { return heavy_noise(q, 2); }); }},
    {"power_law",
     [](Philox& r) {
       return smooth_null(
           r, [](double u, Philox& q) { return std::pow(u + 0.005, -0.1 - 0.4 * q.uniform()); });
     }},
    {"saturating", [](Philox& r) {
       return smooth_null(
           r, [](double u, Philox& q) { return 1.0 - std::exp(-(1.0 + 3.0 * q.uniform()) * u); });
     }}};

}  // namespace

std::vector<Row> onset_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  OnsetCount family, outside;
  for (const RiseShape& shape : kShapes) {
    const OnsetCount count = count_rises(shape, options);
    OnsetCount& sum = shape.family ? family : outside;
    sum.found += count.found;
    sum.held += count.held;
    sum.drawn += count.drawn;
    rows.push_back({fmt::format("onset/{}/held", shape.name), share(count.held, count.found),
                    "share of those found", std::nullopt, ""});
    rows.push_back({fmt::format("onset/{}/found", shape.name), share(count.found, count.drawn),
                    "share", std::nullopt, ""});
  }
  rows.push_back(between("onset/of_the_family/held", share(family.held, family.found), .85, .95,
                         "share of those found"));
  rows.push_back(between("onset/outside_the_family/held", share(outside.held, outside.found), .85,
                         .95, "share of those found"));
  rows.push_back(between("onset/all/held",
                         share(family.held + outside.held, family.found + outside.found), .85, .95,
                         "share of those found"));
  return rows;
}

std::vector<Row> false_transition_rows(const EmergenceBenchOptions& options) {
  std::vector<Row> rows;
  for (const NullSeries& null : kNulls) {
    std::vector<char> declared(2 * options.series);
    parallel_for(declared.size(), [&](std::size_t i) {
      Philox random(options.seed, (static_cast<std::uint64_t>(&null - kNulls + 100) << 32) + i);
      std::vector<double> positions;
      const std::vector<double> values = null.draw(random);
      for (std::size_t k = 0; k < values.size(); ++k)
        positions.push_back(kSpacing * static_cast<double>(k));
      const auto fit = emergence::fit_transition("y", series::Axis::step, positions, values);
      declared[i] = fit.transition.kind != series::TransitionKind::none;
    });
    const auto count = static_cast<std::size_t>(std::ranges::count(declared, 1));
    rows.push_back(at_most(fmt::format("false_transitions/{}", null.name),
                           share(count, declared.size()), .05, "share"));
  }
  return rows;
}

}  // namespace emdyn::bench
