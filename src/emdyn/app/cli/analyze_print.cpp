#include "emdyn/app/cli/analyze_print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/pipeline/acting_together.hpp"

namespace emdyn::app::cli {
namespace {

using app::terminal::Table;
using emergence::position_text;

constexpr std::size_t kRows = 20;      // A screen.
constexpr std::size_t kSentences = 4;  // So few signals are told in sentences.
constexpr std::size_t kIncidents = 12;
constexpr std::size_t kWindows = 8;
constexpr std::size_t kPairs = 5;

std::size_t shown_rows(std::size_t rows, const AnalysisPrint& how) {
  return how.all ? rows : std::min(rows, kRows);
}

void tell_folded(std::size_t rows, std::size_t shown, Console& console) {
  if (rows > shown) console.line(fmt::format("… {} more (--all shows them)", rows - shown));
}

std::string small_number(double value) {
  return value < 1e-3 ? fmt::format("{:.0e}", value) : fmt::format("{:.2g}", value);
}

std::string q_text(const series::Transition& transition) {
  return small_number(transition.evidence.q_value.value_or(1.0));
}

void print_changes(const pipeline::Analysis& analysis, const AnalysisPrint& how, Console& console) {
  if (analysis.fits.size() <= kSentences) {
    for (const auto& fit : analysis.fits) console.line(pipeline::transition_sentence(fit));
    return;
  }
  if (analysis.changed > 0) {
    const std::string axis = analysis.fits.front().transition.control_parameter;
    Table table({{"signal"},
                 {"change"},
                 {"at " + axis + " [90 %]"},
                 {"BIC gain", Table::Align::right},
                 {"q", Table::Align::right}});
    const std::size_t shown = shown_rows(analysis.changed, how);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& fit = analysis.fits[i];
      const series::Transition& told = fit.transition;
      table.row({told.order_parameter, pipeline::short_change(told, fit.range),
                 emergence::onset_text(told),
                 fmt::format("{:.0f}", told.evidence.bic_gain.value_or(0.0)), q_text(told)});
    }
    table.print(console);
    tell_folded(analysis.changed, shown, console);
  }
  if (const std::string rest = pipeline::rest_words(analysis); !rest.empty()) console.line(rest);
}

void print_mirage(const std::vector<emergence::mirage::Judgement>& list, const AnalysisPrint& how,
                  Console& console) {
  if (list.empty()) return;
  const std::size_t shown = how.all ? list.size() : std::min<std::size_t>(list.size(), 5);
  std::vector<const emergence::mirage::Judgement*> decided_first;
  for (const auto& each : list) decided_first.push_back(&each);
  std::ranges::stable_sort(decided_first, {}, [](const auto* each) {
    return each->verdict == emergence::mirage::MirageVerdict::undecided;
  });
  for (std::size_t i = 0; i < shown; ++i)
    console.line("mirage? " + emergence::mirage::describe(*decided_first[i]));
  tell_folded(list.size(), shown, console);
}

void print_early_warning(const pipeline::Analysis& analysis, const AnalysisPrint& how,
                         Console& console) {
  console.line(pipeline::early_warning_words(analysis));
  auto trends = pipeline::standing_trends(analysis);
  if (trends.empty()) return;
  const std::size_t all = trends.size();
  trends.resize(shown_rows(all, how));
  Table table({{"early warning"},
               {"indicator"},
               {"tau", Table::Align::right},
               {"p", Table::Align::right},
               {"corrected", Table::Align::right},
               {"slows down"}});
  for (const auto& each : trends) {
    table.row({each.signal, each.indicator, fmt::format("{:+.2f}", each.tau),
               small_number(each.p_value), small_number(each.q_value), each.slowing ? "yes" : ""});
  }
  table.print(console);
  tell_folded(all, trends.size(), console);
}

std::string banded_text(const std::optional<emergence::information::Banded>& banded) {
  if (!banded) return "–";
  return fmt::format("{:.2f}{} [{:.2f}, {:.2f}]", banded->value,
                     banded->value > banded->high ? " *" : "", banded->low, banded->high);
}

std::string group_text(const pipeline::ActingTogether& together,
                       const emergence::information::InteractionWindow& window) {
  if (!window.synergy) return "–";
  std::string names;
  for (const std::size_t member : window.synergy->group)
    names += (names.empty() ? "" : " ") + together.signals[member];
  return fmt::format("{:+.2f} {}", window.synergy->o_information, names);
}

void print_together(const pipeline::Analysis& analysis, const AnalysisPrint& how,
                    Console& console) {
  const pipeline::ActingTogether& together = *analysis.together;
  console.line(pipeline::together_words(analysis));
  Table table({{"up to", Table::Align::right},
               {"total correlation [alone]"},
               {"O-information [alone]"},
               {"Psi [alone]"},
               {"most synergistic group, nats"}});
  const auto& windows = together.timeline.windows;
  const std::size_t most = how.all ? windows.size() : kWindows;
  for (const std::size_t w : pipeline::shown_windows(together, most)) {
    const auto& window = windows[w];
    table.row({position_text(window.end), banded_text(window.total_correlation),
               banded_text(window.o_information), banded_text(window.psi),
               group_text(together, window)});
  }
  table.print(console);
  if (together.strongest.empty()) return;
  console.line(fmt::format("  strongest of the {} pairs that stand in the window up to {}:",
                           together.pairs, position_text(windows[together.strongest_window].end)));
  const std::size_t pairs =
      how.all ? together.strongest.size() : std::min(together.strongest.size(), kPairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const series::Interaction& pair = together.strongest[i];
    console.line(fmt::format("  {} of {} and {}: {:.2f} nats (p {})", pair.measure,
                             terminal_safe(pair.parts[0]), terminal_safe(pair.parts[1]),
                             pair.value.estimate, small_number(pair.null.p_value.value_or(1.0))));
  }
}

std::string range_text(const pipeline::SignalAcross& each) {
  const double low = *each.onset_low, high = *each.onset_high;
  const double width = high - low;
  if (!(width > 0.0)) return emergence::onset_text(each.typical);
  return fmt::format("{} ({} to {})", position_text(each.typical.onset->estimate, width),
                     position_text(low, width), position_text(high, width));
}

void print_across(const pipeline::Overlay& overlay, const AnalysisPrint& how, Console& console) {
  const std::size_t changed = overlay.changed();
  if (changed == 0) return;
  Table table({{"signal"},
               {"runs", Table::Align::right},
               {"commonest change"},
               {"median onset (range)"},
               {"q", Table::Align::right}});
  const std::size_t shown = shown_rows(changed, how);
  for (std::size_t i = 0; i < shown; ++i) {
    const pipeline::SignalAcross& each = overlay.signals[i];
    table.row({each.signal, fmt::format("{} of {}", each.changed, each.runs),
               pipeline::short_change(each.typical, each.range), range_text(each),
               q_text(each.typical)});
  }
  table.print(console);
  tell_folded(changed, shown, console);
}

void print_incidents(const pipeline::Overlay& overlay, const AnalysisPrint& how, Console& console) {
  for (const pipeline::SignalIncidents& each : overlay.incidents) {
    const auto& list = each.found.incidents;
    console.line("");
    console.line(fmt::format(
        "{}: {} common {} in {} runs (spikes at the same position; p against shifts of each run's "
        "spikes, corrected for all positions)",
        terminal_safe(each.signal), list.size(), list.size() == 1 ? "incident" : "incidents",
        each.found.runs));
    Table table({{"position", Table::Align::right},
                 {"runs", Table::Align::right},
                 {"deviations", Table::Align::right},
                 {"p", Table::Align::right},
                 {"among them"}});
    const std::size_t shown = how.all ? list.size() : std::min(list.size(), kIncidents);
    for (std::size_t i = 0; i < shown; ++i) {
      table.row({position_text(list[i].position),
                 fmt::format("{} of {}", list[i].runs, list[i].covered),
                 fmt::format("{:+.1f}", list[i].deviation), small_number(list[i].p_value),
                 list[i].names.front()});
    }
    table.print(console);
    tell_folded(list.size(), shown, console);
  }
}

void print_differences(const pipeline::Overlay& overlay, const AnalysisPrint& how,
                       Console& console) {
  for (const pipeline::Parting& each : overlay.partings) {
    console.line(fmt::format("{}: the runs part: the difference {}", terminal_safe(each.signal),
                             emergence::sentence(each.difference, {})));
  }
  if (overlay.ends.empty()) return;
  console.line("");
  Table table({{"ends furthest apart"},
               {"lowest", Table::Align::right},
               {"in"},
               {"median", Table::Align::right},
               {"highest", Table::Align::right},
               {"in"}});
  const std::size_t shown =
      how.all ? overlay.ends.size() : std::min<std::size_t>(overlay.ends.size(), 5);
  for (std::size_t i = 0; i < shown; ++i) {
    const pipeline::Ends& each = overlay.ends[i];
    const double difference = each.highest - each.lowest;
    const auto text = [&](double value) {
      return emergence::value_text(value, difference, each.range);
    };
    table.row({each.signal, text(each.lowest), each.lowest_run, text(each.median),
               text(each.highest), each.highest_run});
  }
  table.print(console);
  tell_folded(overlay.ends.size(), shown, console);
}

}  // namespace

void print_analysis(const pipeline::Analysis& analysis, const AnalysisPrint& how,
                    Console& console) {
  if (analysis.parts.transitions) {
    console.line(console.bold(pipeline::headline(analysis)));
    print_changes(analysis, how, console);
  }
  if (analysis.changed > 0) {
    console.line(pipeline::discovery_words(analysis.false_discoveries, analysis.fits.size()));
  }
  print_mirage(analysis.mirage, how, console);
  if (analysis.parts.warning) print_early_warning(analysis, how, console);
  if (analysis.together) print_together(analysis, how, console);
}

void print_overlay(const pipeline::Overlay& overlay, std::span<const pipeline::Analysis> analyses,
                   const AnalysisPrint& how, Console& console) {
  const bool looked = analyses.empty() || analyses[0].parts.transitions;
  if (looked) console.line(console.bold(pipeline::headline(overlay)));
  print_across(overlay, how, console);
  std::size_t signals = 0;
  std::vector<emergence::mirage::Judgement> mirage;
  pipeline::Analysis all;
  for (const pipeline::Analysis& each : analyses) {
    signals += each.fits.size();
    mirage.insert(mirage.end(), each.mirage.begin(), each.mirage.end());
    all.early_warning.insert(all.early_warning.end(), each.early_warning.begin(),
                             each.early_warning.end());
    all.false_discoveries = each.false_discoveries;
  }
  if (overlay.changed() > 0)
    console.line(pipeline::discovery_words(all.false_discoveries, signals));
  print_mirage(mirage, how, console);
  all.warned_before = "each run's main change, or its end,";
  if (analyses.size() > 0 && analyses[0].parts.warning) print_early_warning(all, how, console);
  print_incidents(overlay, how, console);
  print_differences(overlay, how, console);
}

void print_scale(const pipeline::ScaleRows& rows, const AnalysisPrint& how, Console& console) {
  console.line("");
  for (const std::string& note : rows.notes) console.line(note);
  for (const std::string& line : pipeline::scale_words(rows)) console.line(line);
  if (rows.rows.empty()) return;
  std::vector<Table::Column> columns{{"metric"},
                                     {"family"},
                                     {"of", Table::Align::right},
                                     {"value", Table::Align::right},
                                     {"at", Table::Align::right},
                                     {"expected"}};
  for (const std::string& baseline : rows.baselines)
    columns.push_back({baseline, Table::Align::right});
  Table table(columns);
  const std::vector<std::size_t> order = pipeline::rows_that_move(rows);
  const std::size_t shown = shown_rows(rows.rows.size(), how);
  for (std::size_t i = 0; i < shown; ++i) {
    const pipeline::ScaleRow& row = rows.rows[order[i]];
    std::vector<std::string> cells{row.metric,
                                   row.family,
                                   fmt::format("{:.2g}", row.largest),
                                   fmt::format("{:.3f}", row.value),
                                   fmt::format("{:.2g}", row.at),
                                   fmt::format("{:.3f} [{:.3f}, {:.3f}]", row.expected.estimate,
                                               row.expected.low, row.expected.high)};
    for (const double value : row.baselines) cells.push_back(fmt::format("{:.3f}", value));
    table.row(std::move(cells));
  }
  table.print(console);
  tell_folded(rows.rows.size(), shown, console);
}

}  // namespace emdyn::app::cli
