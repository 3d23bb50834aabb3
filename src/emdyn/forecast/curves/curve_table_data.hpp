#pragma once
#include <string_view>

namespace emdyn::forecast {

/// The text of predictors/curves.json as it was when this library was built; empty where the file
/// was absent.
std::string_view curve_table_data();

}  // namespace emdyn::forecast
