#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/transition/transition.hpp"

/// Measured rates of false and missed transitions and the coverage of onset intervals. The rows
/// of the tables in docs/emergence.md are printed with EMDYN_SIMULATION_SERIES=100 and 50; by
/// default few series are drawn, enough to notice a broken method.
namespace emdyn::emergence {
namespace {

using Generator = std::function<std::vector<double>(std::size_t, Philox&)>;

std::size_t series_count(std::size_t usual) {
  const char* text = std::getenv("EMDYN_SIMULATION_SERIES");
  return text == nullptr ? usual : static_cast<std::size_t>(std::strtoul(text, nullptr, 10));
}

double student3(Philox& random) {
  double square = 0.0;
  for (int i = 0; i < 3; ++i) square += std::pow(random.normal(), 2);
  return random.normal() / std::sqrt(square / 3.0);
}

Generator autoregression(double phi, double (*draw)(Philox&)) {
  return [phi, draw](std::size_t n, Philox& random) {
    std::vector<double> values(n);
    double state = 0.0;
    const int run_in = phi < 1.0 ? 300 : 0;
    for (int i = 0; i < run_in; ++i) state = phi * state + draw(random);
    for (double& value : values) value = state = phi * state + draw(random);
    return values;
  };
}

double gaussian(Philox& random) { return random.normal(); }

/// mean(share of the range) + sd·noise.
Generator around(std::function<double(double)> mean, double sd) {
  return [mean = std::move(mean), sd](std::size_t n, Philox& random) {
    std::vector<double> values(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(n - 1);
      values[i] = mean(share) + sd * random.normal();
    }
    return values;
  };
}

std::vector<double> local_level(std::size_t n, Philox& random) {
  std::vector<double> values(n);
  double level = 0.0;
  for (double& value : values) value = (level += 0.2 * random.normal()) + random.normal();
  return values;
}

std::vector<double> chance_accuracy(std::size_t n, Philox& random) {
  std::vector<double> values(n);
  for (double& value : values) {
    int right = 0;
    for (int k = 0; k < 500; ++k) right += random.below(50) == 0;
    value = right / 500.0;
  }
  return values;
}

struct NullCase {
  std::string name;
  std::size_t points;
  Generator generate;
  double allowed = 0.05;  ///< Share of transitions beyond which the test fails, besides one.
};

std::vector<NullCase> null_cases() {
  std::vector<NullCase> cases;
  for (const std::size_t n : {200U, 500U, 2000U}) {
    for (const double phi : {0.0, 0.5, 0.9, 0.97}) {
      cases.push_back({fmt::format("AR(1) phi {:.2f}", phi), n, autoregression(phi, gaussian)});
    }
  }
  cases.push_back({"AR(1) phi 0.90", 40, autoregression(0.9, gaussian)});
  cases.push_back({"AR(1) phi 0.80, t3", 400, autoregression(0.8, student3), 0.4});
  cases.push_back({"random walk", 300, autoregression(1.0, gaussian)});
  cases.push_back({"random walk", 1000, autoregression(1.0, gaussian)});
  cases.push_back({"random walk + white", 400, local_level, 0.15});
  cases.push_back({"accuracy at chance", 300, chance_accuracy});
  cases.push_back({"linear drift", 400, around([](double u) { return 5 * u; }, 1.0)});
  cases.push_back({"half cosine", 400,
                   around([](double u) { return -2 * std::cos(std::numbers::pi * u); }, 0.3)});
  cases.push_back({"full sine", 400,
                   around([](double u) { return 2 * std::sin(2 * std::numbers::pi * u); }, 0.3)});
  cases.push_back({"power-law loss", 400,
                   around([](double u) { return 4 * std::pow(u + 0.0025, -0.2); }, 0.05)});
  cases.push_back({"saturating", 400, around([](double u) { return 1 - std::exp(-8 * u); }, 0.03)});
  return cases;
}

class FalseTransitions : public testing::TestWithParam<NullCase> {};

TEST_P(FalseTransitions, AreRare) {
  const std::size_t count = series_count(2);
  const NullCase& one = GetParam();
  std::size_t found = 0;
  std::size_t small_p = 0;
  std::size_t gains = 0;
  const std::clock_t start = std::clock();
  for (std::size_t k = 0; k < count; ++k) {
    Philox random(7, k);
    const std::vector<double> values = one.generate(one.points, random);
    std::vector<double> positions;
    for (std::size_t i = 0; i < values.size(); ++i) {
      positions.push_back(10.0 * static_cast<double>(i));
    }
    const TransitionFit fit = fit_transition("y", series::Axis::step, positions, values);
    found += fit.transition.kind != series::TransitionKind::none;
    small_p += *fit.transition.evidence.p_value <= 0.05;
    gains += *fit.transition.evidence.bic_gain >= 10.0;
  }
  const double ms = 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  fmt::print("| {} | {} | {} of {} | {} | {} | {:.0f} |\n", one.name, one.points, found, count,
             small_p, gains, ms / static_cast<double>(count));
  std::fflush(stdout);
  EXPECT_LE(static_cast<double>(found), one.allowed * static_cast<double>(count) + 1.0);
}

INSTANTIATE_TEST_SUITE_P(Simulation, FalseTransitions, testing::ValuesIn(null_cases()));

struct RiseCase {
  const char* name;
  std::size_t points;
  double middle;  ///< Step of the middle of the rise.
  double width;   ///< 10 % to 90 %, in steps (or octaves · 1000 for the logarithm).
  bool log_step;
  double noise;
  double phi;
};

/// 1 − e^(−t/τ) from one moment on: a shape that is none of the models.
constexpr double kRelaxation = 200.0;
bool is_approach(const RiseCase& one) { return one.name[0] == 'e'; }

struct Truth {
  double onset = 0.0;
  double width = 0.0;
};

Truth truth_of(const RiseCase& one, double middle) {
  if (is_approach(one)) return {middle - kRelaxation * std::log(0.9), kRelaxation * std::log(9.0)};
  if (!one.log_step) return {middle - one.width / 2, one.width};
  const double octaves = one.width / 1000.0;
  const double onset = middle * std::exp2(-octaves / 2);
  return {onset, middle * std::exp2(octaves / 2) - onset};
}

std::vector<double> draw_rise(const RiseCase& one, double middle,
                              const std::vector<double>& positions, Philox& random) {
  const double scale = one.width / 4.394449154672439;
  std::vector<double> values;
  double noise = 0.0;
  for (const double x : positions) {
    const double distance =
        one.log_step ? 1000.0 * std::log2(std::max(x, 1e-9) / middle) : x - middle;
    const double rise = is_approach(one) ? 1.0 - std::exp(-std::max(0.0, x - middle) / kRelaxation)
                                         : 1.0 / (1.0 + std::exp(-distance / scale));
    noise = one.phi * noise + std::sqrt(1 - one.phi * one.phi) * one.noise * random.normal();
    values.push_back(0.02 + 0.96 * rise + noise);
  }
  return values;
}

class OnsetCoverage : public testing::TestWithParam<RiseCase> {};

TEST_P(OnsetCoverage, IsNearItsLevel) {
  const std::size_t count = series_count(1);
  const RiseCase& one = GetParam();
  std::vector<double> positions;
  for (std::size_t i = 0; i < one.points; ++i) positions.push_back(10.0 * static_cast<double>(i));
  std::size_t found = 0;
  std::size_t covered = 0;
  double error = 0.0;
  double half = 0.0;
  double width = 0.0;
  double true_width = 0.0;
  const std::clock_t start = std::clock();
  for (std::size_t k = 0; k < count; ++k) {
    Philox random(11, k);
    // The truth lies anywhere between two samples.
    const double middle = one.middle + 10.0 * random.uniform();
    const Truth truth = truth_of(one, middle);
    const auto fit = fit_transition("accuracy", series::Axis::step, positions,
                                    draw_rise(one, middle, positions, random));
    true_width += truth.width / static_cast<double>(count);
    if (fit.transition.kind != series::TransitionKind::rise) continue;
    ++found;
    const series::Interval onset = *fit.transition.onset;
    covered += onset.low <= truth.onset && truth.onset <= onset.high;
    error += std::fabs(onset.estimate - truth.onset);
    half += 0.5 * (onset.high - onset.low);
    width += *fit.transition.width;
  }
  const double ms = 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const auto n = static_cast<double>(std::max<std::size_t>(found, 1));
  fmt::print("| {} | {} | {} | {} of {} | {} | {:.2f} | {:.2f} | {:.0f} | {:.0f} | {:.0f} |\n",
             one.name, one.points, one.noise, found, count, covered, error / n, half / n, width / n,
             true_width, ms / static_cast<double>(count));
  std::fflush(stdout);
  EXPECT_GE(static_cast<double>(found), 0.95 * static_cast<double>(count) - 1.0);
  if (is_approach(one)) return;
  EXPECT_GE(static_cast<double>(covered), 0.75 * static_cast<double>(found) - 1.0);
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, OnsetCoverage,
    testing::Values(RiseCase{"sigmoid, width 100", 60, 300, 100, false, 0.01, 0.0},
                    RiseCase{"sigmoid, width 300", 200, 1200, 300, false, 0.01, 0.0},
                    RiseCase{"sigmoid, width 300", 200, 1200, 300, false, 0.05, 0.0},
                    RiseCase{"sigmoid, width 500, noise AR .7", 300, 2000, 500, false, 0.02, 0.7},
                    RiseCase{"sigmoid, width 30, AR .3", 500, 2500, 30, false, 0.01, 0.3},
                    RiseCase{"sigmoid, width 2000, AR .5", 2000, 8000, 2000, false, 0.02, 0.5},
                    RiseCase{"sigmoid, width 200, AR .5", 2000, 15000, 200, false, 0.02, 0.5},
                    RiseCase{"sigmoid in log step", 400, 1000, 1000, true, 0.01, 0.0},
                    RiseCase{"sigmoid in log step, AR .5", 2000, 3000, 800, true, 0.02, 0.5},
                    RiseCase{"exponential approach, AR .3", 300, 1500, 440, false, 0.01, 0.3},
                    RiseCase{"jump, AR .3", 300, 1505, 0.01, false, 0.03, 0.3}));

}  // namespace
}  // namespace emdyn::emergence
