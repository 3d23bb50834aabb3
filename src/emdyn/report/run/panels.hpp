#pragma once
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/chart/ticks.hpp"
#include "emdyn/report/html/html.hpp"

/// The panels of the report, in the order they stand. Each writes its heading, its sentence, its
/// chart and the table of its data, or says in words why there is nothing to show.
namespace emdyn::report {

void order_parameter_panel(Html& html, const Scene& scene);
void changes_panel(Html& html, const Scene& scene);
void forecast_panel(Html& html, const Scene& scene);
void swimlane_panel(Html& html, const Scene& scene, const Ticks& ticks);
void early_warning_panel(Html& html, const Scene& scene);
void event_panel(Html& html, const Scene& scene, const Ticks& ticks);
/// One line each, with the way to its place; nothing where alarms were not grouped.
void incident_list(Html& html, const Scene& scene, const Ticks& ticks);
void driver_panel(Html& html, const Scene& scene);
void change_order_panel(Html& html, const Scene& scene);
void histogram_panel(Html& html, const Scene& scene);   ///< Nothing when there is none.
void comparison_panel(Html& html, const Scene& scene);  ///< Nothing when there is none.
void stress_panel(Html& html, const Scene& scene);      ///< Nothing when there is none.
void facts_panel(Html& html, const Scene& scene);

/// A curve of stress: the order parameter with its interval, certified and attacked bounds, and
/// where it begins to break when that was fitted.
void stress_curve_plot(Html& html, const series::StressCurve& curve,
                       const FittedTransition* fitted = nullptr);

/// The heading and the sentence of a panel.
void panel_head(Html& html, std::string_view title, std::string_view sentence);

}  // namespace emdyn::report
