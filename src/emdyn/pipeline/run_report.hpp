#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "emdyn/explain/order_of_change.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/report/chart/data.hpp"

namespace emdyn::pipeline {

struct RunReportOptions {
  series::RoleChoices roles{};
  std::optional<double>
      deadline{};  ///< Absent: the run's setting "steps", else no forecast is shown.
};

/// Everything that was computed of a run, to be shown.
struct RunFindings {
  Analysis analysis{};
  std::optional<RunForecast> forecast{};
  std::string forecast_absence{};  ///< Why there is none.
  std::vector<explain::SignalChange> order{};
  series::Attribution
      drivers{};  ///< Of the forecast that crossed the threshold, else of the last one.
  std::optional<double> drivers_at{};
};

/// Analyzes, forecasts and explains a run. O(points), about a second.
RunFindings find_out(const series::Run& run, const RunReportOptions& options);

/// The findings as the report shows them.
report::ReportData report_data(const series::Run& run, const RunFindings& findings);

struct WrittenReport {
  std::string path{};
  std::size_t bytes = 0;
  std::string headline{};
};

/// Renders the page and writes it whole or not at all. @throws StoreError when it cannot be
/// written.
WrittenReport write_report(const report::ReportData& data, const std::filesystem::path& path);

/// find_out, report_data and write_report in one.
WrittenReport write_run_report(const series::Run& run, const RunReportOptions& options,
                               const std::filesystem::path& path);

}  // namespace emdyn::pipeline
