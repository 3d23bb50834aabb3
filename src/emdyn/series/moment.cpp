#include "emdyn/series/moment.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace emdyn::series {
namespace {

constexpr double kFirstMoment = 1e8;            // March 1973: a shorter time is a duration.
constexpr double kLastMoment = 253402300799.0;  // The end of the year 9999.

}  // namespace

bool is_moment(Axis axis, double position) noexcept {
  return axis == Axis::seconds && position >= kFirstMoment && position <= kLastMoment;
}

std::string moment_text(double seconds, double width) {
  const double whole = std::floor(std::clamp(seconds, 0.0, kLastMoment));
  const std::tm parts = fmt::gmtime(static_cast<std::time_t>(whole));
  if (width > 180.0 * 86400.0) return fmt::format("{:%Y-%m-%d}", parts);
  if (parts.tm_sec != 0 && width < 3600.0) return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
  return fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

}  // namespace emdyn::series
