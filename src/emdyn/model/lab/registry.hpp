#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab {

/// One simulated experiment and how to make it.
struct ExperimentEntry : EntryFacts {
  std::string_view probes;  ///< What its probes measure, in words.
  std::unique_ptr<Experiment> (*make)(const Params& params);
};

/// Every experiment this build knows, in the order users see them.
const Registry<ExperimentEntry>& registry() noexcept;
std::span<const ExperimentEntry> experiments() noexcept;

/// What an entry says beside the facts of every entry: probes.
std::vector<Fact> facts(const ExperimentEntry& entry);

/// @throws ConfigError for an unknown experiment or setting, or a value out of range.
std::unique_ptr<Experiment> make_experiment(std::string_view name, const Params& params);

}  // namespace emdyn::model::lab
