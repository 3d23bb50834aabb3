#pragma once
#include <string>
#include <vector>

#include "emdyn/series/records.hpp"

/// Positions that are moments: seconds since 1970, as logs of machines have them.
namespace emdyn::report {

/// Whether a position on this axis is a moment rather than a duration: seconds of the year 1973 to 9999.
bool is_moment(series::Axis axis, double position) noexcept;

/// "2014-04-11 08:20" in UTC; with seconds where they are not 0 and `width` (of the stretch or interval
/// told, in seconds; 0: unknown) is less than an hour, and only the date where it is more than half a year.
std::string moment_text(double seconds, double width = 0.0);

/// About `target` moments on round minutes, hours or days, ascending.
std::vector<double> moment_ticks(double low, double high, int target);

/// A position without its axis: a moment, else position_text().
std::string place_number(series::Axis axis, double position);

}  // namespace emdyn::report
