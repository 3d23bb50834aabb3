#include "emdyn/report/html/moment.hpp"

#include <array>
#include <cmath>

#include "emdyn/report/html/number.hpp"

namespace emdyn::report {

namespace {

constexpr double kHour = 3600.0;
constexpr double kDay = 86400.0;

}  // namespace

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
