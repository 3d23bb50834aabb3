#pragma once
#include <string>
#include <string_view>

#include "emdyn/core/json.hpp"
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"

/// What every page has: its head with the style sheet and a policy that forbids the network, the
/// shapes of alarms, the switch of the axis, and at its end the records and the script.
namespace emdyn::report {

void page_head(Html& html, std::string_view title, const std::string& program_version);
/// One shape for each kind of alarm, to be used by every tick and key.
void page_symbols(Html& html);
/// Linear or logarithmic, and the reader of values; nothing where there is no signal.
void axis_switch(Html& html, const Scene& scene);
/// @param records what the page says, for programs.
void page_end(Html& html, const Json& records);

}  // namespace emdyn::report
