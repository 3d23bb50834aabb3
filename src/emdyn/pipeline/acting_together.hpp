#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/pipeline/analyze.hpp"

namespace emdyn::pipeline {

/// The interaction timeline of the signals of a run that were recorded together: the positions that
/// most signals share, at most `most_signals` (those with a role first). Nothing where fewer than
/// two signals have two windows of samples in common.
/// @param most_signals 2 … 200; a window's cost grows with their square.
std::optional<ActingTogether> acting_together(const series::Run& run,
                                              std::size_t most_signals = 24);

/// "interactions: from 400 on the 4 signals … act together beyond independent parts, 120 before the
/// onset of rise of test_accuracy", or that they did not. @pre analysis.together
std::string together_words(const Analysis& analysis);

/// The windows to show, evenly spaced, the last among them.
std::vector<std::size_t> shown_windows(const ActingTogether& together, std::size_t most);

/// {names, signals, rows, together_since, emergent_since, windows, strongest: {end, pairs}, note}.
/// Windows of more than eight signals leave the matrices of pairs out.
Json together_json(const ActingTogether& together);

}  // namespace emdyn::pipeline
