#include "emdyn/report/stress/evidence_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/report/html/assets.hpp"
#include "emdyn/report/html/number.hpp"
#include "emdyn/report/stress/evidence_panels.hpp"

namespace emdyn::report {
namespace {

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0
             ? "none"
             : fixed_text(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

void head(Html& html, const StressEvidence& evidence) {
  const auto element = html.element("head");
  html.single("meta", {{"charset", "utf-8"}});
  html.single("meta", {{"http-equiv", "Content-Security-Policy"},
                       {"content",
                        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                        "base-uri 'none'; form-action 'none'"}});
  html.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.single("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.single("meta", {{"name", "generator"}, {"content", "emdyn " + evidence.program_version}});
  html.leaf("title", clean_text(evidence.title) + " · stress evidence");
  const auto style = html.element("style");
  html.raw(style_sheet());
}

std::string headline(const StressEvidence& evidence) {
  if (evidence.examples == 0) return "No examples were tested.";
  std::string words = fmt::format("{} of {} examples are wrong without any attack ({})",
                                  count_text(evidence.clean_errors), count_text(evidence.examples),
                                  share(evidence.clean_errors, evidence.examples));
  if (evidence.best_attack_errors) {
    words +=
        fmt::format("; within {} ε = {} attacks raise that to {} ({})", norm_words(evidence.norm),
                    number_text(evidence.epsilon), count_text(*evidence.best_attack_errors),
                    share(*evidence.best_attack_errors, evidence.examples));
  }
  if (evidence.certified_bound) {
    words += fmt::format(", and no attack at all can raise it above {} ({})",
                         count_text(*evidence.certified_bound),
                         share(*evidence.certified_bound, evidence.examples));
  }
  return words + ".";
}

std::string under_headline(const StressEvidence& evidence) {
  std::string words;
  if (evidence.undecided) {
    words += *evidence.undecided == 0
                 ? "Every example is decided: attacked or certified. "
                 : fmt::format("{} examples are neither broken nor certified. ",
                               count_text(*evidence.undecided));
  }
  if (!evidence.diagnosis.empty()) {
    words += fmt::format("{} warning{} about how far to trust these figures: see Diagnosis.",
                         evidence.diagnosis.size(), evidence.diagnosis.size() == 1 ? "" : "s");
  }
  return words;
}

void header(Html& html, const StressEvidence& evidence) {
  const auto element = html.element("header");
  html.leaf("p", clean_text(evidence.title), {{"class", "run"}});
  html.leaf("h1", headline(evidence));
  html.leaf("p", under_headline(evidence), {{"class", "alarms"}});
  const auto nav = html.element("nav", {{"aria-label", "Panels"}});
  for (const auto& [to, words] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"#attacks", "Attacks"},
           {"#curves", "Curves"},
           {"#corruptions", "Corruptions"},
           {"#ood", "Out of distribution"},
           {"#tripwires", "Tripwires"},
           {"#worst", "Worst examples"},
           {"#diagnosis", "Diagnosis"},
           {"#made", "How this was made"}}) {
    html.leaf("a", words, {{"href", to}});
  }
}

}  // namespace

std::string render_evidence(const StressEvidence& evidence) {
  Html html;
  html.raw("<!DOCTYPE html>\n");
  {
    const auto document = html.element("html", {{"lang", "en"}});
    head(html, evidence);
    const auto body = html.element("body");
    header(html, evidence);
    const auto main = html.element("main");
    attack_panel(html, evidence);
    curve_panel(html, evidence);
    corruption_panel(html, evidence);
    ood_panel(html, evidence);
    tripwire_panel(html, evidence);
    worst_panel(html, evidence);
    diagnosis_panel(html, evidence);
    made_panel(html, evidence);
  }
  return html.take();
}

}  // namespace emdyn::report
