#pragma once
#include "emdyn/model/lab/contract/entry.hpp"

namespace emdyn::model::lab::dynamics {

/// The labs without a network, which need no plugin.
const Registry<ExperimentEntry>& registry() noexcept;

}  // namespace emdyn::model::lab::dynamics
