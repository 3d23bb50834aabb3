#pragma once
#include <span>

#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/pipeline/analysis_words.hpp"
#include "emdyn/pipeline/scale_rows.hpp"

namespace emdyn::app::cli {

struct AnalysisPrint {
  bool all = false;  ///< Every row, not only the first twenty of a table.
};

void print_analysis(const pipeline::Analysis& analysis, const AnalysisPrint& how, Console& console);
void print_overlay(const pipeline::Overlay& overlay, std::span<const pipeline::Analysis> analyses,
                   const AnalysisPrint& how, Console& console);
void print_scale(const pipeline::ScaleRows& rows, const AnalysisPrint& how, Console& console);

}  // namespace emdyn::app::cli
