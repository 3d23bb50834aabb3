#include "emdyn/forecast/features/relative.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/features/history.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kWasFitted = 0.99;
constexpr double kPercent =
    1.5;  // No share is above 1; rounding and smoothing stay far below this.
constexpr std::size_t kStartRecords = 3;

// A signal up to a position on one scale, summed up.
struct Course {
  bool known = false;
  double level = Observed::kMissing;
  double start = Observed::kMissing;
  double highest = Observed::kMissing;
  double slope = Observed::kMissing;
  double bend = Observed::kMissing;
};

// Least squares against log10(position) over (from, to]; NaN with fewer than three points, or where they span no time.
double slope_over(const History& points, double from, double to) {
  double n = 0.0, x_sum = 0.0, y_sum = 0.0, xx = 0.0, xy = 0.0;
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    const double position = points.positions[i];
    if (position <= from || position > to || position <= 0.0) continue;
    const double x = std::log10(position / to);
    n += 1.0;
    x_sum += x;
    y_sum += points.values[i];
    xx += x * x;
    xy += x * points.values[i];
  }
  const double spread = xx - x_sum * x_sum / std::max(n, 1.0);
  if (n < 3.0 || spread < 1e-9) return Observed::kMissing;
  return std::clamp((xy - x_sum * y_sum / n) / spread, -20.0, 20.0);
}

Course course_of(const History& points, double at) {
  Course course;
  if (points.values.empty()) return course;
  course.known = true;
  std::vector<double> recent;
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    if (points.positions[i] > 0.9 * at) recent.push_back(points.values[i]);
  }
  course.level = recent.empty() ? points.values.back() : math::median(recent);
  // The first records within a hundredth of the prefix: one alone may be a lucky batch.
  std::vector<double> first;
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    const bool early = points.positions[i] <= points.positions.front() + 0.01 * at;
    if (i == 0 || (early && i < kStartRecords)) first.push_back(points.values[i]);
  }
  course.start = math::median(first);
  course.highest = std::ranges::max(points.values);
  course.slope = slope_over(points, 0.5 * at, at);
  course.bend = slope_over(points, 0.75 * at, at) - course.slope;
  return course;
}

History scaled(History points, double (*scale)(double)) {
  for (double& value : points.values) value = scale(value);
  return points;
}

double log10_of(double value) {
  return std::clamp(std::log10(std::max(value, 1e-12)), -12.0, 12.0);
}
double logit_of(double share) {
  const double p = std::clamp(share, 1e-6, 1.0 - 1e-6);
  return std::clamp(std::log(p / (1.0 - p)), -6.0, 6.0);
}

class Observer {
 public:
  Observer(const series::Run& run, double at, const series::RoleChoices& roles)
      : run_(run), at_(at), roles_(roles) {}

  History raw(series::Role role) const {
    const series::Signal* signal = series::find_role(run_, role, roles_);
    return signal == nullptr ? History{} : history(*signal, at_, NonFinite::drop);
  }
  Course logarithmic(series::Role role) const {
    return course_of(scaled(raw(role), &log10_of), at_);
  }
  // As shares, whatever the file has.
  History accuracy(series::Role role) const {
    History points = raw(role);
    if (!points.values.empty() && std::ranges::max(points.values) > kPercent) {
      for (double& value : points.values) value /= 100.0;
    }
    return points;
  }

 private:
  const series::Run& run_;
  double at_;
  const series::RoleChoices& roles_;
};

double guess_of(const Observed& o, const History& test_accuracy, const History& train_accuracy) {
  const double first_loss =
      std::isfinite(o.test_loss_start) ? o.test_loss_start : o.train_loss_start;
  double first_accuracy = Observed::kMissing;
  for (const History* points : {&test_accuracy, &train_accuracy}) {
    if (!std::isfinite(first_accuracy) && !points->values.empty()) {
      first_accuracy = points->values.front();
    }
  }
  const double loss = std::pow(10.0, first_loss);  // NaN stays NaN.
  const bool is_entropy = loss >= std::log(2.0) * 0.98 && loss <= std::log(1e5);
  const double guess = is_entropy ? std::exp(-loss) : Observed::kMissing;
  // A first accuracy far from it says that the loss is something else, or that training went on before.
  const bool agrees =
      !std::isfinite(first_accuracy) || std::abs(first_accuracy - guess) < 0.02 + 0.3 * guess;
  if (std::isfinite(guess) && agrees) return guess;
  return std::isfinite(first_accuracy) ? std::clamp(first_accuracy, 0.0, 0.99) : guess;
}

void add_accuracies(const Observer& observer, double at, Observed& o, History& test,
                    History& train) {
  test = observer.accuracy(series::Role::test_accuracy);
  train = observer.accuracy(series::Role::train_accuracy);
  const Course test_share = course_of(test, at);
  const Course train_share = course_of(train, at);
  o.test_accuracy = test_share.level;
  o.test_accuracy_best = test_share.highest;
  o.train_accuracy = train_share.level;
  const Course test_logit = course_of(scaled(test, &logit_of), at);
  o.test_accuracy_slope = test_logit.slope;
  o.test_accuracy_bend = test_logit.bend;
  o.train_accuracy_slope = course_of(scaled(train, &logit_of), at).slope;
  if (!train_share.known) return;
  o.is_fitted = 0.0;
  o.fitted_share = 0.0;
  for (std::size_t i = 0; i < train.values.size(); ++i) {
    if (train.values[i] < kWasFitted) continue;
    o.is_fitted = 1.0;
    o.fitted_share = (at - train.positions[i]) / at;
    break;
  }
}

}  // namespace

Observed observe(const series::Run& run, double at, double deadline,
                 const series::RoleChoices& roles, std::optional<double> chance) {
  if (!(at > 0.0 && at <= deadline)) {
    throw ConfigError(fmt::format("a forecast needs 0 < at <= deadline, got at {} and deadline {}",
                                  at, deadline));
  }
  const Observer observer(run, at, roles);
  Observed o;
  o.elapsed = at / deadline;
  History test, train;
  add_accuracies(observer, at, o, test, train);
  const Course train_loss = observer.logarithmic(series::Role::train_loss);
  o.train_loss = train_loss.level;
  o.train_loss_start = train_loss.start;
  o.train_loss_slope = train_loss.slope;
  const Course test_loss = observer.logarithmic(series::Role::test_loss);
  o.test_loss = test_loss.level;
  o.test_loss_start = test_loss.start;
  o.test_loss_peak = test_loss.highest;
  o.test_loss_slope = test_loss.slope;
  o.test_loss_bend = test_loss.bend;
  const Course weight = observer.logarithmic(series::Role::weight_norm);
  o.weight_norm_growth = weight.level - weight.start;
  o.weight_norm_drop = weight.highest - weight.level;
  o.weight_norm_slope = weight.slope;
  const Course gradient = observer.logarithmic(series::Role::gradient_norm);
  o.gradient_norm_slope = gradient.slope;
  o.gradient_norm_drop = gradient.highest - gradient.level;
  o.chance = chance ? *chance : guess_of(o, test, train);
  return o;
}

}  // namespace emdyn::forecast
