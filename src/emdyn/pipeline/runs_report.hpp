#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/pipeline/overlay.hpp"
#include "emdyn/pipeline/run_report.hpp"
#include "emdyn/report/runs/runs_data.hpp"

namespace emdyn::pipeline {

/// Several runs and what was found of them, as the page lays them over each other. Runs whose axes
/// differ from that of the first are left out of the lanes, with a note. Names lose the folders they
/// all begin with.
/// @param analyses of the same runs, in their order.
report::RunsData runs_data(std::vector<series::Run> runs, const std::vector<Analysis>& analyses,
                           const Overlay& overlay);

/// Analyses the runs, lays them over each other and writes the page whole or not at all.
/// @param title what was asked for. @throws StoreError when it cannot be written; Task::Stopped.
WrittenReport write_runs_report(std::vector<series::Run> runs, const std::string& title,
                                const AnalyzeOptions& options, const std::filesystem::path& path,
                                const Task& task = {});

}  // namespace emdyn::pipeline
