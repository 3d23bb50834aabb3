#include "emdyn/app/terminal/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::terminal {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;

std::string padded(const std::string& text, std::size_t width, Table::Align align) {
  const std::size_t used = text_columns(text);
  if (used > width) return shortened(text, width);
  const std::string space(width - used, ' ');
  return align == Table::Align::left ? text + space : space + text;
}

}  // namespace

std::string shortened(std::string_view text, std::size_t width) {
  const std::size_t columns = text_columns(text);
  if (columns <= width) return std::string(text);
  if (width < 3) return fit_columns(text, width);
  // Names of one family differ at their ends.
  const std::size_t tail = (width - 1) / 2;
  const std::string head = fit_columns(text, width - 1 - tail);
  const std::string left_out = fit_columns(text, columns - tail);
  return head + "…" + std::string(text.substr(left_out.size()));
}

std::size_t text_columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = terminal_safe(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(text_columns(column.title));
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], text_columns(cells[i]));
  }
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  };
  while (total() > width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool may_shrink = columns_[i].align == Align::left && widths[i] > kNarrowest;
      if (may_shrink && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  const auto join = [&](const auto& text_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line.append(kGap, ' ');
      line += padded(text_of(i), widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  std::vector<std::string> lines{join([&](std::size_t i) { return columns_[i].title; })};
  for (const auto& cells : rows_) lines.push_back(join([&](std::size_t i) { return cells[i]; }));
  return lines;
}

void Table::print(Console& console) const {
  const std::size_t width =
      console.out_is_terminal() ? static_cast<std::size_t>(console.columns()) : 400;
  const auto all = lines(width);
  console.line(console.bold(all.front()));
  for (std::size_t i = 1; i < all.size(); ++i) console.line(all[i]);
}

}  // namespace emdyn::app::terminal
