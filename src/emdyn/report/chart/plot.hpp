#pragma once
#include <functional>
#include <string>
#include <vector>

#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"

/// One plot of the timeline. Lines are SVG stretched to the width of the page; all text is HTML
/// placed over them, so it keeps its size on a narrow screen. Everything is drawn once for the
/// linear and once for the logarithmic axis, and the style sheet shows one of them: the switch
/// needs no script.
namespace emdyn::report {

/// Draws into an SVG view box of kViewWidth × `height` for one horizontal axis.
using DrawMarks = std::function<void(Html&, const AxisMap& x, int height)>;

struct Plot {
  std::string label{};  ///< For the readout and assistive technology.
  std::string id{};     ///< Anchor of the row; may be empty.
  AxisMap y{Scale::linear, 0.0, 1.0};
  NumberFormat format{};
  int height_px = 40;
  bool y_labels = false;
  bool onset_label = false;     ///< Name the onset rule at the top.
  bool crossing_label = false;  ///< Name the crossing rule at the top.
  DrawMarks marks{};
  std::function<void(Html&)> over{};  ///< HTML placed over the plot: ticks, labels.
};

/// What stands at the sides of a plot.
struct RowText {
  std::string name{};
  std::string note{};       ///< Small, under the name: range, unit.
  std::string last{};       ///< At the right.
  std::string last_note{};  ///< Small, under it.
};

/// A row of the timeline: name, plot, last value.
void plot_row(Html& html, const Scene& scene, const RowText& text, const Plot& plot);

/// The tick labels and the name of the shared horizontal axis.
void axis_row(Html& html, const Scene& scene);

/// `style` value that puts an element at `position` on both axes.
std::string at_style(const Scene& scene, double position);

/// One entry of a key: a sample of the line or mark with its words.
struct KeyEntry {
  std::string_view mark;  ///< CSS class of the sample: a line ("l-op"), band ("b-fc") or dot.
  std::string words;
};
void key(Html& html, const std::vector<KeyEntry>& entries);

/// A path element of class `css`; nothing when `data` is empty.
void path(Html& html, std::string_view css, const std::string& data);

}  // namespace emdyn::report
