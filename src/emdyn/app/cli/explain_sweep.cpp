#include "emdyn/app/cli/explain_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/explain/tabular/sweep_explained.hpp"
#include "emdyn/pipeline/trial_rows.hpp"

namespace emdyn::app::cli {
namespace {

using app::terminal::Console;
using app::terminal::Table;
using explain::SweepExplained;
using explain::WithSpread;

constexpr std::size_t kShownPairs = 6;
constexpr std::size_t kShownSettings = 12;
constexpr std::size_t kCurves = 3;
constexpr std::size_t kCurvePoints = 8;

std::string share_text(const WithSpread& share) {
  return fmt::format("{:.1f} % ± {:.1f}", 100.0 * share.mean, 100.0 * share.spread);
}

std::string value_text(const SweepExplained& explained, const WithSpread& value) {
  if (explained.table.yes_no) {
    return fmt::format("{:.0f} ± {:.0f} %", 100.0 * value.mean, 100.0 * value.spread);
  }
  return fmt::format("{:.4g} ± {:.2g}", value.mean, value.spread);
}

std::vector<explain::Marginal> by_share(const SweepExplained& explained) {
  std::vector<explain::Marginal> single = explained.anova.single;
  std::ranges::stable_sort(
      single, [](const auto& a, const auto& b) { return a.share.mean > b.share.mean; });
  return single;
}

void print_shares(const SweepExplained& explained, Console& console) {
  Table table(
      {{"decides"}, {"share of the variance", Table::Align::right}, {"H²", Table::Align::right}});
  const auto single = by_share(explained);
  for (std::size_t i = 0; i < std::min(kShownSettings, single.size()); ++i) {
    table.row({explained.table.settings[single[i].column].name, share_text(single[i].share), ""});
  }
  for (std::size_t p = 0; p < std::min(kShownPairs, explained.anova.pairs.size()); ++p) {
    const auto& pair = explained.anova.pairs[p];
    table.row({fmt::format("{} with {}", explained.table.settings[pair.first].name,
                           explained.table.settings[pair.second].name),
               share_text(pair.share),
               p < explained.strength.size() ? fmt::format("{:.2f}", explained.strength[p]) : ""});
  }
  table.row({"three or more together", share_text(explained.anova.beyond_pairs), ""});
  table.print(console);
}

// What the outcome is, on average over all other settings, along one setting.
void print_curve(const SweepExplained& explained, const explain::Marginal& marginal,
                 Console& console) {
  const auto texts = explain::bin_texts(explained, marginal.column);
  Table table({{explained.table.settings[marginal.column].name},
               {explained.table.yes_no ? "probability" : "mean", Table::Align::right}});
  const std::size_t step =
      std::max<std::size_t>(1, (texts.size() + kCurvePoints - 1) / kCurvePoints);
  for (std::size_t b = 0; b < texts.size(); b += step) {
    table.row({texts[b], value_text(explained, marginal.at[b])});
  }
  table.print(console);
}

void print_heat(const SweepExplained& explained, Console& console) {
  if (explained.anova.pairs.empty()) return;
  const auto& pair = explained.anova.pairs.front();
  const auto map = explain::heat_map(explained, pair, 5);
  console.line("");
  console.line(fmt::format(
      "{}, by {} (down) and {} (across), over all other settings:",
      explained.table.yes_no
          ? fmt::format("probability of {}", terminal_safe(explained.table.outcome_text))
          : terminal_safe(explained.table.outcome_text),
      terminal_safe(explained.table.settings[pair.first].name),
      terminal_safe(explained.table.settings[pair.second].name)));
  std::vector<Table::Column> columns{{""}};
  for (const std::string& name : map.columns) columns.push_back({name, Table::Align::right});
  Table table(columns);
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    std::vector<std::string> cells{map.rows[r]};
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      cells.push_back(value_text(explained, map.at[r * map.columns.size() + c]));
    }
    table.row(cells);
  }
  table.print(console);
}

void print_change(const SweepExplained& explained, const SweepOption& option, Console& console) {
  if (option.change.empty()) return;
  console.line("");
  if (!explained.change) {
    console.line(fmt::format("trial {}: no change of at most three settings is enough",
                             terminal_safe(option.change)));
    return;
  }
  const explain::Counterfactual& change = *explained.change;
  console.line(fmt::format("trial {}: from {:.3g} to {:.3g} with the smallest change",
                           terminal_safe(option.change), change.before, change.after));
  for (const explain::SettingChange& each : change.changes) {
    const explain::SweepSetting& setting = explained.table.settings[each.column];
    console.line(fmt::format("  {}: {} -> {}", terminal_safe(setting.name),
                             terminal_safe(setting.text(each.from)),
                             terminal_safe(setting.text(each.to))));
  }
}

void print_explained(const SweepExplained& explained, const SweepOption& option, Console& console) {
  const explain::SweepTable& table = explained.table;
  console.line(fmt::format(
      "{} over {} trials{}: {} on average; a forest explains {:.0f} % of the variance of trials it "
      "has not seen",
      console.bold(terminal_safe(table.outcome_text)), table.outcome.size(),
      table.without_outcome > 0 ? fmt::format(" ({} more lack it)", table.without_outcome) : "",
      table.yes_no ? fmt::format("{:.0f} %", 100.0 * explained.anova.mean)
                   : fmt::format("{:.4g}", explained.anova.mean),
      100.0 * std::max(0.0, explained.held_out_r2)));
  if (explained.held_out_r2 < 0.1) {
    console.line("that is next to nothing: what follows may be chance");
  }
  print_shares(explained, console);
  const auto single = by_share(explained);
  for (std::size_t i = 0; i < std::min(kCurves, single.size()); ++i) {
    console.line("");
    print_curve(explained, single[i], console);
  }
  print_heat(explained, console);
  print_change(explained, option, console);
  if (!table.passed_over.empty()) {
    std::string names;
    for (const std::string& each : table.passed_over) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", terminal_safe(each));
    }
    console.line("");
    console.line(fmt::format("passed over: {}", names));
  }
  console.line(
      "± is the standard deviation over the forest's trees; shares say what goes with the outcome "
      "in these trials, not what would happen elsewhere");
}

}  // namespace

void SweepOption::add_to(CLI::App& app) {
  app.add_option("--outcome", outcome,
                 "look at many trials instead of one run: RUN|FILE is a store folder, a table or "
                 "JSON lines with a row a trial, and this names what they came to: COLUMN, COLUMN "
                 ">= NUMBER, COLUMN <= NUMBER or COLUMN = WORD");
  app.add_option("--setting", settings, "with --outcome: only this column; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--without", without, "with --outcome: not this column; may be repeated")
      ->allow_extra_args(false);
  app.add_option(
      "--change", change,
      "with --outcome: the smallest change of this trial (its number, from 1) that turns "
      "its outcome");
  app.add_option("--level", level, "with --change: the value to pass; needed where it is a number");
}

void explain_sweep_file(const std::string& path, const SweepOption& option, bool json,
                        Console& console) {
  const Task task(console.stop_flag());
  explain::SweepExplainOptions options;
  if (!option.change.empty())
    options.change_row = pipeline::trial_number(option.change, "--change");
  if (option.has_level) options.change_level = option.level;
  const auto explained = explain::explain_sweep(
      explain::make_sweep_table(pipeline::read_trials(path, task),
                                {option.outcome, option.settings, option.without}),
      options);
  if (json) {
    console.json(explain::sweep_json(explained));
    return;
  }
  print_explained(explained, option, console);
}

}  // namespace emdyn::app::cli
