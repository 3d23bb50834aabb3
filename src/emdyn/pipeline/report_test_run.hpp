#pragma once
#include <string>

#include "emdyn/pipeline/report_data.hpp"

/// A made-up run with everything the report can show, for the report's tests.
namespace emdyn::pipeline::report_test {

/// A network that fits its training set early and generalises around step `jump`.
ReportData grokking_run(double jump = 1420.0, int steps = 3000);

/// `count` signals of `points` random values each, and nothing else.
ReportData long_run(int count, int points);

}  // namespace emdyn::pipeline::report_test
