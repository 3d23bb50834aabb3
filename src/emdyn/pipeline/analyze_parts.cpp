#include "emdyn/pipeline/analyze_parts.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

using Part = std::pair<std::string_view, bool AnalyzeParts::*>;
constexpr std::array kParts{
    Part{"transitions", &AnalyzeParts::transitions}, Part{"mirage", &AnalyzeParts::mirage},
    Part{"warning", &AnalyzeParts::warning}, Part{"interactions", &AnalyzeParts::interactions},
    Part{"scale", &AnalyzeParts::scale}};

}  // namespace

std::string analyze_part_words() {
  std::string words;
  for (const auto& [name, member] : kParts)
    words += fmt::format("{}{}", words.empty() ? "" : ", ", name);
  return words;
}

AnalyzeParts parts_of(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  AnalyzeParts parts{false, false, false, false, false};
  for (const std::string& word : words) {
    bool known = false;
    for (const auto& [name, member] : kParts) {
      if (name != word) continue;
      parts.*member = true;
      known = true;
    }
    if (!known) {
      throw ConfigError(fmt::format("--only must name parts among {}, got \"{}\"",
                                    analyze_part_words(), terminal_safe(word)));
    }
  }
  if (parts.mirage) parts.transitions = true;
  return parts;
}

}  // namespace emdyn::pipeline
