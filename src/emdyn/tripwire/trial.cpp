#include "emdyn/tripwire/trial.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/guard/query_monitor.hpp"
#include "emdyn/model/blas_threads.hpp"
#include "emdyn/model/observe.hpp"
#include "emdyn/stress/attack.hpp"
#include "emdyn/tripwire/adaptive.hpp"

namespace emdyn::tripwire {
namespace {

constexpr std::int64_t kChunk = 32;
constexpr std::size_t kLeastCalm = 100;

/// What a tripwire makes of inputs: a suspicion each, higher is more suspect.
using Suspicion = std::function<torch::Tensor(const torch::Tensor& inputs)>;
/// What else an attacker who knows the tripwire aims for: [batch], given inputs and labels.
using Along =
    std::function<torch::Tensor(const torch::Tensor& inputs, const torch::Tensor& labels)>;

/// `body(first, chunk, ledger)` over chunks of fixed size, in parallel; ledgers are summed in
/// order.
void for_chunks(
    const torch::Tensor& inputs, model::Ledger& ledger,
    const std::function<void(std::int64_t, const torch::Tensor&, model::Ledger&)>& body) {
  model::set_torch_threads(1);
  const std::int64_t rows = inputs.size(0);
  const auto chunks = static_cast<std::size_t>((rows + kChunk - 1) / kChunk);
  std::vector<model::Ledger> ledgers(chunks);
  parallel_for(chunks, [&](std::size_t c) {
    model::set_torch_threads(1);
    const std::int64_t first = static_cast<std::int64_t>(c) * kChunk;
    body(first, inputs.narrow(0, first, std::min(kChunk, rows - first)), ledgers[c]);
  });
  for (const model::Ledger& one : ledgers) ledger += one;
}

std::vector<float> suspicions(const torch::Tensor& inputs, const Suspicion& suspicion) {
  std::vector<float> values(static_cast<std::size_t>(inputs.size(0)));
  model::Ledger ignored;
  for_chunks(inputs, ignored, [&](std::int64_t first, const torch::Tensor& chunk, model::Ledger&) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor found = suspicion(chunk).to(at::kFloat).contiguous();
    std::copy_n(found.data_ptr<float>(), chunk.size(0), values.begin() + first);
  });
  return values;
}

/// Thresholds that the given shares of calm inputs lie above.
std::array<double, 2> thresholds(std::vector<float> calm) {
  std::ranges::sort(calm);
  std::array<double, 2> found{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto above =
        static_cast<std::size_t>(kFalsePositives[i] * static_cast<double>(calm.size()));
    found[i] = static_cast<double>(calm[calm.size() - 1 - above]);
  }
  return found;
}

struct Counted {
  double success = 0.0;
  std::array<double, 2> detected{};
};

/// Among the inputs that are misclassified now: which are noticed.
Counted count(const model::Network& network, const torch::Tensor& inputs,
              const torch::Tensor& labels, const Suspicion& suspicion,
              const std::array<double, 2>& limits, model::Ledger& ledger) {
  const auto seen = model::observe(network, inputs, false, ledger).predictions();
  const std::vector<float> values = suspicions(inputs, suspicion);
  Counted counted;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] == labels[static_cast<std::int64_t>(i)].item<std::int64_t>()) continue;
    ++wrong;
    for (std::size_t k = 0; k < 2; ++k)
      counted.detected[k] += static_cast<double>(values[i]) > limits[k] ? 1.0 : 0.0;
  }
  for (double& rate : counted.detected) rate /= static_cast<double>(wrong);  // NaN for none.
  counted.success =
      static_cast<double>(wrong) / static_cast<double>(std::max<std::size_t>(1, seen.size()));
  return counted;
}

/// The correctly classified ones of what is to be attacked, at most `most`.
struct Targets {
  torch::Tensor inputs;
  torch::Tensor labels;
};

Targets correct_ones(const model::Network& network, const torch::Tensor& inputs,
                     const std::vector<std::int64_t>& labels, std::int64_t most,
                     model::Ledger& ledger) {
  const auto seen = model::observe(network, inputs, false, ledger).predictions();
  std::vector<std::int64_t> chosen;
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < seen.size() && static_cast<std::int64_t>(chosen.size()) < most; ++i) {
    if (seen[i] != labels[i]) continue;
    chosen.push_back(static_cast<std::int64_t>(i));
    kept.push_back(labels[i]);
  }
  if (chosen.empty())
    throw DataError("tripwire: no input is classified correctly, so none can be attacked");
  return {inputs.index_select(0, torch::tensor(chosen)), torch::tensor(kept)};
}

torch::Tensor unaware(const model::Network& network, const Targets& targets,
                      const TrialOptions& options, model::Ledger& ledger) {
  stress::AttackOptions attack;
  attack.epsilons = {options.epsilon};
  attack.settings = {{"steps", std::to_string(options.steps)}};
  attack.seed = options.seed;
  const torch::Tensor labels = targets.labels.contiguous();
  const auto* first = labels.data_ptr<std::int64_t>();
  auto result =
      stress::run_attack("pgd", network, targets.inputs, {first, first + labels.numel()}, attack);
  ledger += result.ledger;
  return result.adversarial;
}

torch::Tensor aware(const model::Network& network, const Targets& targets,
                    const Suspicion& suspicion, const Objective& evasion, const Along& along,
                    double limit, const AdaptiveSettings& settings, model::Ledger& ledger) {
  torch::Tensor made = at::empty_like(targets.inputs);
  for_chunks(targets.inputs, ledger,
             [&](std::int64_t first, const torch::Tensor& chunk, model::Ledger& own) {
               const torch::Tensor labels = targets.labels.narrow(0, first, chunk.size(0));
               const auto objective = [&](const torch::Tensor& x) {
                 const torch::Tensor logits = model::apply(network.layers(), x);
                 // Misclassified by a little is enough; from there on only the tripwire counts.
                 const torch::Tensor aim = margin(logits, labels).clamp_max(along ? 3.0 : 1.0) +
                                           settings.weight * evasion(x);
                 return along ? aim + along(x, labels) : aim;
               };
               const auto done = [&](const torch::Tensor& x) {
                 const torch::Tensor logits = model::apply(network.layers(), x);
                 return (margin(logits, labels) > 0.0).logical_and(suspicion(x) <= limit);
               };
               const torch::Tensor x =
                   climb(chunk, network.signature(), objective, done, settings, own);
               made.narrow(0, first, chunk.size(0)).copy_(x);
             });
  return made;
}

/// Of two attacks on each input the one to send: misclassified and unnoticed before misclassified
/// before neither; the second where they are even.
torch::Tensor better(const model::Network& network, const torch::Tensor& labels,
                     const torch::Tensor& first, const torch::Tensor& second,
                     const Suspicion& suspicion, double limit) {
  const torch::NoGradGuard no_grad;
  const auto rank = [&](const torch::Tensor& x) {
    const torch::Tensor broken = margin(model::apply(network.layers(), x), labels) > 0.0;
    const torch::Tensor unseen = broken.logical_and(suspicion(x) <= limit);
    return broken.to(at::kInt) + unseen.to(at::kInt);
  };
  std::vector<std::int64_t> column(static_cast<std::size_t>(first.dim()), 1);
  column[0] = -1;
  return at::where((rank(first) > rank(second)).view(column), first, second);
}

Trial white_box_trial(const std::string& name, const std::string& adaptive,
                      const model::Network& network, const torch::Tensor& calm,
                      const Targets& targets, const torch::Tensor& plain,
                      const Suspicion& suspicion, const Objective& evasion, const Along& along,
                      const TrialOptions& options) {
  Trial trial{.name = name, .attack = "pgd", .adaptive_attack = adaptive};
  trial.inputs = static_cast<std::size_t>(targets.inputs.size(0));
  const auto limits = thresholds(suspicions(calm, suspicion));
  const Counted first = count(network, plain, targets.labels, suspicion, limits, trial.ledger);
  trial.success = first.success;
  trial.detected = first.detected;
  const AdaptiveSettings settings{.epsilon = options.epsilon, .steps = options.steps};
  // Evading the stricter tripwire (more false positives) evades the other one as well.
  const torch::Tensor made =
      aware(network, targets, suspicion, evasion, along, limits[1], settings, trial.ledger);
  for (std::size_t k = 0; k < 2; ++k) {
    const torch::Tensor best = better(network, targets.labels, plain, made, suspicion, limits[k]);
    const Counted second = count(network, best, targets.labels, suspicion, limits, trial.ledger);
    trial.adaptive_success = second.success;
    trial.adaptive_detected[k] = second.detected[k];
  }
  return trial;
}

/// One account: an attack on one input whose every query passes the monitor.
struct Account {
  bool success = false;
  std::array<bool, 2> flagged{};
};

Account watch_account(const model::Network& network, const torch::Tensor& input, std::int64_t label,
                      std::vector<guard::QueryMonitor> monitors, double noise,
                      const TrialOptions& options, std::uint64_t stream, model::Ledger& ledger) {
  Philox random(static_cast<std::uint64_t>(options.seed), stream);
  Account account;
  const model::Signature& box = network.signature();
  const auto answer = [&](const torch::Tensor& queries) {
    torch::Tensor asked = queries.detach().clone().contiguous();
    const auto size =
        static_cast<std::size_t>(asked.numel() / std::max<std::int64_t>(1, asked.size(0)));
    float* values = asked.data_ptr<float>();
    if (noise > 0.0) {
      for (std::int64_t i = 0; i < asked.numel(); ++i)
        values[i] += static_cast<float>(noise * (2.0 * random.uniform() - 1.0));
      asked.clamp_(box.low, box.high);
    }
    for (std::int64_t i = 0; i < asked.size(0); ++i) {
      const std::span<const float> one(values + static_cast<std::size_t>(i) * size, size);
      for (std::size_t k = 0; k < 2; ++k)
        account.flagged[k] = monitors[k].observe(one) || account.flagged[k];
    }
    return model::apply(network.layers(), asked);
  };
  const model::FunctionModel watched(box, answer);
  stress::AttackOptions attack;
  attack.epsilons = {options.epsilon};
  attack.settings = {{"queries", std::to_string(options.queries)}};
  attack.seed = options.seed + static_cast<std::int64_t>(stream);
  const auto result = stress::run_attack("square", watched, input.unsqueeze(0), {label}, attack);
  ledger += result.ledger;
  model::Ledger check;
  account.success =
      network.logits(result.adversarial, check).argmax(1).item<std::int64_t>() != label;
  ledger += check;
  return account;
}

Trial query_trial(const model::Network& network, const torch::Tensor& calm, const Targets& targets,
                  const TrialOptions& options) {
  const torch::Tensor flat = calm.flatten(1).contiguous();
  const auto size = static_cast<std::size_t>(flat.size(1));
  const std::span<const float> values(flat.data_ptr<float>(),
                                      static_cast<std::size_t>(flat.numel()));
  const guard::QueryMonitor::Settings settings{.seed = static_cast<std::uint64_t>(options.seed)};
  std::vector<guard::QueryMonitor> monitors;
  double widest = 0.0;
  for (const double rate : kFalsePositives) {
    const double limit = guard::QueryMonitor::calibrate(values, size, rate, settings);
    widest = std::max(widest, limit);
    monitors.emplace_back(size, limit, settings);
  }
  // Uniform noise of half-width a puts two queries about a·sqrt(2/3·size) apart: as far as the
  // monitor looks, with a little room.
  const double noise = 1.1 * widest / std::sqrt(2.0 / 3.0 * static_cast<double>(size));
  Trial trial{
      .name = "query_monitor", .attack = "square", .adaptive_attack = "square, queries blinded"};
  trial.inputs = static_cast<std::size_t>(std::min(options.accounts, targets.inputs.size(0)));
  std::vector<std::array<Account, 2>> accounts(trial.inputs);
  std::vector<model::Ledger> ledgers(trial.inputs);
  for (std::size_t i = 0; i < trial.inputs; ++i) {  // An attack of one input runs on one thread.
    const auto row = static_cast<std::int64_t>(i);
    for (const std::size_t blinded : {0U, 1U}) {
      accounts[i][blinded] =
          watch_account(network, targets.inputs[row], targets.labels[row].item<std::int64_t>(),
                        monitors, blinded == 1 ? noise : 0.0, options, i, ledgers[i]);
    }
  }
  std::array<std::size_t, 2> successes{};
  for (std::size_t i = 0; i < trial.inputs; ++i) {
    trial.ledger += ledgers[i];
    for (std::size_t blinded = 0; blinded < 2; ++blinded) {
      const Account& one = accounts[i][blinded];
      if (!one.success) continue;
      ++successes[blinded];
      for (std::size_t k = 0; k < 2; ++k)
        (blinded == 0 ? trial.detected : trial.adaptive_detected)[k] += one.flagged[k] ? 1.0 : 0.0;
    }
  }
  for (std::size_t k = 0; k < 2; ++k) {
    trial.detected[k] /= static_cast<double>(successes[0]);  // NaN for none.
    trial.adaptive_detected[k] /= static_cast<double>(successes[1]);
  }
  trial.success = static_cast<double>(successes[0]) / static_cast<double>(trial.inputs);
  trial.adaptive_success = static_cast<double>(successes[1]) / static_cast<double>(trial.inputs);
  return trial;
}

}  // namespace

std::vector<Trial> run_trials(const model::Network& network, const guard::KernelDensity& density,
                              const torch::Tensor& calm, const torch::Tensor& attacked,
                              const std::vector<std::int64_t>& labels, const TrialOptions& options,
                              const std::function<bool()>& cancelled) {
  checked(TrialOptions::kName, kTrialFields, options);
  if (calm.size(0) < static_cast<std::int64_t>(kLeastCalm)) {
    throw DataError(
        fmt::format("tripwire: {} calm inputs; at least {} are needed for a threshold "
                    "at 1 % false positives",
                    calm.size(0), kLeastCalm));
  }
  const torch::Tensor chosen = calm.narrow(0, 0, std::min(options.calibration, calm.size(0)));
  model::Ledger setup;
  const Targets targets = correct_ones(network, attacked, labels, options.inputs, setup);
  const torch::Tensor plain = unaware(network, targets, options, setup);
  const int bits = static_cast<int>(options.bits);
  std::vector<Trial> trials;
  trials.push_back(white_box_trial(
      "feature_squeezing", "pgd on margin and squeezed distance", network, chosen, targets, plain,
      [&](const torch::Tensor& x) { return squeeze_score(network, x, bits); },
      [&](const torch::Tensor& x) { return -squeeze_score(network, x, bits, true); },
      [&](const torch::Tensor& x, const torch::Tensor& own) {
        // All versions have to be taken for something else before their outputs can agree.
        torch::Tensor sum = at::zeros({x.size(0)});
        for (const torch::Tensor& version : squeezed(x, network.signature(), bits))
          sum = sum + margin(model::apply(network.layers(), version), own).clamp_max(3.0);
        return sum;
      },
      options));
  if (cancelled && cancelled()) return trials;
  const double unit = static_cast<double>(network.layers().back().tensor("weight").size(1));
  trials.push_back(white_box_trial(
      "kernel_density", "pgd on margin and density", network, chosen, targets, plain,
      [&](const torch::Tensor& x) { return -log_density(network, density, x); },
      [&](const torch::Tensor& x) { return log_density(network, density, x) / unit; }, {},
      options));
  if (cancelled && cancelled()) return trials;
  trials.push_back(query_trial(network, chosen, targets, options));
  trials.front().ledger += setup;
  return trials;
}

}  // namespace emdyn::tripwire
