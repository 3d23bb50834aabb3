#pragma once
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/stress/evidence.hpp"

/// The panels of the page of stress evidence, in the order they stand.
namespace emdyn::report {

void attack_panel(Html& html, const report::Evidence& evidence);
void curve_panel(Html& html, const report::Evidence& evidence);
void corruption_panel(Html& html, const report::Evidence& evidence);
void ood_panel(Html& html, const report::Evidence& evidence);
void tripwire_panel(Html& html, const report::Evidence& evidence);
void worst_panel(Html& html, const report::Evidence& evidence);
void diagnosis_panel(Html& html, const report::Evidence& evidence);
void made_panel(Html& html, const report::Evidence& evidence);

/// "feature squeezing" of "feature_squeezing".
std::string words_of(std::string name);
/// "L∞" of "linf"; an unknown norm as it is.
std::string norm_words(const std::string& norm);

/// A robustness curve: the order parameter with its interval, certified and attacked bounds.
void stress_curve_plot(Html& html, const series::StressCurve& curve,
                       const report::FittedTransition* fitted);

}  // namespace emdyn::report
