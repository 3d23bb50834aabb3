#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/explain/order_of_change.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/report/chart/data.hpp"

namespace emdyn::pipeline {

struct RunReportOptions {
  series::RoleChoices roles{};
  std::optional<double>
      deadline{};            ///< Absent: the run's setting "steps", else no forecast is shown.
  bool interactions = true;  ///< When the signals began to act together; takes about a second.
  /// Looks for alarms where the run holds none; absent: shows what it holds.
  std::optional<detect::DetectOptions> alarms{};
  /// Beyond so many points in all nobody looks: a detector takes some 20 µs a point.
  std::uint64_t most_alarm_points = 300'000;
};

/// Everything that was computed of a run, to be shown.
struct RunFindings {
  series::RoleChoices roles{};
  Analysis analysis{};
  std::vector<series::Event> events{};  ///< Those of the run, else those that were looked for.
  std::string alarm_absence{};          ///< Why nobody looked, when nobody did.
  std::optional<RunForecast> forecast{};
  std::string forecast_absence{};  ///< Why there is none.
  std::vector<explain::SignalChange> order{};
  series::Attribution
      drivers{};  ///< Of the forecast that crossed the threshold, else of the last one.
  std::optional<double> drivers_at{};
};

/// Analyzes, forecasts and explains a run, and looks for alarms where it is asked to. O(points),
/// some seconds. @throws Task::Stopped.
RunFindings find_out(const series::Run& run, const RunReportOptions& options,
                     const Task& task = {});

/// The findings as the report shows them. The run's points move into the page's data: of a long run
/// they fill the memory once.
report::ReportData report_data(series::Run run, const RunFindings& findings);

struct WrittenReport {
  std::string path{};
  std::size_t bytes = 0;
  std::string headline{};
};

/// Writes a page whole or not at all. @throws StoreError when it cannot be written.
WrittenReport write_page(const std::string& page, const std::string& headline,
                         const std::filesystem::path& path);

/// Renders the page of a run and writes it. @throws StoreError when it cannot be written.
WrittenReport write_report(const report::ReportData& data, const std::filesystem::path& path);

/// find_out, report_data and write_report in one. @throws Task::Stopped before anything is written.
WrittenReport write_run_report(series::Run run, const RunReportOptions& options,
                               const std::filesystem::path& path, const Task& task = {});

}  // namespace emdyn::pipeline
