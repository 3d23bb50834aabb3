#pragma once
#include <string_view>

#include "emdyn/provoke/ood/contract/inputs.hpp"

namespace emdyn::provoke::ood {

/// The shape a score fitted on `training` will have.
/// @throws DataError naming what is missing, not finite or does not fit.
Shape checked_shape(std::string_view name, const TrainingSet& training, const Inputs& fit_needs,
                    const Inputs& score_needs);

}  // namespace emdyn::provoke::ood
