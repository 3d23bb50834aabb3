#include "emdyn/model/lab/registry.hpp"

#include <array>

#include "emdyn/model/lab/grokking/grokking.hpp"
#include "emdyn/model/lab/sinusoid/sinusoid.hpp"

namespace emdyn::model::lab {
namespace {

// The only list of experiments. Add yours here.
constexpr std::array kExperiments{
    ExperimentEntry{
        {"grokking", "a small network memorises modular arithmetic, then suddenly generalises",
         "Power et al. 2022; Gromov 2023; Nanda et al. 2023",
         "O(steps examples weights), and the probes' share",
         [] { return describe_fields(kGrokkingFields); }},
        "losses, accuracies, norms of gradient, update and weights, effective rank, Fourier spectrum of the embedding",
        [](const Params& params) -> std::unique_ptr<Experiment> {
          return make_grokking(grokking_config(params));
        }},
    ExperimentEntry{
        {"sinusoid", "a small network learns sin(x) and is asked for a phase it was not shown",
         kOwnWork, "O(steps batch weights), and the probes' share",
         [] { return describe_fields(kSinusoidFields); }},
        "losses, the error by phase, norms of gradient, update and weights, effective rank",
        [](const Params& params) -> std::unique_ptr<Experiment> {
          return make_sinusoid(sinusoid_config(params));
        }},
};

constexpr Registry<ExperimentEntry> kRegistry{{.what = "experiment",
                                               .several = "experiments",
                                               .list = "emdyn lab list",
                                               .summary_key = "help",
                                               .fields_key = "settings"},
                                              kExperiments};

}  // namespace

const Registry<ExperimentEntry>& registry() noexcept { return kRegistry; }

std::span<const ExperimentEntry> experiments() noexcept { return kRegistry.entries(); }

std::vector<Fact> facts(const ExperimentEntry& entry) { return {{"probes", entry.probes}}; }

std::unique_ptr<Experiment> make_experiment(std::string_view name, const Params& params) {
  return kRegistry.find(name).make(params);
}

}  // namespace emdyn::model::lab
