#pragma once
#include <string>

#include "emdyn/report/chart/scene.hpp"

/// The sentences of the report. All are plain text, still to be escaped.
namespace emdyn::report {

/// What happened, when, whether it was foreseen, and what moved the forecast.
std::string headline(const Scene& scene);

/// "Test accuracy jumped from 3 % to 97 % at step …" or why there is none.
std::string transition_words(const Scene& scene);
/// How the fit was judged: model, width, evidence, mirage test.
std::string evidence_words(const Scene& scene, const report::FittedTransition& fitted);
/// "no transition found (of 6 models tested, the constant fits best, BIC gain 14)"
std::string no_transition_words(const report::FittedTransition& fitted);
std::string forecast_words(const Scene& scene);
/// What the forecasts of the run did: range, abstentions, reason.
std::string forecast_detail(const Scene& scene);
std::string alarm_words(const Scene& scene);
std::string driver_words(const Scene& scene);

/// "curvature", first letter raised where it is ASCII.
std::string capitalised(std::string text);
/// "sigmoid", "smooth power law", …
std::string model_words(series::TransitionModel model);

}  // namespace emdyn::report
