#pragma once
#include <string>

#include "emdyn/report/chart/data.hpp"

/// A made-up run with everything the report can show, for the report's tests.
namespace emdyn::report::report_test {

/// A network that fits its training set early and generalises around step `jump`.
ReportData grokking_run(double jump = 1420.0, int steps = 3000);

/// `count` signals of `points` random values each, and nothing else.
ReportData long_run(int count, int points);

}  // namespace emdyn::report::report_test
