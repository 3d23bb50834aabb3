#pragma once
#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/bank/bank.hpp"
#include "emdyn/series/run.hpp"

/// Runs with the shape of grokking, for tests: the training data are fitted soon, the weight norm
/// falls when the run is going to generalise, and the test accuracy jumps late or never.
namespace emdyn::forecast::synthetic {

inline series::Run make_run(std::uint64_t number, bool generalises, double deadline = 2000.0) {
  Philox random(number, 7);
  series::Run run;
  run.info.id = "run" + std::to_string(number);
  run.info.configuration = Json{{"op", number % 2 == 0 ? "mul" : "div"},
                                {"p", 31},
                                {"train_fraction", generalises ? 0.55 + 0.1 * random.uniform()
                                                               : 0.35 + 0.1 * random.uniform()},
                                {"network", "mlp_quadratic"},
                                {"width", 64},
                                {"loss", "cross_entropy"},
                                {"optimizer", "adamw"},
                                {"learning_rate", 0.005 * (0.5 + random.uniform())},
                                {"weight_decay", 1.0},
                                {"init_scale", 1.0},
                                {"batch", 0},
                                {"seed", number}};
  run.info.seed = number;
  for (const char* name :
       {"train_loss", "test_loss", "train_accuracy", "test_accuracy", "gradient_norm",
        "weight_norm", "effective_rank/embedding", "fourier_gini"}) {
    run.signals.push_back({.name = name});
  }
  const double jump = deadline * (0.5 + 0.2 * random.uniform());
  for (double t = 0.0; t <= deadline; t += deadline / 200.0) {
    const double noise = 0.02 * random.normal();
    const double rise = generalises ? 1.0 / (1.0 + std::exp(-(t - jump) / (0.02 * deadline))) : 0.0;
    const double fit = std::min(1.0, t / (0.05 * deadline));
    const double values[] = {std::exp(-4.0 * fit + noise),
                             4.0 * (1.0 - 0.9 * rise) * std::exp(noise),
                             0.03 + 0.97 * fit,
                             std::clamp(0.03 + 0.96 * rise + 0.2 * noise, 0.0, 1.0),
                             std::exp(-2.0 * fit + noise),
                             20.0 - (generalises ? 10.0 : 2.0) * t / deadline + noise,
                             20.0 - 5.0 * rise + noise,
                             0.2 + 0.5 * rise + 0.1 * noise};
    for (std::size_t i = 0; i < run.signals.size(); ++i) run.signals[i].append(t, values[i]);
  }
  return run;
}

/// `count` runs, half of which generalise.
inline Bank make_bank(std::size_t count) {
  Bank bank;
  for (std::size_t i = 0; i < count; ++i) {
    const bool generalises = i % 2 == 1;
    const series::Run run = make_run(i, generalises);
    std::optional<series::Interval> onset;
    BankRun reduced = summarise(run, bank, 2000.0, 1.0 / 31.0, onset);
    if (reduced.outcome.reached_at) {
      const double reached = *reduced.outcome.reached_at;
      reduced.onset = series::Interval{reached - 120.0, reached - 100.0, reached - 80.0, 0.9};
    }
    bank.runs.push_back(std::move(reduced));
  }
  return bank;
}

}  // namespace emdyn::forecast::synthetic
