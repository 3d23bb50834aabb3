#include "emdyn/pipeline/live_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/features/features.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/pipeline/target_forecast.hpp"

namespace emdyn::pipeline {
namespace {

// Kept while nobody has said a deadline: settings may come a little late.
constexpr std::size_t kMostUndeclared = 100'000;

/// Where nobody has said an end: from 16 on, each a seventh farther.
std::vector<double> growing_positions() {
  std::vector<double> positions;
  for (double at = 16.0; at < 1e15; at *= 8.0 / 7.0) positions.push_back(std::floor(at));
  return positions;
}

series::Forecast no_forecast(double position, std::string reason) {
  series::Forecast none;
  none.target = "the run's target";
  none.at = position;
  none.status = series::ForecastStatus::abstained;
  none.reason = std::move(reason);
  return none;
}

}  // namespace

LiveForecast::LiveForecast(LiveForecastOptions options, const Json& configuration)
    : options_(std::move(options)) {
  if (options_.deadline && !(*options_.deadline > 0.0 && std::isfinite(*options_.deadline))) {
    throw ConfigError(
        fmt::format("the deadline of live forecasts must be > 0, got {}", *options_.deadline));
  }
  if (!(options_.level > 0.0 && options_.level < 1.0)) {
    throw ConfigError(
        fmt::format("the level of live forecasts must be in (0, 1), got {}", options_.level));
  }
  past_.assign(options_.targets.size(), false);
  on_configuration(configuration);
}

void LiveForecast::on_configuration(const Json& configuration) {
  known_.info.configuration = configuration;
  if (!positions_.empty()) return;  // The positions are declared once.
  declare_positions(configuration);
  // Of settings that come late: where the run already is, nothing was forecast in time.
  if (last_) {
    next_ =
        static_cast<std::size_t>(std::ranges::lower_bound(positions_, *last_) - positions_.begin());
  }
}

void LiveForecast::declare_positions(const Json& configuration) {
  std::optional<double> deadline = options_.deadline;
  if (!deadline && configuration.is_object()) deadline = optional_number(configuration, "steps");
  if (deadline && !(*deadline > 0.0 && std::isfinite(*deadline))) deadline.reset();
  const auto names_its_end = [](const forecast::SignalTarget& target) {
    return target.before || target.within;
  };
  if (!deadline && !options_.targets.empty() &&
      std::ranges::all_of(options_.targets, names_its_end)) {
    deadline_ = HUGE_VAL;
    positions_ = growing_positions();
    return;
  }
  if (!deadline) return;
  deadline_ = *deadline;
  positions_ = forecast::forecast_positions(deadline_);
}

void LiveForecast::on_signal(std::uint32_t signal, std::string_view name, series::Axis axis) {
  known_.signals.resize(std::max<std::size_t>(known_.signals.size(), signal + std::size_t{1}));
  known_.signals[signal].name = name;
  known_.signals[signal].axis = axis;
}

void LiveForecast::on_point(std::uint32_t signal, double position, double value,
                            collect::monitor::RunRecorder& run) {
  if (ended_) return;
  forecast_up_to(position, false, run);
  last_ = std::max(position, last_.value_or(position));
  if (ended_ || (!positions_.empty() && position > deadline_)) return;
  if (++points_ > (positions_.empty() ? kMostUndeclared : kMostPoints)) return give_up(run);
  known_.signals[signal].append(position, value);
}

void LiveForecast::give_up(collect::monitor::RunRecorder& run) {
  end();
  if (positions_.empty() || next_ == positions_.size()) return;
  tell(no_forecast(positions_[next_],
                   fmt::format("more than {} points before the deadline; emdyn forecast reads them "
                               "from the store",
                               kMostPoints)),
       run);
}

void LiveForecast::tell(series::Forecast made, collect::monitor::RunRecorder& run) const {
  made.run = run.run_id();
  if (!made.deadline && std::isfinite(deadline_)) made.deadline = deadline_;
  if (!run.record(made) || !options_.on_forecast) return;
  run.after_sync([tell = options_.on_forecast, made = std::move(made)] { tell(made); });
}

void LiveForecast::on_end(collect::monitor::RunRecorder& run) {
  if (last_) forecast_up_to(*last_, true, run);
}

void LiveForecast::forecast_up_to(double position, bool reached,
                                  collect::monitor::RunRecorder& run) {
  const auto due = [&](double at) { return at < position || (reached && at == position); };
  while (!ended_ && next_ < positions_.size() && due(positions_[next_])) {
    if (!options_.targets.empty()) {
      if (!tell_targets(positions_[next_++], run)) end();
      continue;
    }
    series::Forecast made = forecast_at(positions_[next_++]);
    if (made.status == series::ForecastStatus::already_past) end();
    tell(std::move(made), run);
  }
  if (!positions_.empty() && next_ == positions_.size()) end();
}

series::Forecast LiveForecast::forecast_at(double position) const {
  forecast::ForecastOptions options;
  options.deadline = deadline_;
  options.at = position;
  options.roles = options_.roles;
  options.level = options_.level;
  try {
    return forecast::forecast(forecast::choose_predictor(known_, options), known_, options);
  } catch (const Error& error) {  // A role that names no signal yet, a build without predictors.
    return no_forecast(position, error.what());
  }
}

bool LiveForecast::tell_targets(double position, collect::monitor::RunRecorder& run) {
  TargetOptions options;
  if (std::isfinite(deadline_)) options.deadline = deadline_;
  options.at = position;
  options.roles = options_.roles;
  options.level = options_.level;
  for (std::size_t i = 0; i < past_.size(); ++i) {
    if (past_[i]) continue;
    series::Forecast made;
    try {
      made = forecast_target(known_, options_.targets[i], options).forecast;
    } catch (const Error& error) {  // A signal that is not there yet, a build without the table.
      made = no_forecast(position, error.what());
    }
    past_[i] = made.status == series::ForecastStatus::already_past;
    tell(std::move(made), run);
  }
  return std::ranges::find(past_, false) != past_.end();
}

void LiveForecast::end() noexcept {
  ended_ = true;
  known_.signals.clear();
}

void LatestForecast::take(const series::Forecast& made) {
  const std::lock_guard lock(mutex_);
  last_ = made;
  ++count_;
}

std::string LatestForecast::text() const {
  const std::lock_guard lock(mutex_);
  if (!last_) return "forecast –";
  if (last_->probability) return fmt::format("forecast {:.2f}", last_->probability->estimate);
  return fmt::format("forecast {}", series::word(last_->status));
}

std::optional<series::Forecast> LatestForecast::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::size_t LatestForecast::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::string live_forecast_line(const series::Forecast& forecast) {
  return fmt::format("forecast at {}: {}", shortest(forecast.at), forecast_sentence(forecast));
}

}  // namespace emdyn::pipeline
