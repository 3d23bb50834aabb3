#pragma once
#include <optional>
#include <string>

#include "emdyn/pipeline/analyze.hpp"

namespace emdyn::pipeline {

/// The interaction timeline of the signals of a run that were recorded together: the positions that
/// most signals share, at most eight signals (those with a role first). Nothing where fewer than
/// two signals have two windows of samples in common.
std::optional<ActingTogether> acting_together(const series::Run& run);

/// "since step 400 the 4 signals act together (beyond independent parts, 90 % band)" or that they
/// did not.
std::string together_words(const ActingTogether& together);

}  // namespace emdyn::pipeline
