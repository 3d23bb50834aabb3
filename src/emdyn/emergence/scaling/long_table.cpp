#include "emdyn/emergence/scaling/long_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr double kFlopsPerToken = 6.0;  // Forward and backward, per parameter.

struct PartName {
  std::string_view name;
  ColumnPart part;
};
constexpr std::array kPartNames{PartName{"model", ColumnPart::model},
                                PartName{"model_name", ColumnPart::model},
                                PartName{"run", ColumnPart::model},
                                PartName{"name", ColumnPart::model},
                                PartName{"checkpoint_name", ColumnPart::model},
                                PartName{"family", ColumnPart::family},
                                PartName{"model_family", ColumnPart::family},
                                PartName{"dataset", ColumnPart::family},
                                PartName{"parameters", ColumnPart::parameters},
                                PartName{"params", ColumnPart::parameters},
                                PartName{"n_params", ColumnPart::parameters},
                                PartName{"num_params", ColumnPart::parameters},
                                PartName{"size", ColumnPart::parameters},
                                PartName{"model_size", ColumnPart::parameters},
                                PartName{"tokens", ColumnPart::tokens},
                                PartName{"n_tokens", ColumnPart::tokens},
                                PartName{"tokens_seen", ColumnPart::tokens},
                                PartName{"train_tokens", ColumnPart::tokens},
                                PartName{"flops", ColumnPart::flops},
                                PartName{"train_flops", ColumnPart::flops},
                                PartName{"compute", ColumnPart::flops},
                                PartName{"step", ColumnPart::step},
                                PartName{"global_step", ColumnPart::step},
                                PartName{"iteration", ColumnPart::step},
                                PartName{"checkpoint", ColumnPart::step},
                                PartName{"task", ColumnPart::task},
                                PartName{"benchmark", ColumnPart::task},
                                PartName{"eval", ColumnPart::task},
                                PartName{"metric", ColumnPart::metric},
                                PartName{"metric_name", ColumnPart::metric},
                                PartName{"value", ColumnPart::value},
                                PartName{"score", ColumnPart::value},
                                PartName{"metric_value", ColumnPart::value},
                                PartName{"stderr", ColumnPart::error},
                                PartName{"standard_error", ColumnPart::error},
                                PartName{"std_err", ColumnPart::error},
                                PartName{"sem", ColumnPart::error}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Where a name says how large the model is: [begin, end) and the number.
struct SizeInName {
  std::size_t begin = 0, end = 0;
  double parameters = 0.0;
};

double unit_of(char c) {
  switch (c) {
    case 'k':
    case 'K':
      return 1e3;
    case 'm':
    case 'M':
      return 1e6;
    case 'b':
    case 'B':
      return 1e9;
    case 't':
    case 'T':
      return 1e12;
    default:
      return 0.0;
  }
}

/// A number at `at`; moves beyond it.
std::optional<double> read_number(std::string_view text, std::size_t& at) {
  std::size_t end = at;
  while (end < text.size() &&
         (is_digit(text[end]) ||
          (text[end] == '.' && end > at && end + 1 < text.size() && is_digit(text[end + 1])))) {
    ++end;
  }
  const auto number = end > at ? parse_double(text.substr(at, end - at)) : std::nullopt;
  if (number) at = end;
  return number;
}

std::optional<SizeInName> size_in(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_digit(name[i]) ||
        (i > 0 && (is_digit(name[i - 1]) || name[i - 1] == '.' || is_letter(name[i - 1]))))
      continue;
    std::size_t at = i;
    double factor = 1.0;
    auto number = read_number(name, at);
    // "8x7b": experts times size.
    if (number && at + 1 < name.size() && (name[at] == 'x' || name[at] == 'X') &&
        is_digit(name[at + 1])) {
      factor = *number;
      number = read_number(name, ++at);
    }
    if (!number || at >= name.size()) continue;
    const double unit = unit_of(name[at]);
    const bool ends =
        at + 1 == name.size() || (!is_letter(name[at + 1]) && !is_digit(name[at + 1]));
    if (unit > 0.0 && ends && *number > 0.0) return SizeInName{i, at + 1, factor * *number * unit};
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(ColumnPart part) noexcept {
  constexpr std::array<std::string_view, kColumnParts> kWords{
      "model", "family", "parameters", "tokens", "flops",  "step",
      "task",  "metric", "value",      "error",  "setting"};
  return kWords[static_cast<std::size_t>(part)];
}

ColumnPart part_of_column(std::string_view column) {
  std::string name = to_lower(column);
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '-' || c == '.'; }, '_');
  const auto found = std::ranges::find(kPartNames, name, &PartName::name);
  return found == kPartNames.end() ? ColumnPart::setting : found->part;
}

std::optional<double> parameters_of_name(std::string_view model) {
  const auto size = size_in(model);
  return size ? std::optional(size->parameters) : std::nullopt;
}

std::string family_of_name(std::string_view model) {
  const auto size = size_in(model);
  if (!size) return std::string(model);
  const auto separator = [](char c) { return c == '-' || c == '_' || c == '/' || c == ' '; };
  std::string_view before = model.substr(0, size->begin), after = model.substr(size->end);
  // One of the two separators around the size goes with it.
  if (!after.empty() && separator(after.front()) && (before.empty() || separator(before.back())))
    after.remove_prefix(1);
  if (after.empty() && !before.empty() && separator(before.back())) before.remove_suffix(1);
  const std::string family = std::string(before) + std::string(after);
  return family.empty() ? std::string(model) : family;
}

std::string TableSeries::group_name() const {
  std::string name;
  for (const auto& [column, cell] : group) name += (name.empty() ? "" : " ") + column + "=" + cell;
  return name;
}

LongTable::LongTable(std::vector<std::string> columns, const ColumnNames& chosen)
    : names_(std::move(columns)) {
  columns_.resize(names_.size());
  for (const std::string& name : names_) parts_.push_back(part_of_column(name));
  for (const auto& [part, name] : chosen) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) {
      throw DataError(fmt::format("long table: no column \"{}\" for {} (columns: {})",
                                  terminal_safe(name), word(part),
                                  terminal_safe(fmt::format("{}", fmt::join(names_, ", ")))));
    }
    // What the user names plays the part alone.
    for (ColumnPart& each : parts_) each = each == part ? ColumnPart::setting : each;
    parts_[static_cast<std::size_t>(found - names_.begin())] = part;
  }
  if (!column(ColumnPart::value)) {
    throw DataError(fmt::format(
        "long table: no column holds the value (columns: {}); name it with value=COLUMN",
        terminal_safe(fmt::format("{}", fmt::join(names_, ", ")))));
  }
}

void LongTable::add_row(std::span<const std::string_view> cells) {
  if (cells.size() != columns_.size()) {
    throw DataError(fmt::format("long table: row {} has {} cells for {} columns", rows_ + 1,
                                cells.size(), columns_.size()));
  }
  for (std::size_t c = 0; c < cells.size(); ++c) {
    Column& column = columns_[c];
    const auto [at, added] = column.index.try_emplace(
        std::string(cells[c]), static_cast<std::uint32_t>(column.texts.size()));
    if (added) {
      column.texts.emplace_back(cells[c]);
      column.numbers.push_back(parse_double(cells[c]).value_or(kUnknown));
    }
    column.cells.push_back(at->second);
  }
  ++rows_;
}

std::optional<std::size_t> LongTable::column(ColumnPart part) const noexcept {
  const auto found = std::ranges::find(parts_, part);
  if (found == parts_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - parts_.begin());
}

std::string_view LongTable::text(std::size_t row, std::size_t column) const {
  return columns_[column].texts[columns_[column].cells[row]];
}

double LongTable::number(std::size_t row, std::size_t column) const {
  return columns_[column].numbers[columns_[column].cells[row]];
}

double LongTable::quantity(std::size_t row, ColumnPart part, double tokens_per_step) const {
  if (const auto own = column(part)) {
    const double value = number(row, *own);
    if (std::isfinite(value)) return value;
  }
  if (part == ColumnPart::parameters) return parameters_of_name(model(row)).value_or(kUnknown);
  if (part == ColumnPart::tokens && tokens_per_step > 0.0)
    return tokens_per_step * quantity(row, ColumnPart::step);
  if (part == ColumnPart::flops) {
    return kFlopsPerToken * quantity(row, ColumnPart::parameters) *
           quantity(row, ColumnPart::tokens, tokens_per_step);
  }
  return kUnknown;
}

std::string LongTable::model(std::size_t row) const {
  const auto own = column(ColumnPart::model);
  return own ? std::string(text(row, *own)) : std::string();
}

std::string LongTable::family(std::size_t row) const {
  if (const auto own = column(ColumnPart::family)) return std::string(text(row, *own));
  return family_of_name(model(row));
}

LongTable LongTable::from_runs(std::span<const series::Run> runs) {
  std::vector<std::string> settings;
  series::Axis axis = series::Axis::step;
  for (const series::Run& run : runs) {
    for (const auto& [key, value] : run.info.configuration.items()) {
      if (value.is_number() && std::ranges::find(settings, key) == settings.end())
        settings.push_back(key);
    }
    if (!run.signals.empty()) axis = run.signals.front().axis;
  }
  std::vector<std::string> columns{"model", std::string(series::word(axis)), "task", "metric",
                                   "value"};
  columns.insert(columns.end(), settings.begin(), settings.end());
  LongTable table(std::move(columns), {{ColumnPart::model, "model"}, {ColumnPart::value, "value"}});
  for (const series::Run& run : runs) {
    std::vector<std::string> texts;
    for (const std::string& key : settings) {
      const auto found = run.info.configuration.find(key);
      texts.push_back(found != run.info.configuration.end() && found->is_number()
                          ? shortest(found->get<double>())
                          : "");
    }
    for (const series::Signal& signal : run.signals) {
      const auto slash = signal.name.rfind('/');
      const std::string task = slash == std::string::npos ? "" : signal.name.substr(0, slash);
      const std::string metric =
          slash == std::string::npos ? signal.name : signal.name.substr(slash + 1);
      for (std::size_t i = 0; i < signal.size(); ++i) {
        const std::string position = shortest(signal.positions[i]),
                          value = shortest(signal.values[i]);
        std::vector<std::string_view> cells{run.info.name, position, task, metric, value};
        cells.insert(cells.end(), texts.begin(), texts.end());
        table.add_row(cells);
      }
    }
  }
  return table;
}

}  // namespace emdyn::emergence::scaling
