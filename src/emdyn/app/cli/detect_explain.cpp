#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/app/cli/detect.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"

namespace emdyn::app::cli {
namespace {

/// Everything the program says of one detector, wherever it comes from.
struct Described {
  detect::DetectorFacts facts;
  std::vector<Fact> own;
  bool rows = false;
  bool front_end = false;
  bool budgeted = false;    // Alarms within a budget unless told otherwise.
  bool by_default = false;  // What runs unless told otherwise.
};

std::vector<Described> every_detector() {
  std::vector<Described> all;
  for (const detect::Entry& entry : detect::entries())
    all.push_back(
        {entry, facts(entry), false, entry.front_end, entry.budgeted(), entry.by_default});
  for (const detect::VectorEntry& entry : detect::vector_entries())
    all.push_back({entry, facts(entry), true, false});
  std::ranges::stable_sort(
      all, {}, [](const Described& each) { return std::pair(each.rows, each.facts.name); });
  return all;
}

std::string_view kind_word(const Described& detector) {
  return detector.rows ? "vector" : "scalar";
}

Json json_of(const Described& detector) {
  return entry_json(detect::series_registry().form(), detector.facts, detector.own);
}

Described described_detector(std::string_view name) {
  std::vector<std::string_view> known;
  for (Described& each : every_detector()) {
    if (each.facts.name == name) return each;
    known.push_back(each.facts.name);
  }
  unknown_entry(detect::series_registry().form(), name, known);
}

std::string_view values_in_words(detect::Domain domain) {
  switch (domain) {
    case detect::Domain::unit_interval:
      return "numbers in [0, 1]";
    case detect::Domain::binary:
      return "0 and 1 (errors)";
    case detect::Domain::count:
      return "counts 0, 1, 2, …";
    case detect::Domain::real:
      break;
  }
  return "any numbers";
}

std::string_view sentence_of(series::EventKind kind) {
  switch (kind) {
    case series::EventKind::nonfinite:
      return "a value that is not finite";
    case series::EventKind::spike:
      return "a spike";
    case series::EventKind::outlier:
      return "something unlike what came before";
    case series::EventKind::trend:
      return "a trend";
    case series::EventKind::variance:
      return "a change of the noise";
    case series::EventKind::gap:
      return "a gap";
    case series::EventKind::shift:
      break;
  }
  return "a lasting change";
}

std::string shares_in_words(const std::vector<series::Share>& shares) {
  std::string text;
  for (const series::Share& each : shares) {
    if (each.share < 0.005) break;
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", terminal_safe(each.name),
                        100.0 * each.share);
    if (each.deviation) {
      text += fmt::format(" ({:.1f} deviations {} its mean)", std::abs(*each.deviation),
                          *each.deviation < 0 ? "below" : "above");
    }
  }
  return text;
}

}  // namespace

int list_detectors(bool json, Console& console) {
  const auto all = every_detector();
  if (json) {
    Json list = Json::array();
    for (const Described& each : all) list.push_back(json_of(each));
    console.json(Json{{"detectors", std::move(list)}});
    return kFine;
  }
  app::terminal::Table table({{"name"}, {"kind"}, {"values"}, {"notices"}, {"cost"}});
  for (const Described& each : all) {
    table.row({std::string(each.facts.name), std::string(kind_word(each)),
               std::string(detect::word(each.facts.domain)), std::string(each.facts.summary),
               std::string(each.facts.cost)});
  }
  table.print(console);
  console.line(fmt::format(
      "{} detectors; scalar: one series at a time, vector: all columns of a row together. Default: "
      "{}. emdyn detect --explain NAME says more.",
      all.size(), detect::default_entry().name));
  return kFine;
}

Json detector_json(const std::string& name) { return json_of(described_detector(name)); }

void explain_detector(const std::string& name, Console& console) {
  const Described detector = described_detector(name);
  const detect::DetectorFacts& facts = detector.facts;
  console.line(fmt::format("{}: notices {}.", console.bold(facts.name), facts.summary));
  console.line("");
  if (detector.rows) {
    console.line(
        "Takes    all numeric columns of a row together; a missing cell never silences the row");
  } else {
    console.line(fmt::format("Takes    one series of {}{}", values_in_words(facts.domain),
                             detector.front_end
                                 ? ", by default behind the front end, which removes "
                                   "level, slope and scale (--no-front-end: raw)"
                                 : ", as they are (--front-end: trend and scale "
                                   "removed first)"));
  }
  if (detector.budgeted) {
    console.line("Budget   p <= 1e-5 a sample, its members together (--alpha sets another)");
  } else {
    console.line(
        "Budget   alarms where its textbook rule does (score > 1); --alpha A: at most A false "
        "alarms a sample");
  }
  console.line(fmt::format("Cost     {} a sample", facts.cost));
  console.line(fmt::format("Source   {}", facts.paper));
  console.line("");
  console.line("Parameters (--set NAME=VALUE):");
  app::terminal::print_settings(facts, console);
}

/// "step "; a date needs no word before it.
std::string axis_prefix(const series::Event& event) {
  if (series::is_moment(event.axis, event.position)) return "";
  return fmt::format("{} ", series::word(event.axis));
}

std::string alarm_in_words(const series::Event& event) {
  if (detect::is_end(event)) {
    return fmt::format(
        "{} at {}{}: back within the reference; it was out of it from {} to {}",
        terminal_safe(event.signal), axis_prefix(event), place_text(event.position, event.axis),
        place_text(event.onset->low, event.axis), place_text(event.onset->high, event.axis));
  }
  std::string text = fmt::format("{} at {}{}: {}", terminal_safe(event.signal), axis_prefix(event),
                                 place_text(event.position, event.axis), sentence_of(event.kind));
  if (event.direction != series::Direction::none) {
    text += event.direction == series::Direction::rise ? ", upwards" : ", downwards";
  }
  if (event.score) {
    text += fmt::format(". {} scored {} of its threshold 1", event.detector,
                        short_number(*event.score));
    if (event.p_value) {
      text += fmt::format("; when nothing happens, a sample does so with probability {:.1e}",
                          *event.p_value);
    }
  }
  if (event.onset) {
    text += fmt::format(
        ". It began about {} (between {} and {})", place_text(event.onset->estimate, event.axis),
        place_text(event.onset->low, event.axis), place_text(event.onset->high, event.axis));
  }
  if (!event.shares.empty()) text += ". Made of: " + shares_in_words(event.shares);
  return fmt::format("{}. Rule: {}.", text, event.policy);
}

}  // namespace emdyn::app::cli
