#include <algorithm>
#include <array>
#include <cstring>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"

namespace emdyn::collect::ingest {
namespace {

/// Reads the quoted cell that `rest` begins with (at its opening quote) and takes it off.
bool take_quoted(std::string_view& rest, char delimiter, std::string_view& cell,
                 std::string& scratch) {
  rest.remove_prefix(1);
  const std::size_t begin = scratch.size();
  for (;;) {
    const auto quote = rest.find('"');
    if (quote == std::string_view::npos) return false;
    scratch.append(rest.substr(0, quote));
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) break;
    scratch.push_back('"');
    rest.remove_prefix(1);
  }
  cell = std::string_view(scratch).substr(begin);
  while (delimiter != ' ' && rest.starts_with(' ')) rest.remove_prefix(1);
  return rest.empty() || rest.front() == delimiter;
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Cells parted by any number of blanks.
bool split_at_blanks(std::string_view record, std::vector<std::string_view>& cells,
                     std::string& scratch) {
  cells.clear();
  scratch.clear();
  scratch.reserve(record.size());  // Cells point into it: it must not move.
  for (;;) {
    while (!record.empty() && is_blank(record.front())) record.remove_prefix(1);
    if (record.empty()) return true;
    if (record.starts_with('"')) {
      if (!take_quoted(record, ' ', cells.emplace_back(), scratch)) {
        if (record.empty() || !is_blank(record.front())) return false;
      }
      continue;
    }
    const auto end = std::min(record.find_first_of(" \t"), record.size());
    cells.push_back(record.substr(0, end));
    record.remove_prefix(end);
  }
}

}  // namespace

bool split_cells(std::string_view record, char delimiter, std::vector<std::string_view>& cells,
                 std::string& scratch) {
  if (delimiter == ' ') return split_at_blanks(record, cells, scratch);
  cells.clear();
  scratch.clear();
  if (record.find('"') == std::string_view::npos) {
    const char* begin = record.data();
    const char* const end = begin + record.size();
    for (const char* at = begin; at != end; ++at) {
      if (*at != delimiter) continue;
      cells.emplace_back(begin, static_cast<std::size_t>(at - begin));
      begin = at + 1;
    }
    cells.emplace_back(begin, static_cast<std::size_t>(end - begin));
    return true;
  }
  scratch.reserve(record.size());  // Cells point into it: it must not move.
  for (;;) {
    if (record.starts_with('"')) {
      if (!take_quoted(record, delimiter, cells.emplace_back(), scratch)) return false;
    } else {
      const auto end = std::min(record.find(delimiter), record.size());
      cells.push_back(record.substr(0, end));
      record.remove_prefix(end);
    }
    if (record.empty()) return true;
    record.remove_prefix(1);
  }
}

char guess_delimiter(std::string_view line) {
  constexpr std::array<char, 4> kDelimiters{',', '\t', ';', '|'};
  std::array<std::size_t, 4> counts{};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    for (std::size_t i = 0; i < kDelimiters.size(); ++i) {
      if (c == kDelimiters[i]) ++counts[i];
    }
  }
  const auto most = std::ranges::max_element(counts);
  if (*most == 0 && trim(line).find_first_of(" \t") != std::string_view::npos) return ' ';
  return kDelimiters[static_cast<std::size_t>(most - counts.begin())];
}

}  // namespace emdyn::collect::ingest
