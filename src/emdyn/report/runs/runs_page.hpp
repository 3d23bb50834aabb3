#pragma once
#include <string>

#include "emdyn/report/runs/runs_data.hpp"

namespace emdyn::report {

/// One self-contained HTML page that lays several runs over each other: a lane for each signal with a
/// line for each run, the incidents they share with their p-values, where they end, and the settings
/// in which they differ. Up to eight runs have a colour and a dash each; of more, every line is thin
/// and grey, and their median and the two that end lowest and highest stand out.
///
/// No network, no script needed to read it. Lines are drawn in columns that keep first, last, minimum
/// and maximum; columns are shared out so that the page stays at a few megabytes however many runs
/// there are, and signals that find no room are listed. Equal data give equal bytes. O(points).
std::string render_runs(const RunsData& data);

/// The headline of that page.
std::string runs_headline(const RunsData& data);

}  // namespace emdyn::report
