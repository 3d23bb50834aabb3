#include "emdyn/pipeline/report_summary.hpp"

#include <cmath>

#include "emdyn/pipeline/acting_together.hpp"
#include "emdyn/pipeline/analysis_words.hpp"

namespace emdyn::pipeline {
namespace {

/// Without what parts a remark from a line of a terminal.
std::string as_sentence(std::string words) {
  if (words.starts_with('(') && words.ends_with(')')) words = words.substr(1, words.size() - 2);
  const std::string_view label = "interactions: ";
  return words.starts_with(label) ? words.substr(label.size()) : words;
}

/// @pre analysis.together
report::InteractionTrack interaction_track(const Analysis& analysis) {
  const ActingTogether& together = *analysis.together;
  report::InteractionTrack track;
  track.words = as_sentence(together_words(analysis));
  track.signals = together.signals;
  const double nan = std::nan("");
  for (const auto& window : together.timeline.windows) {
    const auto& whole = window.total_correlation;
    track.positions.push_back(window.end);
    track.values.push_back(whole ? whole->value : nan);
    track.band_low.push_back(whole ? whole->low : nan);
    track.band_high.push_back(whole ? whole->high : nan);
  }
  return track;
}

}  // namespace

report::AnalysisSummary analysis_summary(const Analysis& analysis) {
  report::AnalysisSummary summary;
  summary.headline = headline(analysis);
  summary.how = as_sentence(discovery_words(analysis.false_discoveries, analysis.fits.size()));
  summary.rest = rest_words(analysis);
  for (const auto& fit : analysis.fits) {
    const series::Transition& told = fit.transition;
    report::RankedSignal shown;
    shown.signal = told.order_parameter;
    shown.changed = declared(fit);
    if (shown.changed) {
      shown.change = short_change(told, fit.range);
    } else {
      shown.change = fit.note.empty() ? "none" : "none: " + fit.note;
    }
    shown.onset = told.onset;
    shown.bic_gain = told.evidence.bic_gain;
    shown.p_value = told.evidence.p_value;
    shown.q_value = told.evidence.q_value;
    summary.signals.push_back(std::move(shown));
  }
  for (const auto& judgement : analysis.mirage) {
    summary.mirage.push_back({judgement.graded, std::string(word(judgement.verdict)),
                              emergence::mirage::describe(judgement)});
  }
  if (analysis.together) summary.together = interaction_track(analysis);
  return summary;
}

}  // namespace emdyn::pipeline
