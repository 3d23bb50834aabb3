#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using report::Drivers;
using series::Contribution;

constexpr std::size_t kShownDrivers = 14;
constexpr std::size_t kMatrixFactors = 10;

std::vector<Contribution> strongest_first(const Drivers& drivers) {
  std::vector<Contribution> sorted = drivers.attribution.contributions;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.phi) > std::abs(b.phi); });
  return sorted;
}

std::string signed_text(double value, int decimals) {
  return (value > 0.0 ? "+" : "") + fixed_text(value, decimals);
}

std::string scale_words(const series::Attribution& attribution) {
  return attribution.scale == "log_odds" ? "log-odds" : attribution.scale;
}

/// Maps a Shapley value to percent of the bar's frame; zero is in the middle.
struct BarScale {
  double reach = 1.0;
  int decimals = 2;

  explicit BarScale(const std::vector<Contribution>& contributions) {
    double largest = 0.0;
    for (const Contribution& one : contributions) {
      largest = std::max(largest, std::abs(one.phi));
      if (one.interval) {
        largest = std::max({largest, std::abs(one.interval->low), std::abs(one.interval->high)});
      }
    }
    if (largest > 0.0 && std::isfinite(largest)) reach = 1.04 * largest;
    decimals = std::clamp(decimals_for_width(reach) + 1, 0, 6);
  }
  double percent(double phi) const noexcept {
    return std::clamp(50.0 + 50.0 * phi / reach, 0.0, 100.0);
  }
};

void driver_bar(Html& html, const Scene& scene, const Contribution& one, const BarScale& scale) {
  const auto row = html.element("div", {{"class", "bar"}});
  {
    const auto name = html.element("div", {{"class", "name"}});
    html.leaf("b", scene.label(one.factor));
    if (one.value) html.leaf("small", "value " + number_text(*one.value));
  }
  {
    const auto frame = html.element("div", {{"class", "bars"}, {"aria-hidden", "true"}});
    const double zero = 50.0;
    const double end = scale.percent(one.phi);
    html.leaf("i", "",
              {{"class", one.phi >= 0.0 ? "up" : "down"},
               {"style", fmt::format("left:{:.2f}%;width:{:.2f}%", std::min(zero, end),
                                     std::abs(end - zero))}});
    if (one.interval) {
      const double low = scale.percent(one.interval->low);
      const double high = scale.percent(one.interval->high);
      html.leaf("u", "",
                {{"style", fmt::format("left:{:.2f}%;width:{:.2f}%", std::min(low, high),
                                       std::abs(high - low))}});
    }
  }
  const auto value = html.element("div", {{"class", "last"}});
  html.leaf("b", signed_text(one.phi, scale.decimals));
  if (one.interval) {
    html.leaf("small", fmt::format("{} to {}", signed_text(one.interval->low, scale.decimals),
                                   signed_text(one.interval->high, scale.decimals)));
  }
}

void interaction_matrix(Html& html, const Scene& scene, const series::Attribution& attribution) {
  std::vector<std::string> factors;
  double largest = 0.0;
  for (const series::PairContribution& pair : attribution.interactions) {
    for (const std::string& factor : {pair.a, pair.b}) {
      const bool known = std::find(factors.begin(), factors.end(), factor) != factors.end();
      if (!known && factors.size() < kMatrixFactors) factors.push_back(factor);
    }
    largest = std::max(largest, std::abs(pair.phi));
  }
  html.leaf("h3", "Interactions");
  html.leaf("p",
            "How much two factors moved the forecast together, beyond what each did alone; a "
            "dot where a pair was not computed.",
            {{"class", "see"}});
  TextRow headers{""};
  for (const std::string& factor : factors) headers.push_back(scene.label(factor));
  const auto frame = html.element(
      "div",
      {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "interactions"}});
  const auto table = html.element("table", {{"class", "matrix"}});
  {
    const auto head = html.element("thead");
    const auto row = html.element("tr");
    for (const std::string& header : headers) html.leaf("th", header, {{"scope", "col"}});
  }
  const auto body = html.element("tbody");
  for (const std::string& a : factors) {
    const auto row = html.element("tr");
    html.leaf("th", scene.label(a), {{"scope", "row"}});
    for (const std::string& b : factors) {
      const auto pair = std::find_if(
          attribution.interactions.begin(), attribution.interactions.end(), [&](const auto& one) {
            return (one.a == a && one.b == b) || (one.a == b && one.b == a);
          });
      if (pair == attribution.interactions.end()) {
        html.leaf("td", "·", {{"class", "n"}});
        continue;
      }
      const double share = largest > 0.0 ? std::abs(pair->phi) / largest : 0.0;
      html.leaf("td", signed_text(pair->phi, 2),
                {{"class", pair->phi >= 0.0 ? "n up" : "n down"},
                 {"style", fmt::format("--share:{:.0f}%", 35.0 * share)}});
    }
  }
}

void driver_table(Html& html, const Scene& scene, const Drivers& drivers,
                  const std::vector<Contribution>& contributions) {
  TextTable table;
  table.caption = fmt::format("all {} contributions, base {}", contributions.size(),
                              number_text(drivers.attribution.base, 3));
  table.headers = {"factor", "value", "contribution", "interval"};
  for (const Contribution& one : contributions) {
    table.rows.push_back({scene.label(one.factor), one.value ? number_text(*one.value) : "none",
                          number_text(one.phi, 3),
                          one.interval ? number_text(one.interval->low, 3) + " to " +
                                             number_text(one.interval->high, 3)
                                       : "none"});
  }
  folded_table(html, table);
}

void one_attribution(Html& html, const Scene& scene, const Drivers& drivers, bool heading) {
  const series::Attribution& attribution = drivers.attribution;
  std::string title = drivers.title.empty() ? attribution.target : drivers.title;
  if (drivers.at) title += (title.empty() ? "" : ", ") + scene.place(*drivers.at);
  if (heading && !title.empty()) html.leaf("h3", capitalised(title));
  const std::vector<Contribution> contributions = strongest_first(drivers);
  if (contributions.empty()) {
    html.leaf("p", "This explanation names no factors.", {{"class", "see"}});
    return;
  }
  const std::size_t shown = std::min(contributions.size(), kShownDrivers);
  std::string words =
      fmt::format("Bars to the right raised the forecast, bars to the left lowered it, in {}{}. ",
                  attribution.scale.empty() ? "the predictor's scale" : scale_words(attribution),
                  attribution.method.empty() ? "" : " (" + attribution.method + ")");
  if (shown < contributions.size()) {
    words += fmt::format("The {} strongest of {} are drawn. ", shown, contributions.size());
  }
  html.leaf("p", words + "They moved the forecast; they need not have caused the change.",
            {{"class", "see"}});
  const BarScale scale(contributions);
  for (std::size_t i = 0; i < shown; ++i) driver_bar(html, scene, contributions[i], scale);
  driver_table(html, scene, drivers, contributions);
  if (!attribution.interactions.empty()) interaction_matrix(html, scene, attribution);
}

}  // namespace

void driver_panel(Html& html, const Scene& scene) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "drivers"}});
  const std::vector<Drivers>& all = scene.data.drivers;
  if (all.empty()) {
    panel_head(html, "Drivers", "No drivers: no forecast of this run was explained.");
    return;
  }
  panel_head(html, "Drivers", driver_words(scene));
  for (const Drivers& drivers : all) one_attribution(html, scene, drivers, true);
}

}  // namespace emdyn::report
