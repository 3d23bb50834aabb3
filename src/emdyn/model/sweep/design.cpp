#include "emdyn/model/sweep/design.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::sweep {
namespace {

constexpr std::string_view kHeldOutOperation = "add";
constexpr int kHeldOutPrime = 59;

// Words are listed as often as they should be drawn.
constexpr std::array<std::string_view, 11> kOperations{
    "add", "add", "sub",        "sub",        "mul",       "mul",
    "div", "div", "x2_plus_y2", "x2_plus_y2", "x3_plus_xy"};
constexpr std::array<int, 10> kPrimes{23, 29, 31, 37, 41, 43, 47, 53, 59, 61};
constexpr std::array<int, 3> kSmallPrimes{17, 19, 23};
constexpr std::array<std::string_view, 10> kNetworks{
    "mlp_quadratic", "mlp_quadratic", "mlp_quadratic", "mlp_quadratic", "mlp_quadratic",
    "mlp_quadratic", "mlp_quadratic", "mlp_relu",      "mlp_relu",      "mlp_relu"};
constexpr std::array<int, 4> kWidths{64, 96, 128, 192};
constexpr std::array<std::string_view, 3> kLosses{"cross_entropy", "cross_entropy", "mse"};
constexpr std::array<std::string_view, 10> kOptimizers{
    "adamw", "adamw", "adamw", "adamw", "adamw", "adamw", "adamw", "adamw", "sgd_momentum", "adam"};
constexpr std::array<int, 3> kDeadlines{1500, 2500, 4000};

template <class T, std::size_t N>
T pick(const std::array<T, N>& list, Philox& random) {
  return list[random.below(static_cast<std::uint32_t>(N))];
}

double log_uniform(double low, double high, Philox& random) {
  return low * std::pow(high / low, random.uniform());
}

// Three digits: a configuration a person can read and repeat.
std::string three_digits(double value) { return fmt::format("{:.3g}", value); }

Params draw(std::uint64_t seed, std::int64_t index, bool small) {
  Philox random(seed, static_cast<std::uint64_t>(index));
  Params params;
  std::string_view operation;
  int prime = 0;
  do {
    operation = pick(kOperations, random);
    prime = small ? pick(kSmallPrimes, random) : pick(kPrimes, random);
  } while (operation == kHeldOutOperation && prime == kHeldOutPrime);
  const std::string_view optimizer = pick(kOptimizers, random);
  const bool is_adamw = optimizer == "adamw";
  const bool is_sgd = optimizer == "sgd_momentum";
  const double rate = is_sgd ? log_uniform(0.1, 2.0, random) : log_uniform(8e-4, 1e-2, random);
  const double decay = is_adamw ? log_uniform(0.05, 3.0, random) : log_uniform(1e-5, 3e-3, random);
  const bool has_decay = random.uniform() >= 0.15;
  params["op"] = operation;
  params["p"] = std::to_string(prime);
  params["train_fraction"] = three_digits(0.25 + 0.55 * random.uniform());
  params["network"] = pick(kNetworks, random);
  params["width"] = std::to_string(pick(kWidths, random));
  params["loss"] = pick(kLosses, random);
  params["optimizer"] = optimizer;
  params["learning_rate"] = three_digits(rate);
  params["weight_decay"] = has_decay ? three_digits(decay) : "0";
  params["init_scale"] = three_digits(log_uniform(0.5, 2.0, random));
  const bool mini_batch = random.uniform() < 0.15;
  params["batch"] = mini_batch ? "256" : "0";
  params["steps"] = std::to_string(small ? 1500 : pick(kDeadlines, random));
  params["probe_every"] = "20";
  return params;
}

constexpr std::array<int, 7> kSlowPrimes{29, 31, 37, 41, 43, 47, 53};
constexpr std::array<int, 3> kSlowDeadlines{2500, 3500, 4500};
constexpr std::uint64_t kSlowStream = 1'000'000;

// Large weights memorise first and generalise late (Liu et al., "Omnigrok", 2022).
Params draw_slow(std::uint64_t seed, std::int64_t index) {
  Philox random(seed, kSlowStream + static_cast<std::uint64_t>(index));
  Params params;
  params["op"] = pick(kOperations, random);
  params["p"] = std::to_string(pick(kSlowPrimes, random));
  params["train_fraction"] = three_digits(0.3 + 0.3 * random.uniform());
  params["network"] = random.uniform() < 0.85 ? "mlp_quadratic" : "mlp_relu";
  params["width"] = std::to_string(pick(kWidths, random));
  params["loss"] = "cross_entropy";
  params["optimizer"] = "adamw";
  params["learning_rate"] = three_digits(log_uniform(1e-3, 5e-3, random));
  const double decay = log_uniform(0.2, 3.0, random);
  params["weight_decay"] = random.uniform() < 0.9 ? three_digits(decay) : "0";
  params["init_scale"] = three_digits(log_uniform(1.0, 4.0, random));
  params["batch"] = "0";
  params["steps"] = std::to_string(pick(kSlowDeadlines, random));
  params["probe_every"] = "20";
  return params;
}

}  // namespace

std::vector<PlannedRun> grokking_design(const DesignOptions& options) {
  if (options.configurations < 1 || options.seeds < 1 || options.slow < 0) {
    throw ConfigError(fmt::format(
        "a design needs configurations >= 1, seeds >= 1 and slow >= 0, got {}, {} and {}",
        options.configurations, options.seeds, options.slow));
  }
  std::vector<PlannedRun> runs;
  for (std::int64_t c = 0; c < options.configurations; ++c) {
    const Params params = draw(options.seed, c, options.small);
    for (std::int64_t s = 1; s <= options.seeds; ++s) {
      PlannedRun run{fmt::format("grokking-{:04}-{}", c, s), params};
      run.params["seed"] = std::to_string(1000 * c + s);
      runs.push_back(std::move(run));
    }
  }
  for (std::int64_t c = 0; c < (options.small ? 0 : options.slow); ++c) {
    PlannedRun run{fmt::format("slow-{:04}", c), draw_slow(options.seed, c)};
    run.params["seed"] = std::to_string(1'000'000 + c);
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace emdyn::model::sweep
