#include "emdyn/report/html/moment.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <ctime>

#include "emdyn/report/html/number.hpp"

namespace emdyn::report {

namespace {

constexpr double kHour = 3600.0;
constexpr double kDay = 86400.0;
constexpr double kLastMoment = 253402300799.0;  // The end of the year 9999.

}  // namespace

bool is_moment(series::Axis axis, double position) noexcept {
  return axis == series::Axis::seconds && position >= 1e8 && position <= kLastMoment;
}

std::string moment_text(double seconds, double width) {
  if (!(seconds >= 0.0) || seconds > kLastMoment) return number_text(seconds);
  const double whole = std::floor(seconds);
  const std::tm parts = fmt::gmtime(static_cast<std::time_t>(whole));
  if (width > 180.0 * kDay) return fmt::format("{:%Y-%m-%d}", parts);
  if (parts.tm_sec != 0 && width < kHour) return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
  return fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

std::vector<double> moment_ticks(double low, double high, int target) {
  constexpr std::array kSteps{1.0,          5.0,          15.0,          60.0,
                              300.0,        900.0,        kHour,         3.0 * kHour,
                              6.0 * kHour,  12.0 * kHour, kDay,          2.0 * kDay,
                              5.0 * kDay,   10.0 * kDay,  30.0 * kDay,   91.0 * kDay,
                              182.0 * kDay, 365.0 * kDay, 1826.0 * kDay, 36525.0 * kDay};
  double step = kSteps.back();
  for (const double each : kSteps) {
    if ((high - low) / each > target + 0.5) continue;
    step = each;
    break;
  }
  std::vector<double> ticks;
  for (double tick = std::ceil(low / step) * step; tick <= high && ticks.size() < 100; tick += step)
    ticks.push_back(tick);
  return ticks;
}

std::string place_number(series::Axis axis, double position) {
  return is_moment(axis, position) ? moment_text(position) : position_text(position);
}

}  // namespace emdyn::report
