#pragma once
#include <string>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::model::lab {

/// What is known of an experiment's outcome, beside what this run of it shows. Nothing of the run
/// went into `expected`.
struct Truth {
  std::string quantity{};       ///< "critical temperature".
  double expected = 0.0;        ///< From theory or by construction.
  series::Interval measured{};  ///< In this run.
  std::string source{};         ///< Of the theory.

  /// |measured − expected| over |expected|; over 1 where that is 0.
  double relative_error() const noexcept;
};
void to_json(Json& json, const Truth& truth);

/// "critical temperature 2.271 [2.265, 2.277]; theory 2.269 (0.1 % off)".
std::string describe(const Truth& truth);

}  // namespace emdyn::model::lab
