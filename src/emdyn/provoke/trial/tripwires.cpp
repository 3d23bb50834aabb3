#include "emdyn/provoke/trial/tripwires.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "emdyn/provoke/ood/network/of_network.hpp"

namespace emdyn::provoke::trial {
namespace {

constexpr std::size_t kInputs = 50;
constexpr std::int64_t kSteps = 40;

}  // namespace

std::vector<Trial> try_on_halves(const model::Model& model, const guard::KernelDensity& density,
                                 const torch::Tensor& inputs,
                                 const std::vector<std::int64_t>& labels,
                                 const TrialOptions& options, const Task& task) {
  const std::int64_t half = inputs.size(0) / 2;
  return run_trials(model::network_of(model, "the tripwire trials"), density,
                    inputs.narrow(0, 0, half), inputs.narrow(0, half, inputs.size(0) - half),
                    {labels.begin() + half, labels.end()}, options, task);
}

TripwireTrial try_tripwires(const TripwireRequest& request, const Task& task) {
  const Subject& subject = request.subject;
  TripwireTrial trial;
  const std::size_t half = request.part / 2;
  std::vector<std::int64_t> chosen;
  std::vector<std::int64_t> chosen_labels;
  for (std::size_t i = 0; i < request.broken.size() && chosen.size() < kInputs; ++i) {
    if (request.broken[i] == 0 || (i >= half && i < request.part)) continue;
    chosen.push_back(static_cast<std::int64_t>(i));
    chosen_labels.push_back(subject.labels[i]);
  }
  if (chosen.empty()) {
    trial.note = "No tripwires: no attack broke an input they could notice.";
    return trial;
  }
  model::Ledger ignored;
  const auto seen = model::observe(*subject.model, request.train_inputs, true, ignored, task);
  task.check();
  const std::vector<std::uint32_t> labels = ood::labels_of(request.train_labels);
  const guard::KernelDensity density(
      math::matrix_view(seen.features.data(), seen.rows, seen.feature_count), labels, seen.classes);
  const auto trials =
      run_trials(model::network_of(*subject.model, "the tripwire trials"), density,
                 subject.inputs.narrow(0, static_cast<std::int64_t>(half),
                                       static_cast<std::int64_t>(request.part - half)),
                 subject.inputs.index_select(0, torch::tensor(chosen)), chosen_labels,
                 {.epsilon = request.epsilon, .steps = kSteps, .seed = request.seed}, task);
  for (const Trial& one : trials) {
    trial.findings.push_back({one.name, fmt::format("{} / {}", one.attack, one.adaptive_attack),
                              one.detected, one.adaptive_detected});
    trial.ledger += one.ledger;
  }
  return trial;
}

}  // namespace emdyn::provoke::trial
