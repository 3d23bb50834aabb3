#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/forecast/curves/signal_target.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

struct LiveForecastOptions {
  /// Position before which the target must be reached, > 0. Absent: the run's setting "steps";
  /// where there is neither, nothing is forecast.
  std::optional<double> deadline{};
  series::RoleChoices roles{};
  double level = 0.9;  ///< Of the probability's interval, in (0, 1).
  /// Targets forecast in place of test accuracy >= 0.9, each on its own. Those that name a deadline
  /// need no other; where there is none at all, forecasts stand at positions that grow by a seventh.
  std::vector<forecast::SignalTarget> targets{};
  /// Called by the thread that records, once the forecast is acknowledged; may be empty, must not
  /// throw.
  std::function<void(const series::Forecast&)> on_forecast{};
};

/// Forecasts a run while it trains: at each of forecast_positions(deadline), from what was logged
/// up to that position and nothing else, with the predictor that fits what is known there. Each
/// forecast is stored with the run, abstentions with their reason; the first that is already past
/// ends them. Equal to what `emdyn forecast --at` says later, for runs whose points come in the
/// order of their positions (a point that comes late is not waited for).
///
/// A position's forecast is made when the first point beyond it comes, or at the end of the run.
/// Memory: the points up to the deadline, 16 bytes each, and no more than 4 million of them: beyond
/// that it abstains and ends. Cost: O(points so far) for each of 40 positions.
class LiveForecast final : public collect::monitor::RunObserver {
 public:
  static constexpr std::size_t kMostPoints = 4'000'000;

  /// @param configuration the run's settings, as far as known. @throws ConfigError for a deadline
  /// or level out of range.
  explicit LiveForecast(LiveForecastOptions options, const Json& configuration = Json::object());

  void on_signal(std::uint32_t signal, std::string_view name, series::Axis axis) override;
  void on_point(std::uint32_t signal, double position, double value,
                collect::monitor::RunRecorder& run) override;
  void on_configuration(const Json& configuration) override;
  void on_end(collect::monitor::RunRecorder& run) override;

 private:
  /// The forecasts at positions < `position`, or <= it where `reached`.
  void forecast_up_to(double position, bool reached, collect::monitor::RunRecorder& run);
  series::Forecast forecast_at(double position) const;
  /// One forecast for each target that is not past; @return whether any is left.
  bool tell_targets(double position, collect::monitor::RunRecorder& run);
  void declare_positions(const Json& configuration);
  void tell(series::Forecast made, collect::monitor::RunRecorder& run) const;
  void give_up(collect::monitor::RunRecorder& run);
  void end() noexcept;

  LiveForecastOptions options_;
  std::vector<double> positions_;  // Where forecasts stand; empty while there is no deadline.
  double deadline_ = 0.0;   // The last position that counts; infinite where targets go on for good.
  std::vector<bool> past_;  // Of the targets.
  std::size_t next_ = 0;
  series::Run known_;
  std::size_t points_ = 0;
  std::optional<double> last_;  // The farthest position seen.
  bool ended_ = false;
};

/// The newest live forecast, for a line of progress: written by the thread that records, read by
/// the one that shows.
class LatestForecast {
 public:
  void take(const series::Forecast& made);
  /// "forecast 0.62", "forecast abstained", "forecast –" before the first.
  std::string text() const;
  std::optional<series::Forecast> last() const;
  std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::optional<series::Forecast> last_;
  std::size_t count_ = 0;
};

/// "forecast at 610: P(test_accuracy >= 0.9, sustained, before step 10000) = 0.62 [0.41, 0.80]", or
/// why there is none.
std::string live_forecast_line(const series::Forecast& forecast);

}  // namespace emdyn::pipeline
