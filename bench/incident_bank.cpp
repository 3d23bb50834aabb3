#include <array>
#include <cmath>

#include "bank_noise.hpp"
#include "training_bank.hpp"

namespace emdyn::bench {
namespace {

constexpr std::uint64_t kIncidentSeed = 99001;

/// A perceptron that goes wrong somewhere in its second half.
IncidentRun faulty(Fault fault, std::uint64_t number, std::size_t length) {
  constexpr std::array kTrialRates{0.02, 0.05, 0.1};
  constexpr std::array<std::size_t, 3> kTrialBatches{8, 16, 32};
  const std::size_t at = 500 + 37 * (number % 16);
  IncidentRun run;
  run.signals = train({.hidden = 16,
                       .batch = kTrialBatches[number / 3 % 3],
                       .rate = kTrialRates[number % 3],
                       .steps = at + length,
                       .evaluate_every = 25,
                       .fault = fault,
                       .fault_at = at,
                       .seed = 5000 + number});
  // What somebody set would tell it at once.
  std::erase_if(run.signals,
                [](const BankSignal& signal) { return signal.name == "learning_rate"; });
  run.begin = static_cast<double>(at);
  run.end = static_cast<double>(at + length);
  return run;
}

IncidentRun poisoned_batch(std::uint64_t number) {
  IncidentRun run = faulty(Fault::poisoned_batch, number, 60);
  run.end = run.begin + 10.0;
  return run;
}
/// Ends with the first value that is not finite, or nearly so.
IncidentRun nan_weights(std::uint64_t number) {
  IncidentRun run = faulty(Fault::nan_weights, number, 120);
  for (const BankSignal& signal : run.signals) {
    for (std::size_t i = 0; i < signal.values.size(); ++i) {
      if (signal.positions[i] < run.begin || std::abs(signal.values[i]) < 1e6) continue;
      run.end = std::min(run.end, signal.positions[i]);
      break;
    }
  }
  return run;
}
IncidentRun dead_layer(std::uint64_t number) { return faulty(Fault::dead_layer, number, 60); }
IncidentRun large_rate(std::uint64_t number) { return faulty(Fault::large_rate, number, 60); }
IncidentRun wrong_labels(std::uint64_t number) { return faulty(Fault::wrong_labels, number, 60); }
IncidentRun frozen_layer(std::uint64_t number) { return faulty(Fault::frozen_layer, number, 60); }
IncidentRun growing_weights(std::uint64_t number) {
  return faulty(Fault::slow_divergence, number, 1000);
}

/// Few samples, many units: validation turns while training goes on.
IncidentRun overfit(std::uint64_t number) {
  IncidentRun run;
  run.signals = train({.hidden = 48,
                       .samples = 60,
                       .batch = 12,
                       .rate = 0.15 + 0.05 * static_cast<double>(number % 3),
                       .separation = 0.9,
                       .label_noise = 0.25,
                       .steps = 6000,
                       .evaluate_every = 40,
                       .seed = 6000 + number});
  for (const BankSignal& signal : run.signals) {
    if (signal.name != "val/loss") continue;
    const auto best = std::ranges::min_element(signal.values);
    run.begin = signal.positions[static_cast<std::size_t>(best - signal.values.begin())];
    run.end = signal.positions.back();
  }
  return run;
}

/// A loss with the noise of a batch that climbs slowly from some step on.
IncidentRun slow_climb(std::uint64_t number) {
  Philox random(kIncidentSeed, number);
  IncidentRun run;
  run.begin = 1200.0 + 50.0 * static_cast<double>(number % 8);
  run.end = run.begin + 1000.0;
  BankSignal loss{"train/loss"};
  double state = 0.0;
  for (double t = 0.0; t < run.end; t += 1.0) {
    const double trend = 0.3 + 2.0 * std::pow(1.0 + t / 40.0, -0.7);
    const double climb = t < run.begin ? 0.0 : 2.5 * (t - run.begin) / 1000.0;
    loss.add(t, (trend + climb) * (1.0 + 0.1 * next_of_ar(random, state, 0.3)) *
                    gamma_of_mean_one(random, 24));
  }
  run.signals = {std::move(loss)};
  return run;
}

/// A loss that stands still and then falls within a few steps; it begins where a tenth of the fall is
/// reached.
IncidentRun plateau_then_jump(std::uint64_t number) {
  Philox random(kIncidentSeed + 1, number);
  IncidentRun run;
  run.begin = 700.0 + 30.0 * static_cast<double>(number % 10);
  run.end = run.begin + 40.0;
  BankSignal loss{"train/loss"};
  for (double t = 0.0; t < run.end + 100.0; t += 1.0) {
    const double fallen = 1.0 / (1.0 + std::exp(-(t - run.begin - 3.3) / 1.5));
    loss.add(t, (2.0 - 1.5 * fallen) *
                    (1.0 + 0.02 * random.normal() + 0.02 * gamma_of_mean_one(random, 2)));
  }
  run.signals = {std::move(loss)};
  return run;
}

/// Nothing for thousands of samples, then one event; sometimes of a few distinct values.
IncidentRun single_event(std::uint64_t number) {
  Philox random(kIncidentSeed + 2, number);
  IncidentRun run;
  const std::size_t at = 1100 + 400 * (number % 9);
  run.begin = static_cast<double>(at);
  run.end = run.begin + 5.0;
  BankSignal value{"value"};
  for (std::size_t t = 0; t < at + 100; ++t) {
    double x = number % 3 == 0 ? 0.0 : number % 3 == 1 ? 1.0 - 0.001 * random.below(2) : 12.0;
    if (number % 3 == 2 && t % 300 == 17) x += 0.25;
    if (t == at) x += number % 2 == 0 ? 10.0 : -5.0;
    value.add(static_cast<double>(t), x);
  }
  run.signals = {std::move(value)};
  return run;
}

/// A noisy signal that keeps its last value for good.
IncidentRun stuck(std::uint64_t number) {
  Philox random(kIncidentSeed + 3, number);
  IncidentRun run;
  run.begin = 600.0 + 40.0 * static_cast<double>(number % 10);
  run.end = run.begin + 40.0;
  BankSignal value{"activation_mean"};
  double state = 0.0;
  double last = 0.0;
  for (double t = 0.0; t < run.end + 40.0; t += 1.0) {
    if (t < run.begin) last = 0.4 + 0.05 * next_of_ar(random, state, 0.6);
    value.add(t, last);
  }
  run.signals = {std::move(value)};
  return run;
}

constexpr std::array kIncidents{
    IncidentKind{"poisoned_batch", Half::tuned_on, false, &poisoned_batch},
    IncidentKind{"large_rate", Half::tuned_on, false, &large_rate},
    IncidentKind{"stuck", Half::tuned_on, false, &stuck},
    IncidentKind{"overfit", Half::tuned_on, true, &overfit},
    IncidentKind{"slow_climb", Half::tuned_on, true, &slow_climb},
    IncidentKind{"single_event", Half::tuned_on, false, &single_event},
    IncidentKind{"nan_weights", Half::left_out, true, &nan_weights},
    IncidentKind{"dead_layer", Half::left_out, false, &dead_layer},
    IncidentKind{"wrong_labels", Half::left_out, false, &wrong_labels},
    IncidentKind{"frozen_layer", Half::left_out, false, &frozen_layer},
    IncidentKind{"growing_weights", Half::left_out, true, &growing_weights},
    IncidentKind{"plateau_then_jump", Half::left_out, false, &plateau_then_jump},
};

}  // namespace

std::span<const IncidentKind> incident_kinds() noexcept { return kIncidents; }

}  // namespace emdyn::bench
