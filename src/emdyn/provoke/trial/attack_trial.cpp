#include "emdyn/provoke/trial/attack_trial.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::trial {
namespace {

/// Transitions are fitted to as many radii or more.
constexpr std::size_t kLeastCurve = 12;

std::optional<emergence::TransitionFit> transition_of(const series::StressCurve& curve) {
  if (curve.points.size() < kLeastCurve) return std::nullopt;
  std::vector<double> positions;
  std::vector<double> values;
  for (const auto& point : curve.points) {
    positions.push_back(point.position);
    values.push_back(point.value.estimate);
  }
  return emergence::fit_transition(curve.order_parameter, series::Axis::epsilon, positions, values);
}

std::vector<attack::Flag> all_flags(std::span<const attack::AttackResult> results) {
  std::vector<attack::Flag> flags;
  for (const attack::AttackResult& result : results) {
    for (const attack::Flag& flag : result.flags) {
      if (std::ranges::find(flags, flag.name, &attack::Flag::name) == flags.end())
        flags.push_back(flag);
    }
  }
  for (attack::Flag& flag : attack::compare(results)) flags.push_back(std::move(flag));
  return flags;
}

}  // namespace

std::size_t AttackTrial::best_single() const noexcept {
  std::size_t most = 0;
  for (const auto& result : results) most = std::max(most, result.errors(worst.epsilons.back()));
  return most;
}

void to_json(Json& json, const AttackTrial& trial) {
  const double largest = trial.worst.epsilons.back();
  json = {{"points", trial.worst.size()},
          {"norm", attack::word(trial.worst.norm)},
          {"epsilon", largest},
          {"clean_errors", trial.worst.clean_errors()},
          {"attacks", trial.results},
          {"best_attack_errors", trial.worst.errors(largest)},
          {"best_single_attack_errors", trial.best_single()},
          {"curve", trial.curve},
          {"flags", trial.flags},
          {"seconds", trial.seconds},
          {"transition", trial.transition ? Json(trial.transition->transition) : Json()}};
}

std::vector<double> radii(std::span<const double> given, std::size_t curve, double epsilon) {
  std::vector<double> list(given.begin(), given.end());
  for (std::size_t k = 0; k < curve; ++k)
    list.push_back(epsilon * static_cast<double>(k + 1) / static_cast<double>(curve));
  if (list.empty()) return {epsilon};
  list.push_back(0.0);
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void check(const PlannedAttack& planned) {
  const attack::AttackEntry& entry = attack::find_attack(planned.name);
  if (std::ranges::find(entry.norms, planned.options.norm) == entry.norms.end())
    throw ConfigError(fmt::format("{}: no attack in {}; see emdyn stress attack --list",
                                  planned.name, attack::word(planned.options.norm)));
  (void)entry.settings(planned.name, planned.options.settings);
}

AttackTrial run_attack_trial(const Subject& subject, std::span<const PlannedAttack> plan,
                             const Task& task) {
  const model::Signature& signature = subject.model->signature();
  const torch::Tensor inputs = subject.inputs.clamp(signature.low, signature.high);
  AttackTrial trial;
  for (const PlannedAttack& planned : plan) {
    trial.results.push_back(attack::run_attack(planned.name, *subject.model, inputs, subject.labels,
                                               planned.options, task));
    task.check();
    trial.seconds += trial.results.back().seconds;
  }
  trial.worst = attack::worst_case(trial.results);
  trial.curve = attack::stress_curve(trial.worst);
  trial.transition = transition_of(trial.curve);
  trial.flags = all_flags(trial.results);
  return trial;
}

BrokenExamples broken_examples(const model::Signature& signature, const attack::AttackResult& worst,
                               const std::vector<std::int64_t>& labels) {
  BrokenExamples broken{.examples = {.name = "broken", .shape = signature.input}};
  const torch::Tensor rows = worst.adversarial.contiguous();
  const std::size_t size = broken.examples.example_size();
  for (std::size_t i = 0; i < worst.size(); ++i) {
    const bool within = worst.broken(i, worst.epsilons.back());
    if (worst.outcome[i] != attack::PointOutcome::broken || !within) continue;
    const float* first = rows.data_ptr<float>() + i * size;
    broken.examples.values.insert(broken.examples.values.end(), first, first + size);
    broken.examples.labels.push_back(labels[i]);
    broken.notes.index.push_back(static_cast<std::int64_t>(i));
    broken.notes.distance.push_back(worst.distance[i]);
  }
  if (broken.examples.labels.empty())
    throw DataError("stress attack: nothing broke, so there is nothing to save");
  return broken;
}

}  // namespace emdyn::provoke::trial
