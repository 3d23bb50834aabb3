#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "emdyn/model/lab/contract/entry.hpp"

namespace emdyn::model::lab {

/// Every experiment this build knows, in the order users see them: those that train networks, then
/// those of dynamics::registry().
const Registry<ExperimentEntry>& registry();
std::span<const ExperimentEntry> experiments();

/// @throws ConfigError for an unknown experiment or setting, or a value out of range.
std::unique_ptr<Experiment> make_experiment(std::string_view name, const Params& params);

}  // namespace emdyn::model::lab
