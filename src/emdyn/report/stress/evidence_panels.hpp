#pragma once
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/stress/evidence_page.hpp"

/// The panels of the page of stress evidence, in the order they stand.
namespace emdyn::report {

using provoke::trial::StressEvidence;

void attack_panel(Html& html, const StressEvidence& evidence);
void curve_panel(Html& html, const StressEvidence& evidence);
void corruption_panel(Html& html, const StressEvidence& evidence);
void ood_panel(Html& html, const StressEvidence& evidence);
void tripwire_panel(Html& html, const StressEvidence& evidence);
void worst_panel(Html& html, const StressEvidence& evidence);
void diagnosis_panel(Html& html, const StressEvidence& evidence);
void made_panel(Html& html, const StressEvidence& evidence);

/// "feature squeezing" of "feature_squeezing".
std::string words_of(std::string name);
/// "L∞" of "linf"; an unknown norm as it is.
std::string norm_words(const std::string& norm);

}  // namespace emdyn::report
