#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab {

/// One simulated experiment and how to make it.
struct ExperimentEntry : EntryFacts {
  std::string_view probes;  ///< What its signals measure, in words.
  std::string_view truth;   ///< What is known of its outcome beforehand, and checked by a test.
  bool trains;              ///< A network in training, with losses and probes on a schedule.
  std::unique_ptr<Experiment> (*make)(const Params& params);
};

/// What an entry says beside the facts of every entry: probes, truth.
inline std::vector<Fact> facts(const ExperimentEntry& entry) {
  return {{"probes", entry.probes}, {"truth", entry.truth}};
}

/// How every registry of experiments is spoken of.
inline constexpr RegistryForm kExperimentForm{.what = "experiment",
                                              .several = "experiments",
                                              .list = "emdyn lab list",
                                              .summary_key = "help",
                                              .fields_key = "settings"};

}  // namespace emdyn::model::lab
