#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/transition.hpp"

/// Measured rates of false and missed transitions and the coverage of onset intervals. The tables
/// in docs/emergence.md are made with EMDYN_SIMULATION_SERIES=200; by default few series are drawn,
/// enough to notice a broken method.
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
  const char* name;
  std::size_t points;
  Generator generate;
};

std::vector<NullCase> null_cases() {
  std::vector<NullCase> cases;
  static std::vector<std::string> names;
  names.reserve(32);
  for (const std::size_t n : {200U, 500U, 2000U}) {
    for (const double phi : {0.0, 0.5, 0.9, 0.97}) {
      char name[64];
      std::snprintf(name, sizeof(name), "AR(1) phi %.2f", phi);
      names.emplace_back(name);
      cases.push_back({names.back().c_str(), n, autoregression(phi, gaussian)});
    }
  }
  cases.push_back({"AR(1) phi 0.90", 40, autoregression(0.9, gaussian)});
  cases.push_back({"AR(1) phi 0.80, t3", 400, autoregression(0.8, student3)});
  cases.push_back({"random walk", 300, autoregression(1.0, gaussian)});
  cases.push_back({"random walk", 1000, autoregression(1.0, gaussian)});
  cases.push_back({"random walk + white", 400, local_level});
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

TEST(Simulation, FalseTransitions) {
  const std::size_t count = series_count(2);
  std::size_t smooth = 0;
  std::size_t smooth_found = 0;
  std::printf("%-22s %6s %9s %9s %9s %8s\n", "null series", "points", "declared", "p<=.05",
              "gain>=10", "CPU ms");
  for (const NullCase& one : null_cases()) {
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
    std::printf("%-22s %6zu %5zu/%-3zu %9zu %9zu %8.0f\n", one.name, one.points, found, count,
                small_p, gains, ms / static_cast<double>(count));
    std::fflush(stdout);
    if (one.name[0] == 'A' && one.points >= 200 && one.points != 400) {
      smooth += count;
      smooth_found += found;
    }
  }
  std::printf("all Gaussian AR(1): %zu of %zu declared\n", smooth_found, smooth);
  EXPECT_LE(static_cast<double>(smooth_found), 0.05 * static_cast<double>(smooth) + 1.0);
}

struct RiseCase {
  const char* name;
  std::size_t points;
  double middle;  ///< Step of the middle of the rise.
  double width;   ///< 10 % to 90 %, in steps (or octaves · 1000 for the logarithm).
  bool log_step;
  double noise;
  double phi;
};

TEST(Simulation, OnsetCoverage) {
  const std::size_t count = series_count(2);
  const std::array cases{
      RiseCase{"sigmoid, 60 points", 60, 300, 100, false, 0.01, 0.0},
      RiseCase{"sigmoid, 200 points", 200, 1200, 300, false, 0.01, 0.0},
      RiseCase{"sigmoid, noisy", 200, 1200, 300, false, 0.05, 0.0},
      RiseCase{"sigmoid, AR .7", 300, 2000, 500, false, 0.02, 0.7},
      RiseCase{"sigmoid, sharp", 500, 2500, 30, false, 0.01, 0.3},
      RiseCase{"sigmoid, 2000 points", 2000, 8000, 2000, false, 0.02, 0.5},
      RiseCase{"sharp, 2000 points", 2000, 15000, 200, false, 0.02, 0.5},
      RiseCase{"sigmoid in log step", 400, 1000, 1000, true, 0.01, 0.0},
      RiseCase{"sigmoid in log step", 2000, 3000, 800, true, 0.02, 0.5},
      RiseCase{"exponential approach", 300, 1500, 440, false, 0.01, 0.3},
      RiseCase{"jump", 300, 1505, 0.01, false, 0.03, 0.3},
  };
  std::printf("%-22s %6s %7s %7s %9s %9s %8s %7s %6s\n", "rise .02 to .98", "points", "found",
              "covers", "onset err", "half int.", "width", "true", "CPU ms");
  std::size_t found_all = 0;
  std::size_t covered_all = 0;
  for (const RiseCase& one : cases) {
    std::size_t found = 0;
    std::size_t covered = 0;
    double error = 0.0;
    double half = 0.0;
    double width = 0.0;
    double true_onset = 0.0;
    double true_width = one.width;
    const std::clock_t start = std::clock();
    for (std::size_t k = 0; k < count; ++k) {
      Philox random(11, k);
      // The truth lies anywhere between two samples.
      const double middle = one.middle + 10.0 * random.uniform();
      std::vector<double> positions;
      std::vector<double> values;
      double noise = 0.0;
      const double scale = one.width / 4.394449154672439;
      for (std::size_t i = 0; i < one.points; ++i) {
        const double x = 10.0 * static_cast<double>(i);
        const double z = one.log_step ? 1000.0 * std::log2(std::max(x, 1e-9) / middle) / scale
                                      : (x - middle) / scale;
        const bool approach = one.name[0] == 'e';  // 1 − e^(−t/τ) from one moment on
        const double rise = approach ? 1.0 - std::exp(-std::max(0.0, x - middle) / 200.0)
                                     : 1.0 / (1.0 + std::exp(-z));
        noise = one.phi * noise + std::sqrt(1 - one.phi * one.phi) * one.noise * random.normal();
        positions.push_back(x);
        values.push_back(0.02 + 0.96 * rise + noise);
      }
      true_onset = middle - one.width / 2;
      if (one.name[0] == 'e') true_onset = middle - 200.0 * std::log(0.9);
      if (one.log_step) {
        true_onset = middle * std::exp2(-one.width / 2000.0);
        true_width = middle * std::exp2(one.width / 2000.0) - true_onset;
      }
      const auto fit = fit_transition("accuracy", series::Axis::step, positions, values);
      if (fit.transition.kind != series::TransitionKind::rise) continue;
      ++found;
      const series::Interval onset = *fit.transition.onset;
      covered += onset.low <= true_onset && true_onset <= onset.high;
      error += std::fabs(onset.estimate - true_onset);
      half += 0.5 * (onset.high - onset.low);
      width += *fit.transition.width;
    }
    const double ms = 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const auto n = static_cast<double>(std::max<std::size_t>(found, 1));
    std::printf("%-22s %6zu %3zu/%-3zu %7zu %9.2f %9.2f %8.1f %7.1f %6.0f\n", one.name, one.points,
                found, count, covered, error / n, half / n, width / n, true_width,
                ms / static_cast<double>(count));
    std::fflush(stdout);
    found_all += found;
    covered_all += covered;
  }
  EXPECT_GE(found_all, cases.size() * count * 95 / 100);
  EXPECT_GE(static_cast<double>(covered_all), 0.75 * static_cast<double>(found_all));
}

}  // namespace
}  // namespace emdyn::emergence
