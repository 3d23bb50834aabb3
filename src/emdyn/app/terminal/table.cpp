#include "emdyn/app/terminal/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::terminal {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 10;  ///< Less of a name tells nothing.
constexpr std::size_t kIndent = 4;      ///< Of what goes on in a second line.

std::string padded(const std::string& text, std::size_t width, Table::Align align) {
  const std::size_t used = text_columns(text);
  if (used > width) return shortened(text, width);
  const std::string space(width - used, ' ');
  return align == Table::Align::left ? text + space : space + text;
}

std::size_t total_width(const std::vector<std::size_t>& shown,
                        const std::vector<std::size_t>& widths) {
  std::size_t total = shown.empty() ? 0 : kGap * (shown.size() - 1);
  for (const std::size_t i : shown) total += widths[i];
  return total;
}

/// The columns in as few lines as hold them.
std::vector<std::vector<std::size_t>> in_lines(const std::vector<std::size_t>& shown,
                                               const std::vector<std::size_t>& widths,
                                               std::size_t width) {
  std::vector<std::vector<std::size_t>> parts(1);
  std::size_t used = 0;
  for (const std::size_t i : shown) {
    const std::size_t more = widths[i] + (parts.back().empty() ? 0 : kGap);
    if (!parts.back().empty() && used + more > width) {
      parts.emplace_back();
      used = kIndent + widths[i];
    } else {
      used += more;
    }
    parts.back().push_back(i);
  }
  return parts;
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

std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::vector<std::string> lines;
  std::string line;
  bool begun = false;  // The line has a word.
  while (true) {
    const std::size_t gap = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(gap);
    if (text.empty()) break;
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (begun && text_columns(line) + gap + text_columns(word) > width) {
      lines.push_back(std::exchange(line, std::string(indent, ' ')));
    } else {
      line.append(gap, ' ');
    }
    line.append(word);
    begun = true;
  }
  if (begun) lines.push_back(std::move(line));
  return lines;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = terminal_safe(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::natural_widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(text_columns(column.title));
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], text_columns(cells[i]));
  }
  return widths;
}

std::string Table::lift_equal(std::vector<std::size_t>& shown,
                              const std::vector<std::size_t>& widths, std::size_t width) const {
  std::string lifted;
  while (rows_.size() > 1 && total_width(shown, widths) > width) {
    auto widest = shown.end();
    for (auto each = shown.begin() + 1; each != shown.end(); ++each) {
      const std::size_t i = *each;
      const bool equal =
          columns_[i].align == Align::left && std::ranges::all_of(rows_, [&](const auto& cells) {
            return cells[i] == rows_.front()[i];
          });
      if (equal && (widest == shown.end() || widths[i] > widths[*widest])) widest = each;
    }
    if (widest == shown.end()) break;
    const std::string& cell = rows_.front()[*widest];
    if (!cell.empty())
      lifted +=
          fmt::format("{}{} {}", lifted.empty() ? "all: " : ", ", columns_[*widest].title, cell);
    shown.erase(widest);
  }
  return lifted;
}

void Table::shorten_texts(const std::vector<std::size_t>& shown, std::vector<std::size_t>& widths,
                          std::size_t width) const {
  while (total_width(shown, widths) > width) {
    std::optional<std::size_t> widest;
    for (const std::size_t i : shown) {
      const Column& column = columns_[i];
      if (column.align == Align::right || column.whole || widths[i] <= kNarrowest) continue;
      if (!widest || widths[i] > widths[*widest]) widest = i;
    }
    if (!widest) return;
    --widths[*widest];
  }
}

std::vector<std::string> Table::lines(std::size_t width) const {
  std::vector<std::size_t> widths = natural_widths();
  std::vector<std::size_t> shown(columns_.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  const std::string lifted = shown.empty() ? "" : lift_equal(shown, widths, width);
  shorten_texts(shown, widths, width);
  const auto parts = in_lines(shown, widths, width);
  std::vector<std::string> lines;
  const auto add = [&](const auto& text_of) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      std::string line(part == 0 ? 0 : kIndent, ' ');
      for (std::size_t k = 0; k < parts[part].size(); ++k) {
        const std::size_t i = parts[part][k];
        if (k > 0) line.append(kGap, ' ');
        line += padded(text_of(i), widths[i], columns_[i].align);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      lines.push_back(std::move(line));
    }
  };
  add([&](std::size_t i) { return columns_[i].title; });
  for (const auto& cells : rows_) add([&](std::size_t i) { return cells[i]; });
  if (!lifted.empty()) lines.push_back(shortened(lifted, width));
  return lines;
}

void Table::print(Console& console) const {
  const auto all = lines(console.line_width());
  console.line(console.bold(all.front()));
  for (std::size_t i = 1; i < all.size(); ++i) console.line(all[i]);
}

}  // namespace emdyn::app::terminal
