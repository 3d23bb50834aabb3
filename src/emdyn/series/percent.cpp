#include "emdyn/series/percent.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::series {
namespace {

constexpr double kSlack = 1e-6;  // Of sums that round beyond 1.

bool is_accuracy(Role role) noexcept {
  return role == Role::train_accuracy || role == Role::test_accuracy;
}

bool is_accuracy(const Signal& signal, const RoleChoices& choices) {
  for (const auto& [role, name] : choices) {
    if (name == signal.name) return is_accuracy(role);
  }
  const auto role = role_of(signal.name);
  return role && is_accuracy(*role);
}

struct Extent {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
};

Extent extent_of(const Signal& signal) {
  Extent extent;
  for (const double value : signal.values) {
    if (!std::isfinite(value)) continue;
    extent.low = std::min(extent.low, value);
    extent.high = std::max(extent.high, value);
  }
  return extent;
}

}  // namespace

std::vector<std::string> percent_to_fraction(Run& run, const RoleChoices& choices) {
  std::vector<Signal*> accuracies;
  bool percent = false;
  for (Signal& signal : run.signals) {
    if (!is_accuracy(signal, choices)) continue;
    const Extent extent = extent_of(signal);
    if (extent.low < 0.0 || extent.high > 100.0 + kSlack) continue;  // No accuracy at all.
    accuracies.push_back(&signal);
    percent = percent || extent.high > 1.0 + kSlack;
  }
  std::vector<std::string> turned;
  if (!percent) return turned;
  for (Signal* signal : accuracies) {
    for (double& value : signal->values) value /= 100.0;
    turned.push_back(signal->name);
  }
  return turned;
}

}  // namespace emdyn::series
