#include "emdyn/model/lab/registry.hpp"

#include <array>
#include <vector>

#include "emdyn/model/lab/dynamics/registry.hpp"
#include "emdyn/model/lab/grokking/grokking.hpp"
#include "emdyn/model/lab/sinusoid/sinusoid.hpp"

namespace emdyn::model::lab {
namespace {

// The only list of experiments. Add yours here.
constexpr std::array kTrainings{
    ExperimentEntry{
        {"grokking", "a small network memorises modular arithmetic, then suddenly generalises",
         "Power et al. 2022; Gromov 2023; Nanda et al. 2023",
         "O(steps examples weights), and the probes' share",
         [] { return describe_fields(kGrokkingFields); }},
        "losses, accuracies, norms of gradient, update and weights, effective rank, Fourier spectrum of the embedding",
        "memorises first and generalises later where decay and data suffice; neither without decay",
        true,
        [](const Params& params) -> std::unique_ptr<Experiment> {
          return make_grokking(grokking_config(params));
        }},
    ExperimentEntry{
        {"sinusoid", "a small network learns sin(x) and is asked for a phase it was not shown",
         kOwnWork, "O(steps batch weights), and the probes' share",
         [] { return describe_fields(kSinusoidFields); }},
        "losses, the error by phase, norms of gradient, update and weights, effective rank",
        "the target is sin(x); a normal prediction lies beyond k deviations with chance erfc(k/sqrt 2)",
        true,
        [](const Params& params) -> std::unique_ptr<Experiment> {
          return make_sinusoid(sinusoid_config(params));
        }},
};

/// The trainings and the labs without a network, which have a registry of their own because they
/// need no plugin.
const std::vector<ExperimentEntry>& all_experiments() {
  static const std::vector<ExperimentEntry> all = [] {
    std::vector<ExperimentEntry> list(kTrainings.begin(), kTrainings.end());
    const auto simulated = dynamics::registry().entries();
    list.insert(list.end(), simulated.begin(), simulated.end());
    return list;
  }();
  return all;
}

}  // namespace

const Registry<ExperimentEntry>& registry() {
  static const Registry<ExperimentEntry> all(kExperimentForm, all_experiments());
  return all;
}

std::span<const ExperimentEntry> experiments() { return registry().entries(); }

std::unique_ptr<Experiment> make_experiment(std::string_view name, const Params& params) {
  return registry().find(name).make(params);
}

}  // namespace emdyn::model::lab
