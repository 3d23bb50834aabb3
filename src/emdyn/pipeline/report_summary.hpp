#pragma once
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/report/chart/data.hpp"

namespace emdyn::pipeline {

/// What an analysis found, as the report shows it: all signals ranked, mirage verdicts, when the parts
/// act together.
report::AnalysisSummary analysis_summary(const Analysis& analysis);

}  // namespace emdyn::pipeline
