#include "emdyn/report/run/report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/run/page.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using report::ReportData;

std::string title_of(const ReportData& data) {
  if (!data.title.empty()) return clean_text(data.title);
  if (!data.info.name.empty()) return clean_text(data.info.name);
  return data.info.id.empty() ? "Run" : clean_text(data.info.id);
}

void header(Html& html, const Scene& scene) {
  const auto element = html.element("header");
  html.leaf("p", title_of(scene.data), {{"class", "run"}});
  html.leaf("h1", headline(scene));
  html.leaf("p", alarm_words(scene), {{"class", "alarms"}});
  const auto nav = html.element("nav", {{"aria-label", "Panels"}});
  const auto link = [&](std::string_view to, std::string_view words) {
    html.leaf("a", words, {{"href", to}});
  };
  link("#order-parameter", "Order parameter");
  link("#changes", "All signals");
  link("#forecast", "Forecast");
  link("#signals", "Signals");
  link("#early-warning", "Early warning");
  link("#events", "Events");
  link("#drivers", "Drivers");
  link("#change-order", "Order of change");
  link("#facts", "How this was made");
}

/// What the page says, for programs: small enough to stay whole, without the points.
Json records(const Scene& scene, const Ticks& ticks) {
  const ReportData& data = scene.data;
  Json json = Json::object();
  json["run"] = data.info.id;
  json["name"] = data.info.name;
  json["headline"] = headline(scene);
  json["transitions"] = Json::array();
  for (const auto& fitted : data.transitions) json["transitions"].push_back(fitted.record);
  json["forecast_crossed_at"] = number_or_null(data.forecast.crossed_at);
  json["threshold"] = number_or_null(data.forecast.threshold);
  json["events"] = Json::array();
  for (const series::Event* event : ticks.events) json["events"].push_back(*event);
  json["drivers"] = Json::array();
  for (const auto& drivers : data.drivers) json["drivers"].push_back(drivers.attribution);
  return json;
}

}  // namespace

std::string render_report(const ReportData& data) {
  const Scene scene(data);
  const Ticks ticks = place_ticks(scene);
  Html html;
  html.raw("<!DOCTYPE html>\n");
  {
    const auto document = html.element("html", {{"lang", "en"}});
    page_head(html, title_of(data) + " · emergence report", data.program_version);
    const auto body = html.element("body");
    page_symbols(html);
    header(html, scene);
    {
      const auto main = html.element("main");
      axis_switch(html, scene);
      order_parameter_panel(html, scene);
      changes_panel(html, scene);
      forecast_panel(html, scene);
      swimlane_panel(html, scene, ticks);
      early_warning_panel(html, scene);
      event_panel(html, scene, ticks);
      driver_panel(html, scene);
      change_order_panel(html, scene);
      histogram_panel(html, scene);
      comparison_panel(html, scene);
      stress_panel(html, scene);
      facts_panel(html, scene);
    }
    page_end(html, records(scene, ticks));
  }
  return html.take();
}

}  // namespace emdyn::report
