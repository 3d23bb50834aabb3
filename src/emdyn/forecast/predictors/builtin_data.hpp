#pragma once
#include <array>
#include <string_view>

namespace emdyn::forecast {

/// The text of predictors/grokking.json and predictors/signals_only.json as they were when this
/// library was built; empty where a file was absent.
std::array<std::string_view, 2> builtin_data();

}  // namespace emdyn::forecast
