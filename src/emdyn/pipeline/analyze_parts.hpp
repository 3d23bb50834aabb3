#pragma once
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"

namespace emdyn::pipeline {

/// What an analysis looks for.
struct AnalyzeParts {
  bool transitions = true;   ///< And what is known of them: size, evidence, onset.
  bool mirage = true;        ///< Whether a metric only makes them look sudden; needs transitions.
  bool warning = true;       ///< Trends of early-warning indicators before the main one.
  bool interactions = true;  ///< When the signals began to act together.
  bool scale = true;         ///< Of tables of models along their size: what larger ones will score.
};

/// "transitions, mirage, warning, interactions, scale".
std::string analyze_part_words();

/// Only the parts named; all of them for an empty list. Mirage brings transitions with it.
/// @throws ConfigError for a word that names no part.
AnalyzeParts parts_of(const std::vector<std::string>& words);

}  // namespace emdyn::pipeline
