#include "emdyn/app/torch_plugin/stress_tripwires.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "emdyn/model/network/observe.hpp"
#include "emdyn/provoke/guard/kernel_density.hpp"
#include "emdyn/provoke/trial/trial.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::size_t kInputs = 50;
constexpr std::int64_t kSteps = 40;

}  // namespace

void add_tripwires(const TripwireRequest& request, const std::function<bool()>& cancelled,
                   report::Evidence& evidence, model::Ledger& ledger) {
  const Subject& subject = request.subject;
  // No input both calibrates and is attacked.
  const std::size_t half = request.part / 2;
  std::vector<std::int64_t> chosen;
  std::vector<std::int64_t> chosen_labels;
  for (std::size_t i = 0; i < request.broken.size() && chosen.size() < kInputs; ++i) {
    if (request.broken[i] == 0 || (i >= half && i < request.part)) continue;
    chosen.push_back(static_cast<std::int64_t>(i));
    chosen_labels.push_back(subject.labels[i]);
  }
  if (chosen.empty()) {
    evidence.notes.push_back("No tripwires: no attack broke an input they could notice.");
    return;
  }
  model::Ledger seen_ledger;
  const auto seen = model::observe(*subject.model, request.train_inputs, true, seen_ledger);
  const std::vector<std::uint32_t> labels(request.train_labels.begin(), request.train_labels.end());
  const provoke::guard::KernelDensity density(
      math::matrix_view(seen.features.data(), seen.rows, seen.feature_count), labels, seen.classes);
  const auto trials = provoke::trial::run_trials(
      network_of(*subject.model, "the tripwire trials"), density,
      subject.inputs.narrow(0, static_cast<std::int64_t>(half),
                            static_cast<std::int64_t>(request.part - half)),
      subject.inputs.index_select(0, torch::tensor(chosen)), chosen_labels,
      {.epsilon = request.epsilon, .steps = kSteps, .seed = request.seed}, cancelled);
  for (const provoke::trial::Trial& one : trials) {
    evidence.tripwires.push_back({one.name, fmt::format("{} / {}", one.attack, one.adaptive_attack),
                                  one.detected, one.adaptive_detected});
    ledger += one.ledger;
  }
}

}  // namespace emdyn::app::torch_plugin
