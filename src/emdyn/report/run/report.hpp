#pragma once
#include <string>

#include "emdyn/report/chart/data.hpp"

namespace emdyn::report {

/// One self-contained HTML page that shows a run: no network, no script needed to read it.
/// A run of 200 signals with any number of points stays under 2 MB, because signals are drawn as
/// columns that keep first, last, minimum and maximum. All texts in `data` may be hostile.
/// Equal data give equal bytes. O(points).
std::string render_report(const ReportData& data);

}  // namespace emdyn::report
