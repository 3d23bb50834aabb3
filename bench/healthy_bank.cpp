#include <array>
#include <numbers>

#include "bank_noise.hpp"
#include "training_bank.hpp"

namespace emdyn::bench {
namespace {

constexpr std::uint64_t kHealthySeed = 88001;

Philox stream_of(std::uint64_t kind, std::uint64_t number) {
  return Philox(kHealthySeed + kind, number);
}

template <class Value>
BankSignal signal_of(std::string_view name, std::size_t count, Value value) {
  BankSignal signal{std::string(name)};
  for (std::size_t t = 0; t < count; ++t)
    signal.add(static_cast<double>(t), value(static_cast<double>(t)));
  return signal;
}

/// A loss whose noise is as skewed as the mean of a batch, grows with the loss and is a little
/// autocorrelated: floor + fall of the trend, times gamma noise.
std::vector<BankSignal> batch_loss(std::uint64_t number) {
  constexpr std::array kBatch{2, 8, 32};
  constexpr std::array kFall{0.35, 0.6, 1.0};
  Philox random = stream_of(1, number);
  const int batch = kBatch[number % 3];
  const double fall = kFall[number / 3 % 3];
  const double floor = 0.02 + 0.3 * random.uniform();
  const double phi = 0.3 * random.uniform();
  double drift = 0.0;
  return {signal_of("train/loss", 2500, [&](double t) {
    const double trend = floor + 2.3 * std::pow(1.0 + t / 30.0, -fall);
    return trend * (1.0 + 0.05 * next_of_ar(random, drift, 0.9 * phi + 0.6)) *
           gamma_of_mean_one(random, batch);
  })};
}

/// Losses of language models: a power law of tokens with heavy-tailed noise of documents.
std::vector<BankSignal> language_loss(std::uint64_t number) {
  Philox random = stream_of(2, number);
  const double noise = 0.02 + 0.06 * random.uniform();
  double mix = 0.0;
  return {signal_of("train_loss", 4000, [&](double t) {
    const double trend = 2.6 + 8.2 * std::pow(1.0 + t / 15.0, -0.55);
    return trend + noise * (0.5 * next_of_ar(random, mix, 0.8) + unit_student(random, 5));
  })};
}

/// Evaluations of every epoch or so: 20 to 200 points that level off.
std::vector<BankSignal> evaluations(std::uint64_t number) {
  Philox random = stream_of(3, number);
  const std::size_t count = 20 + random.below(181);
  const double pace = static_cast<double>(count) * (0.05 + 0.3 * random.uniform());
  const double noise = 0.005 + 0.02 * random.uniform();
  double state = 0.0;
  return {signal_of("val_loss", count,
                    [&](double t) {
                      return 0.4 + 1.8 * std::exp(-t / pace) +
                             noise * next_of_ar(random, state, 0.4);
                    }),
          signal_of("val_accuracy", count, [&](double t) {
            return share_of_trials(random, 500, 0.92 - 0.8 * std::exp(-t / pace));
          })};
}

/// Accuracies of batches of 32: binomial counts.
std::vector<BankSignal> batch_accuracy(std::uint64_t number) {
  Philox random = stream_of(4, number);
  const double best = 0.7 + 0.29 * random.uniform();
  const double pace = 100.0 + 600.0 * random.uniform();
  return {signal_of("train/accuracy", 2500, [&](double t) {
    return share_of_trials(random, 32, best - (best - 0.1) * std::exp(-t / pace));
  })};
}

/// Log-normal gradient norms with dependence.
std::vector<BankSignal> gradient_norm(std::uint64_t number) {
  Philox random = stream_of(5, number);
  const double width = 0.15 + 0.3 * random.uniform();
  const double phi = 0.9 * random.uniform();
  double state = 0.0;
  return {signal_of("gradient_norm", 2500, [&](double t) {
    const double level = 0.5 + 4.0 * std::exp(-t / 400.0);
    return level * std::exp(width * next_of_ar(random, state, phi));
  })};
}

std::vector<BankSignal> softmax_regression(std::uint64_t number) {
  constexpr std::array kRates{0.01, 0.05, 0.2};
  constexpr std::array<std::size_t, 3> kBatches{4, 16, 64};
  return train({.hidden = 0,
                .batch = kBatches[number / 3 % 3],
                .rate = kRates[number % 3],
                .steps = 1200,
                .evaluate_every = 30,
                .seed = 1000 + number});
}

std::vector<BankSignal> perceptron(std::uint64_t number) {
  constexpr std::array kRates{0.01, 0.05, 0.15};
  constexpr std::array<std::size_t, 3> kBatches{4, 16, 64};
  return train({.hidden = 16,
                .batch = kBatches[number / 3 % 3],
                .rate = kRates[number % 3],
                .momentum = number % 2 == 0 ? 0.0 : 0.8,
                .steps = 1200,
                .evaluate_every = 30,
                .seed = 2000 + number});
}

/// Trainings whose rate falls by a factor of ten, as planned: the loss falls with it.
std::vector<BankSignal> rate_drops(std::uint64_t number) {
  return train({.hidden = 16,
                .batch = 8,
                .rate = 0.1,
                .steps = 1200,
                .rate_drops = {500 + 20 * (number % 10), 900},
                .seed = 3000 + number});
}

/// Warm-up and cosine, warm-up and line, steps by hand.
std::vector<BankSignal> learning_rates(std::uint64_t number) {
  constexpr double kEnd = 2500.0;
  return {signal_of("learning_rate", 2500, [&](double t) {
    const double warm = 50.0 + 40.0 * static_cast<double>(number % 5);
    const double most = 3e-4;
    if (t < warm && number % 3 != 2) return most * (t + 1.0) / warm;
    if (number % 3 == 0)
      return most * 0.5 * (1.0 + std::cos(std::numbers::pi * (t - warm) / (kEnd - warm)));
    if (number % 3 == 1) return most * (kEnd - t) / (kEnd - warm);
    return most * std::pow(0.1, std::floor(t / 800.0));
  })};
}

/// Samples a second: steady, skewed to the left, now and then slower for one step.
std::vector<BankSignal> throughput(std::uint64_t number) {
  Philox random = stream_of(8, number);
  return {signal_of("throughput", 2500, [&](double) {
    return 900.0 / (1.0 + 0.04 * gamma_of_mean_one(random, 3) + 0.02 * std::abs(random.normal()));
  })};
}

std::vector<BankSignal> uniform(std::uint64_t number) {
  Philox random = stream_of(9, number);
  return {signal_of("value", 2500, [&](double) { return random.uniform(); })};
}

std::vector<BankSignal> integers(std::uint64_t number) {
  Philox random = stream_of(10, number);
  return {signal_of("value", 2500, [&](double) { return static_cast<double>(random.below(10)); })};
}

/// Zeros and ones, ones in one sample of 10, 50 or 200; short streams, where the first is news.
std::vector<BankSignal> rare_events(std::uint64_t number) {
  constexpr std::array kChance{0.1, 0.02, 0.005};
  Philox random = stream_of(11, number);
  const double chance = kChance[number % 3];
  return {
      signal_of("overflow", 1000, [&](double) { return random.uniform() < chance ? 1.0 : 0.0; })};
}

constexpr std::array kHealthy{
    HealthyKind{"batch_loss", Half::tuned_on, &batch_loss},
    HealthyKind{"evaluations", Half::tuned_on, &evaluations},
    HealthyKind{"gradient_norm", Half::tuned_on, &gradient_norm},
    HealthyKind{"softmax_regression", Half::tuned_on, &softmax_regression},
    HealthyKind{"learning_rates", Half::tuned_on, &learning_rates},
    HealthyKind{"integers", Half::tuned_on, &integers},
    HealthyKind{"language_loss", Half::left_out, &language_loss},
    HealthyKind{"batch_accuracy", Half::left_out, &batch_accuracy},
    HealthyKind{"perceptron", Half::left_out, &perceptron},
    HealthyKind{"rate_drops", Half::left_out, &rate_drops},
    HealthyKind{"throughput", Half::left_out, &throughput},
    HealthyKind{"uniform", Half::left_out, &uniform},
    HealthyKind{"rare_events", Half::left_out, &rare_events},
};

}  // namespace

std::string_view word(Half half) noexcept {
  return half == Half::tuned_on ? "tuned_on" : "left_out";
}

std::span<const HealthyKind> healthy_kinds() noexcept { return kHealthy; }

}  // namespace emdyn::bench
