#pragma once
#include <string>

#include "emdyn/series/records.hpp"

/// Positions that are moments: seconds since 1970, as logs of machines have them.
namespace emdyn::series {

/// Whether a position on this axis is a moment rather than a duration: seconds of the years 1973 to 9999.
bool is_moment(Axis axis, double position) noexcept;

/// "2014-04-11 08:20" in UTC; with seconds where they are not 0 and `width` (of the stretch or interval
/// told, in seconds; 0: unknown) is less than an hour, and only the date where it is more than half a year.
/// @param seconds a moment, as is_moment() has it.
std::string moment_text(double seconds, double width = 0.0);

}  // namespace emdyn::series
