#include "emdyn/forecast/features/prefix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kFewestRecords = 3;
constexpr double kFitted = 0.99;

double logit(double share) {
  const double p = std::clamp(share, 1e-6, 1.0 - 1e-6);
  return std::clamp(std::log(p / (1.0 - p)), -6.0, 6.0);
}
double log_value(double value) { return std::clamp(std::log10(std::max(value, 1e-8)), -8.0, 4.0); }
double plain(double value) { return value; }

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

void add_setup(const Json& configuration, Prefix& prefix) {
  const auto lacks = [&](std::string_view key) {
    prefix.missing.push_back(fmt::format("setting {} of the run's configuration", key));
  };
  const auto need = [&](std::string_view key) {
    const auto value = number(configuration, key);
    if (!value) lacks(key);
    return value.value_or(kUnknown);
  };
  const auto need_word = [&](std::string_view key) {
    std::string value = text(configuration, key);
    if (value.empty()) lacks(key);
    return value;
  };
  Setup& setup = prefix.setup;
  setup.prime = need("p");
  setup.train_fraction = need("train_fraction");
  setup.learning_rate = need("learning_rate");
  setup.weight_decay = need("weight_decay");
  setup.operation = need_word("op");
  setup.network = need_word("network");
  setup.optimiser = need_word("optimizer");
  setup.width = need("width");
  setup.loss = need_word("loss");
  setup.batch = number(configuration, "batch");
  setup.init_scale = need("init_scale");
}

// The first signal whose name holds `part`: probes name their layer too.
const series::Signal* find_containing(const series::Run& run, std::string_view part) {
  for (const series::Signal& signal : run.signals) {
    if (signal.name.find(part) != std::string::npos) return &signal;
  }
  return nullptr;
}

void add_trace(const series::Signal* signal, std::string_view what, double (*scale)(double),
               Prefix& prefix, std::optional<Trace>& trace) {
  if (signal != nullptr) {
    Trace found(*signal, prefix.at, scale);
    if (!found.empty()) {  // Measured rarely: a level does, the slope is then 0.
      trace = std::move(found);
      return;
    }
  }
  prefix.missing.push_back(fmt::format("signal {}", what));
}

}  // namespace

Trace::Trace(const series::Signal& signal, double at, double (*scale)(double))
    : at_(at), points_(history(signal, at, NonFinite::drop)) {
  for (double& value : points_.values) value = scale(value);
}

bool Trace::usable() const noexcept { return points_.values.size() >= kFewestRecords; }

double Trace::highest() const { return std::ranges::max(points_.values); }

double Trace::level() const {
  std::vector<double> recent;
  for (std::size_t i = 0; i < points_.values.size(); ++i) {
    if (points_.positions[i] > 0.9 * at_) recent.push_back(points_.values[i]);
  }
  return recent.empty() ? points_.values.back() : math::median(recent);
}

double Trace::slope() const {
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

double Setup::train_examples() const {
  const double pairs = operation == "div" ? prime * (prime - 1.0) : prime * prime;
  return train_fraction * pairs;
}

void add_signals(const series::Run& run, const series::RoleChoices& roles, Prefix& prefix) {
  using series::Role;
  constexpr std::array kNeeded{Role::train_loss, Role::test_loss, Role::train_accuracy,
                               Role::test_accuracy};
  std::array<const series::Signal*, kNeeded.size()> found{};
  std::string early;
  for (std::size_t i = 0; i < kNeeded.size(); ++i) {
    found[i] = series::find_role(run, kNeeded[i], roles);
    if (found[i] == nullptr) {
      prefix.missing.push_back(series::missing_role_message(run, kNeeded[i]));
    } else if (!Trace(*found[i], prefix.at, plain).usable()) {
      early += fmt::format("{}{}", early.empty() ? "" : ", ", series::word(kNeeded[i]));
    }
  }
  if (!early.empty()) {
    prefix.missing.push_back(
        fmt::format("fewer than {} finite records up to {} of {}; forecast later", kFewestRecords,
                    prefix.at, early));
  }
  if (!prefix.missing.empty()) return;
  prefix.train_loss.emplace(*found[0], prefix.at, log_value);
  prefix.test_loss.emplace(*found[1], prefix.at, log_value);
  prefix.train_accuracy.emplace(*found[2], prefix.at, logit);
  prefix.test_accuracy.emplace(*found[3], prefix.at, logit);
  const History accuracy = history(*found[2], prefix.at, NonFinite::drop);
  for (std::size_t i = 0; i < accuracy.values.size() && !prefix.fitted_at; ++i) {
    if (accuracy.values[i] >= kFitted) prefix.fitted_at = accuracy.positions[i];
  }
}

void add_lab(const series::Run& run, const series::RoleChoices& roles, Prefix& prefix) {
  using series::Role;
  add_setup(run.info.configuration, prefix);
  add_trace(series::find_role(run, Role::gradient_norm, roles), "gradient_norm", log_value, prefix,
            prefix.gradient_norm);
  add_trace(series::find_role(run, Role::weight_norm, roles), "weight_norm", log_value, prefix,
            prefix.weight_norm);
  add_trace(find_containing(run, "fourier_gini"), "fourier_gini", plain, prefix,
            prefix.fourier_concentration);
  add_trace(find_containing(run, "effective_rank"), "effective_rank", log_value, prefix,
            prefix.effective_rank);
}

}  // namespace emdyn::forecast
