#include "emdyn/report/run/page.hpp"

#include <fmt/format.h>

#include "emdyn/report/html/assets.hpp"
#include "emdyn/report/html/moment.hpp"

namespace emdyn::report {

namespace {

/// One shape for each kind of alarm, so that colour is never alone.
constexpr std::string_view kSymbols =
    R"(<svg class="symbols" width="0" height="0" aria-hidden="true">
<symbol id="k-shift" viewBox="0 0 12 12"><path d="M1 10H5V2H11V4.5H7.5V12H1z"/></symbol>
<symbol id="k-spike" viewBox="0 0 12 12"><path d="M6 0L10.5 12H1.5z"/></symbol>
<symbol id="k-trend" viewBox="0 0 12 12"><path d="M0.5 9.5L8.5 1.5L6 1.5V0H12V6H10.5V3.2L2.2 11.5z"/></symbol>
<symbol id="k-variance" viewBox="0 0 12 12"><path d="M0 6L4 1V11zM12 6L8 1V11zM5 5H7V7H5z"/></symbol>
<symbol id="k-outlier" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.8"/></symbol>
<symbol id="k-nonfinite" viewBox="0 0 12 12"><path d="M2 0L6 4L10 0L12 2L8 6L12 10L10 12L6 8L2 12L0 10L4 6L0 2z"/></symbol>
<symbol id="k-gap" viewBox="0 0 12 12"><path d="M0 1H4V3H2V9H4V11H0zM12 1H8V3H10V9H8V11H12z"/></symbol>
</svg>)";

}  // namespace

void page_symbols(Html& html) { html.raw(kSymbols); }

void page_head(Html& html, std::string_view title, const std::string& program_version) {
  const auto element = html.element("head");
  html.single("meta", {{"charset", "utf-8"}});
  html.single("meta", {{"http-equiv", "Content-Security-Policy"},
                       {"content",
                        fmt::format("default-src 'none'; style-src 'unsafe-inline'; "
                                    "script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
                                    script_hash())}});
  html.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.single("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.single("meta", {{"name", "generator"}, {"content", "emdyn " + program_version}});
  html.leaf("title", title);
  const auto style = html.element("style");
  html.raw(style_sheet());
}

void axis_switch(Html& html, const Scene& scene) {
  if (scene.order == nullptr) return;
  const auto bar = html.element("div", {{"class", "controls"}});
  if (scene.logarithmic) {
    const auto group = html.element("fieldset");
    html.leaf("legend", "Horizontal axis");
    for (const std::string_view scale : {"linear", "log"}) {
      const bool linear = scale == "linear";
      const auto label = html.element("label");
      html.single("input", {{"type", "radio"},
                            {"name", "axis"},
                            {"id", linear ? "axis-linear" : "axis-log"},
                            {"checked", linear ? "checked" : ""}});
      html.text(linear ? "linear" : "logarithmic");
    }
  }
  const auto label = html.element("label", {{"class", "reader"}, {"hidden", "hidden"}});
  html.text("Read values at");
  html.single("input",
              {{"type", "range"},
               {"id", "reader"},
               {"min", "0"},
               {"max", "1000"},
               {"value", "1000"},
               {"data-axis", axis_label(scene.data.axis)},
               {"data-moments", is_moment(scene.data.axis, scene.linear.low()) ? "1" : ""},
               {"data-low", fmt::format("{:.17g}", scene.linear.low())},
               {"data-high", fmt::format("{:.17g}", scene.linear.high())},
               {"data-log-low", scene.logarithmic ? fmt::format("{:.17g}", scene.logarithmic->low())
                                                  : std::string()}});
}

void page_end(Html& html, const Json& records) {
  html.leaf("output", "", {{"id", "readout"}, {"hidden", "hidden"}});
  {
    const auto data_script =
        html.element("script", {{"type", "application/json"}, {"id", "records"}});
    html.raw(script_json(records));
  }
  const auto script_element = html.element("script");
  html.raw(script());
}

}  // namespace emdyn::report
