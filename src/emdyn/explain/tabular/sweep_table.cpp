#include "emdyn/explain/tabular/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::explain {
namespace {

constexpr std::size_t kFewestRows = 20;
constexpr std::size_t kMostWords = 64;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::size_t column_named(const TrialRows& rows, std::string_view name, std::string_view option) {
  const auto found = std::ranges::find(rows.names, name);
  if (found != rows.names.end()) return static_cast<std::size_t>(found - rows.names.begin());
  const std::vector<std::string_view> names(rows.names.begin(), rows.names.end());
  const auto near = nearest_word(name, names);
  std::string known;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 12); ++i) {
    known += fmt::format("{}{}", i == 0 ? "" : ", ", terminal_safe(names[i]));
  }
  throw ConfigError(
      fmt::format("{}: no column \"{}\"{}; columns: {}{}", option, terminal_safe(name),
                  near ? fmt::format(" (did you mean \"{}\"?)", terminal_safe(*near)) : "", known,
                  names.size() > 12 ? ", …" : ""));
}

// What is asked of the outcome's column.
struct OutcomeRule {
  std::size_t column = 0;
  char compare = 0;  // '>', '<', '=' or 0: the number itself
  double level = 0.0;
  std::string word;

  std::optional<double> operator()(const std::string& cell) const {
    if (cell.empty()) return std::nullopt;
    if (compare == '=') return cell == word ? 1.0 : 0.0;
    const auto number = parse_double(cell);
    if (!number || std::isnan(*number)) return std::nullopt;
    if (compare == '>') return *number >= level ? 1.0 : 0.0;
    if (compare == '<') return *number <= level ? 1.0 : 0.0;
    return std::isfinite(*number) ? number : std::nullopt;
  }
};

OutcomeRule outcome_rule(const TrialRows& rows, std::string_view text) {
  OutcomeRule rule;
  // A column may itself be called "a >= b".
  if (std::ranges::find(rows.names, text) != rows.names.end()) {
    rule.column = column_named(rows, text, "--outcome");
    return rule;
  }
  const std::size_t sign = text.find_first_of("<>=");
  if (sign == std::string_view::npos) {
    rule.column = column_named(rows, trimmed(text), "--outcome");
    return rule;
  }
  rule.compare = text[sign];
  std::string_view right = text.substr(sign + 1);
  if (!right.empty() && right.front() == '=') right.remove_prefix(1);
  right = trimmed(right);
  rule.column = column_named(rows, trimmed(text.substr(0, sign)), "--outcome");
  if (rule.compare == '=') {
    rule.word = right;
    return rule;
  }
  const auto level = parse_double(right);
  if (!level || !std::isfinite(*level)) {
    throw ConfigError(
        fmt::format("--outcome: \"{}\" is no number; write COLUMN >= NUMBER, COLUMN "
                    "<= NUMBER, COLUMN = WORD or COLUMN",
                    terminal_safe(right)));
  }
  rule.level = *level;
  return rule;
}

// Words in the order of their mean outcome.
std::vector<std::string> ordered_words(const TrialRows& rows, std::size_t column,
                                       const SweepTable& table) {
  struct Mean {
    double sum = 0.0;
    double count = 0.0;
  };
  std::map<std::string, Mean> means;
  for (std::size_t i = 0; i < table.source_row.size(); ++i) {
    const std::string& cell = rows.cells[table.source_row[i]][column];
    if (cell.empty()) continue;
    Mean& mean = means[cell];
    mean.sum += table.outcome[i];
    mean.count += 1.0;
  }
  std::vector<std::string> words;
  for (const auto& [word, mean] : means) words.push_back(word);
  std::ranges::stable_sort(words, [&](const std::string& a, const std::string& b) {
    return means[a].sum / means[a].count < means[b].sum / means[b].count;
  });
  return words;
}

// The setting of a column and its values; the reason in `reason` where it is none.
std::optional<SweepSetting> setting_of(const TrialRows& rows, std::size_t column,
                                       const SweepTable& table, std::vector<double>& values,
                                       std::string& reason) {
  SweepSetting setting{rows.names[column], {}};
  std::set<std::string> distinct;
  bool numbers = true;
  for (const std::size_t i : table.source_row) {
    const std::string& cell = rows.cells[i][column];
    if (cell.empty()) continue;
    distinct.insert(cell);
    const auto number = parse_double(cell);
    numbers = numbers && number && std::isfinite(*number);
  }
  if (distinct.size() < 2) {
    reason = "never varies";
    return std::nullopt;
  }
  if (!numbers) {
    const bool names = 2 * distinct.size() > table.source_row.size();
    if (names || distinct.size() > kMostWords) {
      reason = fmt::format("{} different words", distinct.size());
      return std::nullopt;
    }
    setting.words = ordered_words(rows, column, table);
  }
  values.clear();
  for (const std::size_t i : table.source_row) {
    const std::string& cell = rows.cells[i][column];
    if (cell.empty()) {
      values.push_back(std::numeric_limits<double>::quiet_NaN());
    } else if (numbers) {
      values.push_back(*parse_double(cell));
    } else {
      const auto found = std::ranges::find(setting.words, cell);
      values.push_back(static_cast<double>(found - setting.words.begin()));
    }
  }
  return setting;
}

void read_outcomes(const TrialRows& rows, const OutcomeRule& rule, SweepTable& table) {
  table.yes_no = true;
  for (std::size_t i = 0; i < rows.cells.size(); ++i) {
    const auto outcome = rule(rows.cells[i][rule.column]);
    if (!outcome) {
      ++table.without_outcome;
      continue;
    }
    table.outcome.push_back(*outcome);
    table.source_row.push_back(i);
    table.yes_no = table.yes_no && (*outcome == 0.0 || *outcome == 1.0);
  }
  if (table.outcome.size() < kFewestRows) {
    throw DataError(
        fmt::format("{} rows have the outcome \"{}\" ({} lack it); at least {} are needed",
                    table.outcome.size(), terminal_safe(table.outcome_text), table.without_outcome,
                    kFewestRows));
  }
  const auto [low, high] = std::ranges::minmax(table.outcome);
  if (low == high) {
    throw DataError(fmt::format("the outcome \"{}\" is {} in every row: nothing decides it",
                                terminal_safe(table.outcome_text), shortest(low)));
  }
}

}  // namespace

std::string SweepSetting::text(double value) const {
  if (!std::isfinite(value)) return "missing";
  if (words.empty()) return fmt::format("{:.4g}", value);
  const auto index = static_cast<std::size_t>(std::max(0.0, std::round(value)));
  return words[std::min(index, words.size() - 1)];
}

SweepTable make_sweep_table(const TrialRows& rows, const SweepTableOptions& options) {
  SweepTable table;
  table.outcome_text = options.outcome;
  const OutcomeRule rule = outcome_rule(rows, options.outcome);
  read_outcomes(rows, rule, table);
  std::set<std::size_t> only, without{rule.column};
  for (const auto& name : options.settings) only.insert(column_named(rows, name, "--setting"));
  for (const auto& name : options.without) without.insert(column_named(rows, name, "--without"));
  std::vector<std::vector<double>> columns;
  for (std::size_t j = 0; j < rows.names.size(); ++j) {
    if (without.contains(j) || (!only.empty() && !only.contains(j))) continue;
    if (!rows.is_setting[j] && only.empty()) continue;
    std::vector<double> values;
    std::string reason;
    if (auto setting = setting_of(rows, j, table, values, reason)) {
      table.settings.push_back(std::move(*setting));
      columns.push_back(std::move(values));
    } else {
      table.passed_over.push_back(fmt::format("{} ({})", rows.names[j], reason));
    }
  }
  if (columns.empty()) {
    throw DataError("no setting varies in these rows; name the columns with --setting");
  }
  table.values.columns = columns.size();
  for (std::size_t i = 0; i < table.outcome.size(); ++i) {
    for (const auto& column : columns) table.values.values.push_back(column[i]);
  }
  return table;
}

}  // namespace emdyn::explain
