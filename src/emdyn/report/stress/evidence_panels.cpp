#include "emdyn/report/stress/evidence_panels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/html/number.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {
namespace {

using provoke::trial::AttackFinding;
using provoke::trial::CorruptionFinding;
using provoke::trial::DiagnosisFinding;
using provoke::trial::ExampleFinding;
using provoke::trial::OodFinding;
using provoke::trial::TripwireFinding;

constexpr std::size_t kShownOod = 24;
constexpr int kSquare = 1000;  ///< Side of the view box of small charts.

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// "1.8 %": errors of a good network lie below 5 %, where whole percents say too little.
std::string rate_text(double rate) { return fixed_text(100.0 * rate, 1) + " %"; }

/// A bar from the left with the errors; `longest` fills the frame.
void error_bar(Html& html, const std::string& name, const std::string& note, std::uint64_t errors,
               std::uint64_t examples, std::uint64_t longest, std::string_view css) {
  const auto row = html.element("div", {{"class", "bar"}});
  {
    const auto left = html.element("div", {{"class", "name"}});
    html.leaf("b", name);
    if (!note.empty()) html.leaf("small", note);
  }
  {
    const auto frame = html.element("div", {{"class", "bars from-zero"}, {"aria-hidden", "true"}});
    html.leaf("i", "",
              {{"class", css},
               {"style", fmt::format("left:0;width:{:.2f}%", 98.0 * ratio(errors, longest))}});
  }
  const auto right = html.element("div", {{"class", "last"}});
  html.leaf("b", count_text(errors));
  html.leaf("small", rate_text(ratio(errors, examples)));
}

}  // namespace

std::string words_of(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string norm_words(const std::string& norm) {
  if (norm == "linf") return "L∞";
  if (norm == "l2") return "L2";
  if (norm == "l1") return "L1";
  if (norm == "l0") return "L0";
  return norm;
}

void attack_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "attacks"}});
  if (evidence.attacks.empty() && !evidence.certified_bound) {
    panel_head(html, "Attacks and certificates", "No attack was run and nothing was certified.");
    return;
  }
  panel_head(html, "Attacks and certificates",
             fmt::format("Examples misclassified within {} ε = {}, of {}. An attack shows errors "
                         "that exist; a certificate bounds the errors that can exist.",
                         norm_words(evidence.norm), number_text(evidence.epsilon),
                         count_text(evidence.examples)));
  std::uint64_t longest = std::max(evidence.clean_errors, evidence.certified_bound.value_or(0));
  for (const AttackFinding& attack : evidence.attacks) longest = std::max(longest, attack.errors);
  longest = std::max(longest, evidence.best_attack_errors.value_or(0));
  error_bar(html, "No attack", "", evidence.clean_errors, evidence.examples, longest, "up");
  for (const AttackFinding& attack : evidence.attacks) {
    error_bar(html, words_of(attack.name), attack.settings, attack.errors, evidence.examples,
              longest, "up");
  }
  if (evidence.best_attack_errors) {
    error_bar(html, "All attacks together", "worst case over them", *evidence.best_attack_errors,
              evidence.examples, longest, "down");
  }
  if (evidence.certified_bound) {
    error_bar(html, "Certified bound", "no attack can exceed it", *evidence.certified_bound,
              evidence.examples, longest, "proved");
  }
  TextTable table;
  table.caption = "what each attack found and what it asked";
  table.headers = {"attack", "errors", "forward passes", "gradients", "time"};
  for (const AttackFinding& attack : evidence.attacks) {
    table.rows.push_back({words_of(attack.name), count_text(attack.errors),
                          count_text(attack.forward), count_text(attack.gradient),
                          duration_text(attack.seconds)});
  }
  if (!table.rows.empty()) text_table(html, table);
}

void corruption_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "corruptions"}});
  if (evidence.corruptions.empty()) {
    panel_head(html, "Corruptions", "No corruption was tried.");
    return;
  }
  const auto mean = [](const CorruptionFinding& one) {
    return std::accumulate(one.error_rate.begin(), one.error_rate.end(), 0.0) / 5.0;
  };
  std::vector<CorruptionFinding> sorted = evidence.corruptions;
  std::ranges::stable_sort(sorted, [&](const auto& a, const auto& b) { return mean(a) > mean(b); });
  panel_head(html, "Corruptions",
             fmt::format("Share of examples misclassified at severities 1 to 5 ({} constants), "
                         "worst first; {} without corruption. {} hurts most, {} least.",
                         evidence.corruption_set,
                         rate_text(ratio(evidence.clean_errors, evidence.examples)),
                         capitalised(words_of(sorted.front().name)), words_of(sorted.back().name)));
  const auto frame = html.element(
      "div",
      {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "corruptions"}});
  const auto table = html.element("table", {{"class", "heat"}});
  {
    const auto head = html.element("thead");
    const auto row = html.element("tr");
    for (const std::string_view name : {"corruption", "1", "2", "3", "4", "5", "mean"})
      html.leaf("th", name, {{"scope", "col"}, {"class", name == "corruption" ? "" : "n"}});
  }
  const auto body = html.element("tbody");
  for (const CorruptionFinding& one : sorted) {
    const auto row = html.element("tr");
    html.leaf("th", words_of(one.name), {{"scope", "row"}});
    for (const double rate : one.error_rate) {
      html.leaf("td", rate_text(rate),
                {{"class", "n down"},
                 {"style", fmt::format("--share:{:.0f}%", 60.0 * std::clamp(rate, 0.0, 1.0))}});
    }
    html.leaf("td", rate_text(mean(one)), {{"class", "n"}});
  }
}

namespace {

std::string roc_path(const OodFinding& one) {
  std::string line = fmt::format("M0 {}", kSquare);
  for (std::size_t i = 0; i < std::min(one.roc_false.size(), one.roc_true.size()); ++i) {
    line += fmt::format("L{} {}", std::lround(kSquare * one.roc_false[i]),
                        std::lround(kSquare * (1.0 - one.roc_true[i])));
  }
  return line + fmt::format("L{} 0", kSquare);
}

std::string steps_path(const std::vector<std::uint64_t>& counts) {
  const std::uint64_t tallest = counts.empty() ? 0 : *std::ranges::max_element(counts);
  if (tallest == 0) return {};
  std::string line = fmt::format("M0 {}", kSquare);
  const auto bins = static_cast<double>(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    line += fmt::format("V{}H{}", std::lround(kSquare * (1.0 - 0.92 * ratio(counts[i], tallest))),
                        std::lround(kSquare * static_cast<double>(i + 1) / bins));
  }
  return line + fmt::format("V{}", kSquare);
}

struct SmallChart {
  std::string title;
  std::string left, right;  ///< What stands under the ends of the axis.
};

void small_chart(Html& html, const SmallChart& chart, const std::function<void(Html&)>& marks) {
  const auto figure = html.element("figure", {{"class", "small"}});
  {
    const auto svg = html.element("svg", {{"viewBox", fmt::format("0 0 {} {}", kSquare, kSquare)},
                                          {"preserveAspectRatio", "none"},
                                          {"aria-hidden", "true"}});
    path(html, "grid", fmt::format("M0 0H{0}V{0}H0zM500 0V{0}M0 500H{0}", kSquare));
    marks(html);
  }
  const auto caption = html.element("figcaption");
  html.leaf("b", chart.title);
  const auto ends = html.element("small", {{"class", "ends"}});
  html.leaf("span", chart.left);
  html.leaf("span", chart.right);
}

void ood_charts(Html& html, const OodFinding& one) {
  small_chart(html, {one.score + " on " + one.set, "0 % false alarms", "100 %"}, [&](Html& out) {
    path(out, "l-base0", fmt::format("M0 {0}L{0} 0", kSquare));
    path(out, "l-op", roc_path(one));
  });
  if (one.edges.size() < 2) return;
  small_chart(html,
              {"Scores", "strange " + number_text(one.edges.front()),
               number_text(one.edges.back()) + " familiar"},
              [&](Html& out) {
                path(out, "b-op", steps_path(one.inside) + "z");
                path(out, "l-op", steps_path(one.inside));
                path(out, "l-fc dashed", steps_path(one.outside));
              });
}

}  // namespace

void ood_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "ood"}});
  if (evidence.ood.empty()) {
    panel_head(html, "Out of distribution", "No strange inputs were scored.");
    return;
  }
  panel_head(html, "Out of distribution",
             "How well each score tells strange inputs from familiar ones. AUROC is 100 % for a "
             "perfect score and 50 % for a coin. Choose a score by in-distribution criteria: the "
             "ranking differs from network to network.");
  key(html, {{"l-op", "familiar inputs; ROC of the score"},
             {"l-fc", "strange inputs"},
             {"l-base0", "a coin"}});
  {
    const auto grid = html.element("div", {{"class", "smalls"}});
    std::string last;
    for (const OodFinding& one : evidence.ood) {  // The best score of each set is drawn.
      const bool best = std::ranges::none_of(evidence.ood, [&](const OodFinding& other) {
        return other.set == one.set && other.auroc > one.auroc;
      });
      if (!best || one.set == last) continue;
      last = one.set;
      ood_charts(html, one);
    }
  }
  TextTable table;
  table.caption = "scores against sets";
  table.headers = {"set", "score", "AUROC", "AUPR", "false alarms at 95 % found"};
  table.numeric_from = 2;
  for (const OodFinding& one : evidence.ood) {
    table.rows.push_back({one.set, one.score, fixed_text(100.0 * one.auroc, 2),
                          fixed_text(100.0 * one.aupr_out, 2), percent_text(one.fpr95)});
  }
  if (table.rows.size() <= kShownOod) {
    text_table(html, table);
  } else {
    folded_table(html, table);
  }
}

void tripwire_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "tripwires"}});
  if (evidence.tripwires.empty()) {
    panel_head(html, "Tripwires", "No tripwire was tried.");
    return;
  }
  panel_head(html, "Tripwires",
             "Share of successful attack inputs noticed at 1 % and 5 % false alarms. A tripwire is "
             "no defence: an attacker who knows it gets the adaptive figure.");
  TextTable table;
  table.caption = "detection of attacks";
  table.headers = {"tripwire",     "attack",        "unaware, 1 %",
                   "unaware, 5 %", "adaptive, 1 %", "adaptive, 5 %"};
  table.numeric_from = 2;
  for (const TripwireFinding& one : evidence.tripwires) {
    const auto share = [](double rate) {
      return std::isnan(rate) ? std::string("none succeeded") : percent_text(rate);
    };
    table.rows.push_back({words_of(one.name), one.attack, share(one.plain[0]), share(one.plain[1]),
                          share(one.adaptive[0]), share(one.adaptive[1])});
  }
  text_table(html, table);
}

void worst_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "worst"}});
  if (evidence.worst.empty()) {
    panel_head(html, "Worst examples", "No example was broken, or none is a picture.");
    return;
  }
  panel_head(html, "Worst examples",
             "Broken with the smallest changes: before at the left, after at the right.");
  const auto grid = html.element("div", {{"class", "pairs"}});
  for (const ExampleFinding& one : evidence.worst) {
    const auto figure = html.element("figure");
    {
      const auto pair = html.element("div", {{"class", "pair"}});
      html.single("img", {{"src", picture_uri(one.before)},
                          {"alt", "before: " + clean_text(one.label, 40)}});
      html.single("img", {{"src", picture_uri(one.after)},
                          {"alt", "after: taken for " + clean_text(one.predicted, 40)}});
    }
    const auto caption = html.element("figcaption");
    html.leaf("b", one.label + " → " + one.predicted);
    html.leaf("small", one.caption);
  }
}

void diagnosis_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "diagnosis"}});
  panel_head(html, "Diagnosis",
             evidence.diagnosis.empty()
                 ? "No sign that the attacks were weaker than they look: gradients are not zero, "
                   "the model is not random, no black-box attack beat a white-box one."
                 : "Signs that the true robustness is lower than the figures above.");
  for (const DiagnosisFinding& one : evidence.diagnosis) {
    const auto note = html.element("p", {{"class", "note"}});
    html.leaf("b", capitalised(words_of(one.flag)));
    html.text(": " + one.advice);
  }
}

namespace {

void json_rows(Html& html, std::string caption, const Json& object) {
  if (!object.is_object() || object.empty()) return;
  TextTable table;
  table.caption = std::move(caption);
  table.headers = {"what", "value"};
  table.numeric_from = 2;
  for (const auto& [name, value] : object.items()) {
    table.rows.push_back({words_of(name), value.is_string()           ? value.get<std::string>()
                                          : value.is_number_integer() ? json_text(value)
                                          : value.is_number() ? number_text(value.get<double>(), 6)
                                                              : json_text(value)});
  }
  text_table(html, table);
}

}  // namespace

void made_panel(Html& html, const StressEvidence& evidence) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "made"}});
  panel_head(html, "How this was made",
             fmt::format("By emdyn {} in {}. Equal settings and seed give equal figures, whatever "
                         "the number of threads.",
                         evidence.program_version, duration_text(evidence.seconds)));
  for (const std::string& note : evidence.notes) html.leaf("p", note, {{"class", "note"}});
  Json what = {{"model", evidence.model},
               {"data", evidence.data},
               {"examples", evidence.examples},
               {"norm", norm_words(evidence.norm)}};
  json_rows(html, "what was tested", what);
  json_rows(html, "settings", evidence.settings);
  json_rows(html, "queries, in examples", evidence.ledger);
}

}  // namespace emdyn::report
