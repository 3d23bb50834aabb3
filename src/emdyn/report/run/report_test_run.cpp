#include "emdyn/report/run/report_test_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "emdyn/core/philox.hpp"

namespace emdyn::report::report_test {

namespace {

double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

using Shape = std::function<double(double step, double noise)>;

ReportSignal signal(const std::string& name, int steps, int stride, std::uint64_t stream,
                    const Shape& shape) {
  ReportSignal result;
  result.points.name = name;
  Philox random(7, stream);
  for (int step = 0; step <= steps; step += stride) {
    result.points.append(step, shape(step, random.normal()));
  }
  return result;
}

void add_signals(ReportData& data, double jump, int steps) {
  const auto done = [jump](double s) { return logistic((s - jump) / 40.0); };
  const auto fitted = [](double s) { return logistic((s - 150.0) / 30.0); };
  const std::array<std::pair<const char*, Shape>, 17> shapes{{
      {"train_loss",
       [&](double s, double n) { return 4.1 * std::exp(-s / 90) * (1 + 0.05 * n) + 2e-4; }},
      {"test_loss",
       [&](double s, double n) {
         return (4.1 + 3 * fitted(s)) * (1 - 0.995 * done(s)) * (1 + 0.02 * n);
       }},
      {"train_accuracy",
       [&](double s, double n) {
         return std::clamp(0.02 + 0.98 * fitted(s) + 0.004 * n, 0.0, 1.0);
       }},
      {"test_accuracy",
       [&](double s, double n) { return std::clamp(0.03 + 0.94 * done(s) + 0.006 * n, 0.0, 1.0); }},
      {"gradient_norm",
       [&](double s, double n) {
         return (2.0 * std::exp(-s / 200) + 0.02 + 0.3 * done(s) * (1 - done(s))) *
                std::exp(0.2 * n);
       }},
      {"update_norm",
       [](double s, double n) { return 0.1 * std::exp(-s / 700) * std::exp(0.1 * n); }},
      {"weight_norm/embedding",
       [](double s, double n) { return 28 + 12 * std::exp(-s / 900) + 0.05 * n; }},
      {"weight_norm/hidden", [](double s, double n) { return 41 - 0.006 * s + 0.1 * n; }},
      {"weight_norm/output",
       [](double s, double n) { return 14 + 3 * logistic((s - 900) / 200) + 0.05 * n; }},
      {"activation_mean", [](double, double n) { return 0.31 + 0.01 * n; }},
      {"activation_variance",
       [](double s, double n) { return 1 + 0.4 * logistic((s - 1100) / 150) + 0.03 * n; }},
      {"activation_kurtosis",
       [](double s, double n) { return 3 + 2 * logistic((s - 1250) / 80) + 0.15 * n; }},
      {"dead_fraction",
       [](double s, double) { return std::floor(20 * logistic((s - 500) / 300)) / 128; }},
      {"effective_rank/embedding",
       [](double s, double n) { return 52 - 38 * logistic((s - 1150) / 150) + 0.3 * n; }},
      {"fourier_concentration",
       [](double s, double n) { return 0.12 + 0.8 * logistic((s - 1200) / 110) + 0.005 * n; }},
      {"batch_label_entropy", [](double, double n) { return 4.07 + 0.002 * n; }},
      {"learning_rate", [](double, double) { return 1e-3; }},
  }};
  std::uint64_t stream = 0;
  for (const auto& [name, shape] : shapes) {
    data.signals.push_back(signal(name, steps, 2, stream++, shape));
  }
  auto& gradient = data.signals[4].points.values;
  gradient[gradient.size() / 5] = 9.0;
  for (std::size_t i = 900; i < 930 && i < gradient.size(); ++i) {
    gradient[i] = std::numeric_limits<double>::quiet_NaN();
  }
}

void add_transition(ReportData& data, double jump, int steps) {
  FittedTransition fitted;
  fitted.record = {"test_accuracy",
                   "step",
                   series::TransitionKind::rise,
                   series::TransitionModel::sigmoid,
                   series::Interval{jump - 118, jump - 88, jump - 58, 0.9},
                   176.0,
                   0.0053,
                   0.94,
                   series::Direction::rise,
                   {412.0, 0.002},
                   series::Mirage{"real", "test_loss", 0.9},
                   {}};
  fitted.record.before = 0.03;
  fitted.record.after = 0.97;
  for (int step = 0; step <= steps; step += 20) {
    const double y = 0.03 + 0.94 * logistic((step - jump) / 40.0);
    const double half = 0.006 + 0.05 * y * (1 - y);
    fitted.curve.push_back({double(step), {y - half, y, y + half, 0.9}});
  }
  fitted.models = {{"constant", 2410.4, 1}, {"power_law", 1890.2, 3},
                   {"sigmoid", 1478.0, 4},  {"jump", 1502.7, 3},
                   {"kink", 1799.9, 4},     {"rise_and_collapse", 1490.1, 6}};
  data.transitions.push_back(std::move(fitted));
}

void add_forecasts(ReportData& data, double jump, int steps) {
  Philox random(7, 100);
  forecast::BaselineForecast persistence{"persistence of test accuracy", {}, {}};
  forecast::BaselineForecast prior{"prior", {}, {}};
  for (int at = 50; at <= steps; at += 25) {
    series::Forecast forecast;
    forecast.target = "test_accuracy >= 0.9, sustained, before step 3000";
    forecast.predictor = "logistic (signals and configuration)";
    forecast.at = at;
    if (at < 200) {
      forecast.status = series::ForecastStatus::abstained;
      forecast.reason = "fewer than 100 points of test_accuracy were seen";
    } else {
      const double p =
          std::clamp(logistic((at - 0.45 * jump) / 120.0) + 0.01 * random.normal(), 0.01, 0.99);
      forecast.probability = series::Interval{std::max(0.0, p - 0.9 * p * (1 - p) - 0.02), p,
                                              std::min(1.0, p + 0.7 * p * (1 - p) + 0.02), 0.9};
      if (p >= 0.5 && !data.forecast.crossed_at) data.forecast.crossed_at = at;
      if (at > jump + 100) forecast.status = series::ForecastStatus::already_past;
    }
    persistence.positions.push_back(at);
    persistence.probabilities.push_back(at > jump + 80 ? 0.95 : 0.08);
    prior.positions.push_back(at);
    prior.probabilities.push_back(0.42);
    data.forecast.forecasts.push_back(std::move(forecast));
  }
  data.forecast.threshold = 0.5;
  data.forecast.baselines = {std::move(persistence), std::move(prior)};
}

void add_events(ReportData& data, int steps) {
  Philox random(7, 101);
  for (int i = 0; i < 40; ++i) {
    series::Event event;
    event.signal = data.signals[random.below(16)].points.name;
    event.position = 2.0 * random.below(static_cast<std::uint32_t>(steps / 2));
    event.detector = i % 3 == 0 ? "cusum" : i % 3 == 1 ? "k_sigma" : "bocpd";
    event.policy = "budget";
    event.score = 1.0 + 3.0 * random.uniform();
    event.p_value = std::pow(10.0, -4.0 - 6.0 * random.uniform());
    event.direction = i % 2 == 0 ? series::Direction::rise : series::Direction::fall;
    event.kind = static_cast<series::EventKind>(random.below(7));
    if (i % 4 == 0) {
      event.onset = series::Interval{event.position - 40, event.position - 22, event.position, 0.9};
    }
    data.events.push_back(event);
  }
}

void add_early_warning(ReportData& data, double jump, int steps) {
  const std::array<const char*, 4> names{"variance", "autocorrelation", "skewness",
                                         "low_frequency_power"};
  Philox random(7, 102);
  for (std::size_t k = 0; k < names.size(); ++k) {
    IndicatorTrack warning;
    warning.signal = "test_loss";
    warning.indicator = names[k];
    double walk = 0.0;
    for (double at = 300; at < std::min(jump - 100, double(steps)); at += 10) {
      walk = 0.9 * walk + 0.1 * random.normal();
      const double rise = k == 2 ? 0.0 : 0.6 * (at - 300) / (jump - 400);
      warning.positions.push_back(at);
      warning.values.push_back(0.4 + rise * rise + walk);
      warning.band_low.push_back(0.1);
      warning.band_high.push_back(0.75);
    }
    warning.tau = k == 2 ? -0.08 : 0.61 - 0.1 * static_cast<double>(k);
    warning.p_value = k == 2 ? 0.62 : 0.004 * static_cast<double>(k + 1);
    data.early_warning.push_back(std::move(warning));
  }
}

void add_drivers(ReportData& data) {
  Drivers drivers;
  drivers.title = "when the forecast crossed its threshold";
  drivers.at = data.forecast.crossed_at;
  drivers.attribution = {
      "test_accuracy >= 0.9",
      "log_odds",
      -0.32,
      {{"weight_norm_trend", -0.012, 1.42, series::Interval{0.98, 1.42, 1.9, 0.9}},
       {"fourier_concentration", 0.34, 0.87, series::Interval{0.4, 0.87, 1.3, 0.9}},
       {"train_fraction", 0.4, 0.31, series::Interval{0.02, 0.31, 0.6, 0.9}},
       {"weight_decay", 1.0, 0.22, std::nullopt},
       {"gradient_norm_log", -2.1, -0.48, series::Interval{-0.9, -0.48, -0.05, 0.9}},
       {"operation=div", 1.0, -0.19, series::Interval{-0.44, -0.19, 0.05, 0.9}}},
      {{"weight_norm_trend", "weight_decay", 0.21},
       {"weight_norm_trend", "train_fraction", -0.08},
       {"fourier_concentration", "train_fraction", 0.12}},
      "exact Shapley values"};
  data.drivers.push_back(std::move(drivers));
}

void add_facts(ReportData& data, int steps) {
  data.info.id = "20260412-103000-grokking";
  data.info.name = "grokking add p=59";
  data.info.status = series::RunStatus::finished;
  data.info.created = 1775990000;
  data.info.seed = 1;
  data.info.source = "lab grokking";
  data.info.code_version = "0.1.0";
  data.info.configuration = {
      {"operation", "add"},     {"prime", 59},         {"train_fraction", 0.4},
      {"network", "mlp"},       {"width", 128},        {"optimiser", "adamw"},
      {"learning_rate", 0.001}, {"weight_decay", 1.0}, {"steps", steps}};
  data.info.machine = {{"processor", "x86_64"}, {"cores", 2}, {"system", "Linux"}};
  data.program_version = "0.1.0";
  data.costs.points_stored = 25517;
  data.costs.points_dropped = 0;
  data.costs.wall_seconds = 41.3;
  data.costs.steps_per_second = 72.6;
  data.costs.overhead_percent = 3.1;
  data.costs.probes = {{"loss and accuracy", 1501, 0.61, 1.5},
                       {"weight norms", 1501, 0.08, 0.19},
                       {"effective rank", 60, 0.35, 0.85},
                       {"Fourier concentration", 60, 0.21, 0.51}};
}

void add_order(ReportData& data, double jump) {
  const auto add = [&](const char* name, double onset, double half, series::Direction direction) {
    data.change_order.push_back(
        {name, {onset - half, onset, onset + half, 0.9}, direction, onset - (jump - 88), ""});
  };
  add("weight_norm/output", 820, 40, series::Direction::rise);
  add("effective_rank/embedding", 980, 35, series::Direction::fall);
  add("fourier_concentration", 1010, 25, series::Direction::rise);
  add("activation_kurtosis", 1190, 30, series::Direction::rise);
  add("test_loss", 1345, 20, series::Direction::fall);
}

}  // namespace

ReportData grokking_run(double jump, int steps) {
  ReportData data;
  data.order_parameter = "test_accuracy";
  add_signals(data, jump, steps);
  add_transition(data, jump, steps);
  add_forecasts(data, jump, steps);
  add_events(data, steps);
  add_early_warning(data, jump, steps);
  add_drivers(data);
  add_order(data, jump);
  add_facts(data, steps);
  return data;
}

ReportData long_run(int count, int points) {
  ReportData data;
  const auto size = static_cast<std::size_t>(points);
  for (int i = 0; i < count; ++i) {
    ReportSignal shown;
    shown.points.name = "signal/" + std::to_string(i);
    shown.points.positions.resize(size);
    shown.points.values.resize(size);
    std::uint32_t state = static_cast<std::uint32_t>(i) + 1;
    for (std::size_t k = 0; k < size; ++k) {
      state = state * 1664525U + 1013904223U;
      shown.points.positions[k] = static_cast<double>(k);
      shown.points.values[k] = static_cast<double>(state >> 8);
    }
    data.signals.push_back(std::move(shown));
  }
  return data;
}

}  // namespace emdyn::report::report_test
