#include "emdyn/provoke/trial/trial.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/guard/query_monitor.hpp"
#include "emdyn/provoke/trial/adaptive.hpp"

namespace emdyn::provoke::trial {
namespace {

constexpr std::int64_t kChunk = 32;
constexpr std::size_t kLeastCalm = 100;
constexpr std::int64_t kAims = 3;  // Other classes an adaptive attacker aims for.

/// What a tripwire makes of inputs: a suspicion each, higher is more suspect.
using Suspicion = std::function<torch::Tensor(const torch::Tensor& inputs)>;
/// What an attacker looks at who knows the tripwire: given inputs and the class aimed for in each.
using View = std::function<Standing(const torch::Tensor& inputs, const torch::Tensor& classes,
                                    const Reach& reach, double limit)>;
/// One way past a tripwire.
struct Strategy {
  View view;
  double lead = 0.0;  // By how many logits the class aimed for should be ahead.
};

/// `body(first, chunk, ledger)` over chunks of fixed size, in parallel; ledgers are summed in
/// order. @throws Task::Stopped.
void for_chunks(
    const torch::Tensor& inputs, model::Ledger& ledger, const Task& task,
    const std::function<void(std::int64_t, const torch::Tensor&, model::Ledger&)>& body) {
  model::set_torch_threads(1);
  const std::int64_t rows = inputs.size(0);
  const auto chunks = static_cast<std::size_t>((rows + kChunk - 1) / kChunk);
  std::vector<model::Ledger> ledgers(chunks);
  parallel_for(chunks, [&](std::size_t c) {
    if (task.stopped()) return;
    model::set_torch_threads(1);
    const std::int64_t first = static_cast<std::int64_t>(c) * kChunk;
    body(first, inputs.narrow(0, first, std::min(kChunk, rows - first)), ledgers[c]);
  });
  task.check();
  for (const model::Ledger& one : ledgers) ledger += one;
}

std::vector<float> suspicions(const torch::Tensor& inputs, const Suspicion& suspicion,
                              const Task& task) {
  std::vector<float> values(static_cast<std::size_t>(inputs.size(0)));
  model::Ledger ignored;
  for_chunks(inputs, ignored, task,
             [&](std::int64_t first, const torch::Tensor& chunk, model::Ledger&) {
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
              const std::array<double, 2>& limits, model::Ledger& ledger, const Task& task) {
  const std::vector<float> values = suspicions(inputs, suspicion, task);
  const auto seen = model::observe(network, inputs, false, ledger).predictions();
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
                     model::Ledger& ledger, const Task& task) {
  const auto seen = model::observe(network, inputs, false, ledger, task).predictions();
  task.check();
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
                      const TrialOptions& options, model::Ledger& ledger, const Task& task) {
  provoke::attack::AttackOptions attack;
  attack.epsilons = {options.epsilon};
  attack.settings = {{"steps", std::to_string(options.steps)}};
  attack.seed = options.seed;
  const torch::Tensor labels = targets.labels.contiguous();
  const auto* first = labels.data_ptr<std::int64_t>();
  auto result = provoke::attack::run_attack("pgd", network, targets.inputs,
                                            {first, first + labels.numel()}, attack, task);
  task.check();
  ledger += result.ledger;
  return result.adversarial;
}

/// Of two attacks on each input the one to send: misclassified and unnoticed before misclassified
/// before neither; the second where they are even.
torch::Tensor better_of(const torch::Tensor& first, const torch::Tensor& second,
                        const Judge& judge) {
  const torch::NoGradGuard no_grad;
  const auto rank = [&](const torch::Tensor& x) {
    const Verdict verdict = judge(x);
    return verdict.wrong.to(at::kInt) + verdict.wrong.logical_and(verdict.unseen).to(at::kInt);
  };
  std::vector<std::int64_t> column(static_cast<std::size_t>(first.dim()), 1);
  column[0] = -1;
  return at::where((rank(first) > rank(second)).view(column), first, second);
}

/// The likeliest other classes of each input, likeliest first: [input, class].
torch::Tensor likeliest_others(const torch::Tensor& logits, const torch::Tensor& labels) {
  const std::int64_t count = std::min(kAims, logits.size(1) - 1);
  return std::get<1>(logits.scatter(1, labels.unsqueeze(1), -1e30).topk(count, 1));
}

/// Every strategy towards each of the likeliest other classes, for the inputs that are not through
/// yet. @param sent the best attack so far.
torch::Tensor aware(const model::Network& network, const Targets& targets,
                    const torch::Tensor& sent, const Suspicion& suspicion,
                    const std::vector<Strategy>& strategies, double limit,
                    const TrialOptions& options, model::Ledger& ledger, const Task& task) {
  torch::Tensor made = sent.clone();
  const auto attack = [&](std::int64_t first, const torch::Tensor& chunk, model::Ledger& own) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor labels = targets.labels.narrow(0, first, chunk.size(0));
    const torch::Tensor aims = likeliest_others(model::apply(network.layers(), chunk), labels);
    own.forward += chunk.size(0);
    torch::Tensor best = made.narrow(0, first, chunk.size(0));  // A view.
    const auto judge_of = [&](const torch::Tensor& own_labels) -> Judge {
      return [&network, &suspicion, limit, own_labels](const torch::Tensor& x) -> Verdict {
        return {margin(model::apply(network.layers(), x), own_labels) > 0.0, suspicion(x) <= limit};
      };
    };
    const Verdict before = judge_of(labels)(best);
    torch::Tensor open = before.wrong.logical_and(before.unseen).logical_not().nonzero().squeeze(1);
    for (const Strategy& strategy : strategies) {
      for (std::int64_t rank = 0; rank < aims.size(1) && open.numel() > 0; ++rank) {
        const torch::Tensor inputs = chunk.index_select(0, open);
        const torch::Tensor own_labels = labels.index_select(0, open);
        const torch::Tensor classes = aims.index_select(0, open).select(1, rank);
        const Reach reach = reach_of(inputs, network.signature(), options.epsilon);
        const Judge judge = judge_of(own_labels);
        const torch::Tensor x = climb(
            inputs, reach,
            [&](const torch::Tensor& at) { return strategy.view(at, classes, reach, limit); },
            judge, {.epsilon = options.epsilon, .steps = options.steps, .lead = strategy.lead}, own,
            task);
        if (task.stopped()) return;
        const Verdict verdict = judge(x);
        own.forward += open.numel();
        best.index_copy_(0, open, better_of(best.index_select(0, open), x, judge));
        open = open.masked_select(verdict.wrong.logical_and(verdict.unseen).logical_not());
      }
    }
  };
  for_chunks(targets.inputs, ledger, task, attack);
  return made;
}

/// Either every squeezed version is taken for the class aimed for too, surely, or the input crosses
/// so narrowly that its outputs have not moved far.
std::vector<Strategy> past_squeezing(const model::Network& network, int bits) {
  const View together = [&network, bits](const torch::Tensor& x, const torch::Tensor& classes,
                                         const Reach& reach, double) -> Standing {
    torch::Tensor quiet = at::zeros({x.size(0)});
    for (const torch::Tensor& version : squeezed(x, network.signature(), bits, &reach)) {
      const torch::Tensor shares = at::log_softmax(model::apply(network.layers(), version), 1);
      quiet = quiet + shares.gather(1, classes.unsqueeze(1)).squeeze(1);
    }
    return {lead(model::apply(network.layers(), x), classes), quiet};
  };
  const View narrowly = [&network, bits](const torch::Tensor& x, const torch::Tensor& classes,
                                         const Reach& reach, double limit) -> Standing {
    const torch::Tensor logits = model::apply(network.layers(), x);
    const torch::Tensor plain = at::softmax(logits, 1);
    torch::Tensor quiet = at::zeros({x.size(0)});
    for (const torch::Tensor& version : squeezed(x, network.signature(), bits, &reach)) {
      const torch::Tensor shares = at::softmax(model::apply(network.layers(), version), 1);
      quiet = quiet - ((plain - shares).abs().sum(1) - limit).clamp_min(0.0);
    }
    return {lead(logits, classes), quiet};
  };
  return {{narrowly, 0.0}, {together, 2.0}};
}

/// A dense region of the class aimed for, not of whatever is predicted on the way.
std::vector<Strategy> past_density(const model::Network& network,
                                   const provoke::guard::KernelDensity& density) {
  const View view = [&](const torch::Tensor& x, const torch::Tensor& classes, const Reach&,
                        double) -> Standing {
    return {lead(model::apply(network.layers(), x), classes),
            log_density(network, density, x, classes)};
  };
  return {{view, 0.0}};
}

Trial white_box_trial(const std::string& name, const std::string& adaptive,
                      const model::Network& network, const torch::Tensor& calm,
                      const Targets& targets, const torch::Tensor& plain,
                      const Suspicion& suspicion, const std::vector<Strategy>& strategies,
                      const TrialOptions& options, const Task& task) {
  Trial trial{.name = name, .attack = "pgd", .adaptive_attack = adaptive};
  trial.inputs = static_cast<std::size_t>(targets.inputs.size(0));
  const auto limits = thresholds(suspicions(calm, suspicion, task));
  const Counted first =
      count(network, plain, targets.labels, suspicion, limits, trial.ledger, task);
  trial.success = first.success;
  trial.detected = first.detected;
  // The stricter tripwire (more false positives) first: what evades it evades the other one too.
  torch::Tensor best = plain;
  for (const std::size_t k : {1U, 0U}) {
    best = aware(network, targets, best, suspicion, strategies, limits[k], options, trial.ledger,
                 task);
    const Counted second =
        count(network, best, targets.labels, suspicion, limits, trial.ledger, task);
    trial.adaptive_success = second.success;
    trial.adaptive_detected[k] = second.detected[k];
  }
  return trial;
}

/// An attack on one input whose every query passes the monitor of the account it is asked from.
struct Account {
  bool success = false;
  std::array<bool, 2> flagged{};
};

/// @param turn queries after which the attacker goes on from another account; 0: never.
Account watch_account(const model::Network& network, const torch::Tensor& input, std::int64_t label,
                      const std::vector<provoke::guard::QueryMonitor>& fresh, std::uint64_t turn,
                      const TrialOptions& options, std::uint64_t stream, model::Ledger& ledger,
                      const Task& task) {
  Account account;
  std::vector<provoke::guard::QueryMonitor> monitors = fresh;
  const auto answer = [&](const torch::Tensor& queries) {
    const torch::Tensor asked = queries.detach().contiguous();
    const auto rows = static_cast<std::size_t>(asked.size(0));
    const std::span<const float> values(asked.data_ptr<float>(),
                                        static_cast<std::size_t>(asked.numel()));
    const std::size_t size = values.size() / std::max<std::size_t>(1, rows);
    for (std::size_t i = 0; i < rows; ++i) {
      if (turn > 0 && monitors.front().queries() == turn) monitors = fresh;
      for (std::size_t k = 0; k < monitors.size(); ++k)
        account.flagged[k] =
            monitors[k].observe(values.subspan(i * size, size)) || account.flagged[k];
    }
    return model::apply(network.layers(), asked);
  };
  const model::FunctionModel watched(network.signature(), answer);
  provoke::attack::AttackOptions attack;
  attack.epsilons = {options.epsilon};
  attack.settings = {{"queries", std::to_string(options.queries)}};
  attack.seed = options.seed + static_cast<std::int64_t>(stream);
  const auto result =
      provoke::attack::run_attack("square", watched, input.unsqueeze(0), {label}, attack, task);
  task.check();
  ledger += result.ledger;
  model::Ledger check;
  account.success =
      network.logits(result.adversarial, check).argmax(1).item<std::int64_t>() != label;
  ledger += check;
  return account;
}

Trial query_trial(const model::Network& network, const torch::Tensor& calm, const Targets& targets,
                  const TrialOptions& options, const Task& task) {
  const torch::Tensor flat = calm.flatten(1).contiguous();
  const auto size = static_cast<std::size_t>(flat.size(1));
  const std::span<const float> values(flat.data_ptr<float>(),
                                      static_cast<std::size_t>(flat.numel()));
  const provoke::guard::QueryMonitor::Settings settings{
      .seed = static_cast<std::uint64_t>(options.seed)};
  std::vector<provoke::guard::QueryMonitor> monitors;
  for (const double rate : kFalsePositives) {
    task.check();
    const auto queries = static_cast<std::size_t>(options.queries);
    monitors.emplace_back(
        size,
        provoke::guard::QueryMonitor::calibrate_accounts(values, size, rate, queries, settings),
        settings);
  }
  // The monitor needs more earlier queries than it looks for neighbours.
  const std::uint64_t turn = settings.neighbours;
  Trial trial{.name = "query_monitor",
              .attack = "square",
              .adaptive_attack = fmt::format("square, {} queries an account", turn)};
  trial.inputs = static_cast<std::size_t>(std::min(options.accounts, targets.inputs.size(0)));
  std::vector<std::array<Account, 2>> accounts(trial.inputs);
  std::vector<model::Ledger> ledgers(trial.inputs);
  for (std::size_t i = 0; i < trial.inputs; ++i) {  // An attack of one input runs on one thread.
    const auto row = static_cast<std::int64_t>(i);
    for (const std::size_t spread : {0U, 1U}) {
      accounts[i][spread] =
          watch_account(network, targets.inputs[row], targets.labels[row].item<std::int64_t>(),
                        monitors, spread == 1 ? turn : 0, options, i, ledgers[i], task);
    }
  }
  std::array<std::size_t, 2> successes{};
  for (std::size_t i = 0; i < trial.inputs; ++i) {
    trial.ledger += ledgers[i];
    for (std::size_t spread = 0; spread < 2; ++spread) {
      const Account& one = accounts[i][spread];
      if (!one.success) continue;
      ++successes[spread];
      for (std::size_t k = 0; k < 2; ++k)
        (spread == 0 ? trial.detected : trial.adaptive_detected)[k] += one.flagged[k] ? 1.0 : 0.0;
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

void to_json(Json& json, const Trial& trial) {
  json = {{"tripwire", trial.name},
          {"attack", trial.attack},
          {"success", trial.success},
          {"detected_at_1_percent", number_or_null(trial.detected[0])},
          {"detected_at_5_percent", number_or_null(trial.detected[1])},
          {"adaptive_attack", trial.adaptive_attack},
          {"adaptive_success", trial.adaptive_success},
          {"adaptive_detected_at_1_percent", number_or_null(trial.adaptive_detected[0])},
          {"adaptive_detected_at_5_percent", number_or_null(trial.adaptive_detected[1])},
          {"inputs", trial.inputs},
          {"ledger", trial.ledger}};
}

std::vector<Trial> run_trials(const model::Network& network,
                              const provoke::guard::KernelDensity& density,
                              const torch::Tensor& calm, const torch::Tensor& attacked,
                              const std::vector<std::int64_t>& labels, const TrialOptions& options,
                              const Task& task) {
  checked(TrialOptions::kName, kTrialFields, options);
  if (calm.size(0) < static_cast<std::int64_t>(kLeastCalm)) {
    throw DataError(
        fmt::format("tripwire: {} calm inputs; at least {} are needed for a threshold "
                    "at 1 % false positives",
                    calm.size(0), kLeastCalm));
  }
  const torch::Tensor chosen = calm.narrow(0, 0, std::min(options.calibration, calm.size(0)));
  model::Ledger setup;
  const Task quiet = task.with({});  // Trials are told of, not the attacks they are made of.
  const auto tell = [&](std::string_view tripwire, std::size_t done) {
    task.tell({.what = "trying tripwires",
               .done = done,
               .planned = 3,
               .unit = "tripwires",
               .note = tripwire});
  };
  tell("feature_squeezing", 0);
  const Targets targets = correct_ones(network, attacked, labels, options.inputs, setup, quiet);
  const torch::Tensor plain = unaware(network, targets, options, setup, quiet);
  const int bits = static_cast<int>(options.bits);
  std::vector<Trial> trials;
  trials.push_back(white_box_trial(
      "feature_squeezing", "targeted pgd through the squeezers", network, chosen, targets, plain,
      [&](const torch::Tensor& x) { return squeeze_score(network, x, bits); },
      past_squeezing(network, bits), options, quiet));
  tell("kernel_density", 1);
  trials.push_back(white_box_trial(
      "kernel_density", "targeted pgd on lead and density", network, chosen, targets, plain,
      [&](const torch::Tensor& x) { return -log_density(network, density, x); },
      past_density(network, density), options, quiet));
  tell("query_monitor", 2);
  trials.push_back(query_trial(network, chosen, targets, options, quiet));
  trials.front().ledger += setup;
  return trials;
}

}  // namespace emdyn::provoke::trial
