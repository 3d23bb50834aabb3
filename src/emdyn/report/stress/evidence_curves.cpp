#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"
#include "emdyn/report/stress/evidence_panels.hpp"

namespace emdyn::report {

void curve_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "curves"}});
  if (evidence.curves.empty()) {
    panel_head(html, "Curves", "No curve was measured: it needs more than one strength.");
    return;
  }
  panel_head(html, "Curves",
             "How the order parameter falls as the perturbation grows, and whether it goes "
             "gradually or breaks.");
  for (const provoke::trial::CurveFinding& finding : evidence.curves) {
    html.leaf("h3", capitalised(words_of(finding.curve.order_parameter)) + " against " +
                        finding.curve.control_parameter);
    if (!finding.words.empty()) html.leaf("p", finding.words, {{"class", "see"}});
    stress_curve_plot(html, finding.curve, finding.transition ? &*finding.transition : nullptr);
  }
}

}  // namespace emdyn::report
