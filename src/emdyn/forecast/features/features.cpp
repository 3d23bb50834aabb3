#include "emdyn/forecast/features/features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/features/history.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFewestRecords = 3;
constexpr double kFitted = 0.99;

double logit(double share) {
  const double p = std::clamp(share, 1e-6, 1.0 - 1e-6);
  return std::clamp(std::log(p / (1.0 - p)), -6.0, 6.0);
}
double log_value(double value) { return std::clamp(std::log10(std::max(value, 1e-8)), -8.0, 4.0); }
double plain(double value) { return value; }

using Values = std::map<std::string, double, std::less<>>;

// One signal up to `at`, on the scale of its feature.
class Trace {
 public:
  Trace(const series::Signal& signal, double at, double (*scale)(double))
      : at_(at), points_(history(signal, at, NonFinite::drop)) {
    for (double& value : points_.values) value = scale(value);
  }
  bool usable() const { return points_.values.size() >= kFewestRecords; }
  bool any() const { return !points_.values.empty(); }
  double first() const { return points_.values.front(); }
  double highest() const { return std::ranges::max(points_.values); }

  double level() const {
    std::vector<double> recent;
    for (std::size_t i = 0; i < points_.values.size(); ++i) {
      if (points_.positions[i] > 0.9 * at_) recent.push_back(points_.values[i]);
    }
    return recent.empty() ? points_.values.back() : math::median(recent);
  }

  // Least squares against log10(position) over (at/2, at].
  double slope() const {
    double n = 0.0, sum_x = 0.0, sum_y = 0.0, sum_xx = 0.0, sum_xy = 0.0;
    for (std::size_t i = 0; i < points_.values.size(); ++i) {
      if (points_.positions[i] <= 0.5 * at_ || points_.positions[i] <= 0.0) continue;
      const double x = std::log10(points_.positions[i] / at_);
      n += 1.0;
      sum_x += x;
      sum_y += points_.values[i];
      sum_xx += x * x;
      sum_xy += x * points_.values[i];
    }
    const double spread = sum_xx - sum_x * sum_x / std::max(n, 1.0);
    if (n < 3.0 || spread < 1e-9) return 0.0;
    return std::clamp((sum_xy - sum_x * sum_y / n) / spread, -20.0, 20.0);
  }

 private:
  double at_;
  History points_;
};

std::optional<double> number(const Json& configuration, std::string_view key) {
  const auto found = configuration.find(key);
  if (found == configuration.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (found->is_boolean()) return found->get<bool>() ? 1.0 : 0.0;
  return std::nullopt;
}

std::string text(const Json& configuration, std::string_view key) {
  const auto found = configuration.find(key);
  return found != configuration.end() && found->is_string() ? found->get<std::string>() : "";
}

void add_configuration(const Json& setup, double deadline, Values& out,
                       std::vector<std::string>& missing) {
  const auto need = [&](std::string_view key) {
    const auto value = number(setup, key);
    if (!value) missing.push_back(fmt::format("setting {} of the run's configuration", key));
    return value.value_or(kUnknown);
  };
  const auto need_word = [&](std::string_view key) {
    std::string value = text(setup, key);
    if (value.empty()) {
      missing.push_back(fmt::format("setting {} of the run's configuration", key));
    }
    return value;
  };
  const double prime = need("p");
  const double fraction = need("train_fraction");
  const double rate = need("learning_rate");
  const double decay = need("weight_decay");
  const std::string operation = need_word("op");
  const std::string network = need_word("network");
  const std::string optimiser = need_word("optimizer");
  const double pairs = operation == "div" ? prime * (prime - 1.0) : prime * prime;
  out["train_fraction"] = fraction;
  out["log10_prime"] = std::log10(prime);
  out["log10_train_examples"] = std::log10(fraction * pairs);
  constexpr std::array<std::string_view, 6> kOperations{"add", "sub",        "mul",
                                                        "div", "x2_plus_y2", "x3_plus_xy"};
  for (const std::string_view op : kOperations) {
    out[fmt::format("op_{}", op)] = operation == op ? 1.0 : 0.0;
  }
  out["is_quadratic"] = network == "mlp_quadratic" ? 1.0 : 0.0;
  out["is_transformer"] = network == "transformer" ? 1.0 : 0.0;
  out["log10_width"] = std::log10(need("width"));
  out["is_sgd"] = optimiser == "sgd_momentum" ? 1.0 : 0.0;
  out["is_adam"] = optimiser == "adam" ? 1.0 : 0.0;
  out["is_squared_error"] = need_word("loss") == "mse" ? 1.0 : 0.0;
  const double batch = number(setup, "batch").value_or(0.0);
  out["is_mini_batch"] = batch > 0.0 && batch < fraction * pairs ? 1.0 : 0.0;
  out["log10_learning_rate"] = std::log10(rate);
  out["log10_weight_decay"] = std::log10(std::max(decay, 1e-5));
  out["log10_decay_dose"] = std::log10(std::max(rate * decay * deadline, 1e-3));
  out["log10_init_scale"] = std::log10(need("init_scale"));
}

void add_accuracy(const Trace& test, const Trace& train, const History& train_points, double at,
                  double deadline, Values& out) {
  const double slope = test.slope();
  out["test_accuracy"] = test.level();
  out["test_accuracy_best"] = test.highest();
  out["test_accuracy_slope"] = slope;
  out["test_accuracy_projected"] =
      std::clamp(test.level() + slope * std::log10(deadline / at), -8.0, 8.0);
  out["train_accuracy"] = train.level();
  out["train_accuracy_slope"] = train.slope();
  out["is_fitted"] = 0.0;
  out["fitted_share"] = 0.0;
  for (std::size_t i = 0; i < train_points.values.size(); ++i) {
    if (train_points.values[i] < kFitted) continue;
    out["is_fitted"] = 1.0;
    out["fitted_share"] = (at - train_points.positions[i]) / at;
    break;
  }
}

void add_trace(const Trace& trace, const std::string& level, const std::string& slope,
               Values& out) {
  out[level] = trace.level();
  out[slope] = trace.slope();
}

// The first signal whose name holds `part`: probes name their layer too.
const series::Signal* find_containing(const series::Run& run, std::string_view part) {
  for (const series::Signal& signal : run.signals) {
    if (signal.name.find(part) != std::string::npos) return &signal;
  }
  return nullptr;
}

void add_internal(const series::Run& run, double at, const series::RoleChoices& roles, Values& out,
                  std::vector<std::string>& missing) {
  const auto use = [&](const series::Signal* signal, std::string_view what, auto&& add,
                       double (*scale)(double)) {
    if (signal != nullptr) {
      const Trace trace(*signal, at, scale);
      if (trace.any()) return add(trace);  // measured rarely: a level does, the slope is then 0
    }
    missing.push_back(fmt::format("signal {}", what));
  };
  use(
      series::find_role(run, series::Role::gradient_norm, roles), "gradient_norm",
      [&](const Trace& t) { add_trace(t, "log10_gradient_norm", "gradient_norm_slope", out); },
      log_value);
  use(
      series::find_role(run, series::Role::weight_norm, roles), "weight_norm",
      [&](const Trace& t) {
        add_trace(t, "log10_weight_norm", "weight_norm_slope", out);
        out["weight_norm_growth"] = t.level() - t.first();
        out["weight_norm_drop"] = t.highest() - t.level();
      },
      log_value);
  use(
      find_containing(run, "fourier_gini"), "fourier_gini",
      [&](const Trace& t) {
        add_trace(t, "fourier_concentration", "fourier_concentration_slope", out);
      },
      plain);
  use(
      find_containing(run, "effective_rank"), "effective_rank",
      [&](const Trace& t) { add_trace(t, "log10_effective_rank", "effective_rank_slope", out); },
      log_value);
}

void add_bare(const series::Run& run, double at, double deadline, const series::RoleChoices& roles,
              Values& out, std::vector<std::string>& missing) {
  using series::Role;
  constexpr std::array kNeeded{Role::train_loss, Role::test_loss, Role::train_accuracy,
                               Role::test_accuracy};
  std::array<const series::Signal*, kNeeded.size()> found{};
  std::string early;
  for (std::size_t i = 0; i < kNeeded.size(); ++i) {
    found[i] = series::find_role(run, kNeeded[i], roles);
    if (found[i] == nullptr) {
      missing.push_back(series::missing_role_message(run, kNeeded[i]));
    } else if (!Trace(*found[i], at, plain).usable()) {
      early += fmt::format("{}{}", early.empty() ? "" : ", ", series::word(kNeeded[i]));
    }
  }
  if (!early.empty()) {
    missing.push_back(fmt::format("fewer than {} finite records up to {} of {}; forecast later",
                                  kFewestRecords, at, early));
  }
  out["elapsed"] = at / deadline;
  out["log10_elapsed"] = std::log10(at / deadline);
  out["log10_deadline"] = std::log10(deadline);
  if (!missing.empty()) return;
  const Trace test_loss(*found[1], at, log_value);
  add_trace(Trace(*found[0], at, log_value), "log10_train_loss", "train_loss_slope", out);
  add_trace(test_loss, "log10_test_loss", "test_loss_slope", out);
  out["test_loss_drop"] = test_loss.highest() - test_loss.level();
  add_accuracy(Trace(*found[3], at, logit), Trace(*found[2], at, logit),
               history(*found[2], at, NonFinite::drop), at, deadline, out);
}

}  // namespace

PrefixFeatures prefix_features(const series::Run& run, double at, double deadline, FeatureSet set,
                               const series::RoleChoices& roles) {
  if (!(at > 0.0 && at <= deadline)) {
    throw ConfigError(fmt::format("a forecast needs 0 < at <= deadline, got at {} and deadline {}",
                                  at, deadline));
  }
  Values values;
  PrefixFeatures result;
  add_bare(run, at, deadline, roles, values, result.missing);
  if (set == FeatureSet::grokking) {
    add_configuration(run.info.configuration, deadline, values, result.missing);
    add_internal(run, at, roles, values, result.missing);
  }
  for (const std::string& name : feature_names(set)) {
    const auto found = values.find(name);
    result.values.push_back(found == values.end() ? kUnknown : found->second);
  }
  return result;
}

std::vector<double> forecast_positions(double deadline, std::size_t count) {
  std::vector<double> positions(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(count + 1);
    const double position = deadline * std::pow(share, 1.5);
    // Steps and tokens are counted in wholes; short axes (epochs, seconds) keep their fractions.
    positions[i] = deadline >= 1000.0 ? std::floor(position) : position;
  }
  return positions;
}

}  // namespace emdyn::forecast
