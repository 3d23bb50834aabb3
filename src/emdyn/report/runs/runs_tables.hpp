#pragma once
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/runs/runs_data.hpp"
#include "emdyn/report/runs/runs_lanes.hpp"

/// The panels of the page of several runs that are tables.
namespace emdyn::report {

void common_incident_panel(Html& html, const Scene& scene, const RunsData& data,
                           const RunsLayout& layout);
void across_panel(Html& html, const Scene& scene, const RunsData& data);
void settings_panel(Html& html, const RunsData& data);
void runs_panel(Html& html, const RunsData& data);

}  // namespace emdyn::report
