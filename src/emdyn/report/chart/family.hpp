#pragma once
#include <string_view>

#include "emdyn/series/roles.hpp"

namespace emdyn::report {

/// Where the report files a signal: loss (with accuracies and other scores), gradients, weights,
/// activations, representation, data or other.
///
/// By its role where the name is a common alias of one; else by whole words of the name, never parts
/// of them. The last component says what was measured ("lambada/acc" is an accuracy), words of
/// quantities come before words of places ("weight_norm/embedding" are weights), and what somebody
/// set ("loss_scale", "weight_decay") is other.
std::string_view signal_family(std::string_view signal);

/// The same where the role is known.
std::string_view family_of_role(series::Role role) noexcept;

}  // namespace emdyn::report
