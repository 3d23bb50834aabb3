#include <algorithm>
#include <string>
#include <unordered_map>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/text/text_log.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kMostSniffedLines = 300;
constexpr std::size_t kLongestSniffed = 20'000;

enum class Sniff { undecided, table, log };

bool is_sniffed_number(std::string_view cell) { return read_cell(cell).kind == CellKind::number; }

/// Cells between the commas, semicolons or tabs of a line; 1 when it has none.
std::size_t cells_of(std::string_view line) {
  const auto count = [&](char c) { return static_cast<std::size_t>(std::ranges::count(line, c)); };
  return 1 + std::max({count(','), count(';'), count('\t')});
}

/// True when nothing but numbers and what stands between them is in the line.
bool all_numbers(std::string_view line) {
  bool any = false;
  while (!line.empty()) {
    const auto end = std::min(line.find_first_of(",;|\t "), line.size());
    const std::string_view cell = trim(line.substr(0, end));
    if (!cell.empty() && !is_sniffed_number(cell)) return false;
    any = any || !cell.empty();
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return any;
}

/// Looks at lines one after the other until they tell a table from a log.
class LineSniffer {
 public:
  Sniff line(std::string_view text) {
    if (text.front() == '#') return Sniff::undecided;
    if (all_numbers(text)) return Sniff::table;
    const bool dictionary =
        text.find("{'") != std::string_view::npos || text.find("{\"") != std::string_view::npos;
    const LogLine said = read_log_line(text.substr(0, kLongestSniffed));
    const std::size_t pairs = said.pairs.size();
    const bool step_and_value = said.has_position() && pairs >= 2;
    const std::size_t cells = cells_of(text);
    if (pairs == 0 && !dictionary) {
      const bool same = cells > 1 && cells == header_cells_;
      header_cells_ = cells;
      return same ? Sniff::table : Sniff::undecided;
    }
    // A row of a table may hold "lr=0.1": it has the cells of the header above it.
    if (cells > 1 && cells == header_cells_) return Sniff::table;
    header_cells_ = 0;
    if (dictionary) return ++dictionaries_ >= 2 ? Sniff::log : Sniff::undecided;
    const std::size_t seen = ++shapes_[said.shape()];
    if (step_and_value && (seen >= 2 || (said.all_told() && ++told_ >= 2))) return Sniff::log;
    return seen >= 3 && said.all_told() ? Sniff::log : Sniff::undecided;
  }
  /// Where the lines end without telling.
  bool looks_like_log() const noexcept { return told_ > 0 || dictionaries_ > 0; }

 private:
  std::size_t header_cells_ = 0;
  std::size_t told_ = 0;
  std::size_t dictionaries_ = 0;
  std::unordered_map<std::string, std::size_t> shapes_;
};

Sniff sniff(std::string_view head, bool whole, bool& looks_like_log) {
  LineSniffer sniffer;
  for (std::size_t lines = 0; !head.empty() && lines < kMostSniffedLines; ++lines) {
    const auto end = head.find_first_of("\n\r");
    if (end == std::string_view::npos && !whole) break;
    const std::string_view line = trim(head.substr(0, end));
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (line.empty()) continue;
    const Sniff told = sniffer.line(line);
    if (told != Sniff::undecided) return told;
  }
  looks_like_log = sniffer.looks_like_log();
  return Sniff::undecided;
}

}  // namespace

bool is_text_log(std::string_view head, bool whole) {
  bool looks_like_log = false;
  const Sniff told = sniff(head, whole, looks_like_log);
  return told == Sniff::log || (told == Sniff::undecided && looks_like_log);
}

bool enough_lines(std::string_view head) {
  bool ignored = false;
  return sniff(head, false, ignored) != Sniff::undecided;
}

}  // namespace emdyn::collect::ingest
