#pragma once
#include <string>
#include <vector>

#include "emdyn/series/moment.hpp"

/// Positions that are moments: seconds since 1970, as logs of machines have them.
namespace emdyn::report {

using series::is_moment;
using series::moment_text;

/// About `target` moments on round minutes, hours or days, ascending.
std::vector<double> moment_ticks(double low, double high, int target);

/// A position without its axis: a moment, else position_text().
std::string place_number(series::Axis axis, double position);

}  // namespace emdyn::report
