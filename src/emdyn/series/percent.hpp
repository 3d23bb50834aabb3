#pragma once
#include <string>
#include <vector>

#include "emdyn/series/roles.hpp"

namespace emdyn::series {

/// Turns accuracies that are written in percent into fractions. They are known by their values: an
/// accuracy (by its role, or the user's choice of one) above 1 and at most 100 is in percent, and
/// then every accuracy of the run is. @return the names of the signals that were turned.
std::vector<std::string> percent_to_fraction(Run& run, const RoleChoices& choices = {});

}  // namespace emdyn::series
