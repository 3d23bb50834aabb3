#pragma once
#include <string>

#include "emdyn/core/json.hpp"

namespace emdyn::app::cli {

/// "emdyn 0.1.0 (1a2b3c4, Release, gcc 12.2.0)".
std::string version_text();
Json version_json();

}  // namespace emdyn::app::cli
