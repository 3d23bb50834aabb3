#include "emdyn/core/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn {
namespace {

constexpr std::size_t kColumns = 120;

/// Breaks a paragraph at blanks.
std::string wrapped(std::string_view paragraph) {
  std::string text;
  std::size_t column = 0;
  while (!paragraph.empty()) {
    const std::string_view word = paragraph.substr(0, paragraph.find(' '));
    paragraph.remove_prefix(std::min(word.size() + 1, paragraph.size()));
    if (word.empty()) continue;
    const auto width = static_cast<std::size_t>(std::ranges::count_if(
        word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    if (column > 0 && column + 1 + width > kColumns) {
      text += '\n';
      column = 0;
    }
    if (column > 0) text += ' ';
    column += width + (column > 0 ? 1 : 0);
    text += word;
  }
  return text;
}

std::string paragraphs(std::string_view text) {
  std::string all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    all += wrapped(text.substr(0, end)) + "\n\n";
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return all;
}

/// Text in a cell of a table.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? "\\|" : std::string(1, c);
  return safe;
}

std::string sentence(std::string_view phrase) {
  std::string text(phrase);
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string settings_table(const Json& fields) {
  std::string text = "| setting | default | range | meaning |\n|---|---|---|---|\n";
  for (const Json& field : fields) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", field.at("name").get<std::string_view>(),
                        cell(setting_default(field)), cell(setting_range(field)),
                        cell(field.at("help").get<std::string_view>()));
  }
  return text + "\n";
}

std::string section(const DescribedEntry& entry) {
  std::string text =
      fmt::format("## {}\n\n{}\n\n", entry.facts.name, wrapped(sentence(entry.facts.summary)));
  for (const Fact& fact : entry.own) {
    text += wrapped(fmt::format("- {}: {}", fact.name, fact_text(fact.value))) + "\n";
  }
  text += wrapped(fmt::format("- cost: {}", entry.facts.cost)) + "\n";
  text += wrapped(fmt::format("- source: {}", entry.facts.paper)) + "\n\n";
  const Json fields = entry.facts.fields();
  return fields.empty() ? text : text + settings_table(fields);
}

}  // namespace

Json EntryFacts::no_settings() { return Json::array(); }

void unknown_entry(const RegistryForm& form, std::string_view name,
                   std::span<const std::string_view> known) {
  const auto near = nearest_word(name, known);
  const std::string offer = near ? fmt::format("; did you mean \"{}\"?", *near) : std::string();
  const std::string rest =
      form.list.empty() ? fmt::format("{}known: {}", near ? " " : "; ", fmt::join(known, ", "))
                        : fmt::format(" ({} shows all)", form.list);
  throw ConfigError(
      fmt::format("unknown {} \"{}\"{}{}", form.what, terminal_safe(name), offer, rest));
}

Json entry_json(const RegistryForm& form, const EntryFacts& entry, std::span<const Fact> own) {
  Json json{{"name", entry.name}, {std::string(form.summary_key), entry.summary}};
  for (const Fact& fact : own) json[std::string(fact.name)] = fact.value;
  json["cost"] = entry.cost;
  json["paper"] = entry.paper;
  json[std::string(form.fields_key)] = entry.fields();
  return json;
}

std::string fact_text(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  if (!value.is_array()) return json_text(value);
  std::string text;
  for (const Json& each : value) text += (text.empty() ? "" : ", ") + fact_text(each);
  return text.empty() ? "none" : text;
}

std::string setting_default(const Json& field) {
  const Json& value = field.at("default");
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

std::string setting_range(const Json& field) {
  if (const auto choices = field.find("choices"); choices != field.end())
    return fact_text(*choices);
  if (!field.contains("low")) return "true, false";
  constexpr double kMost = std::numeric_limits<double>::max();
  const double low = field.at("low").get<double>();
  const double high = field.at("high").get<double>();
  const auto word = [](double bound) { return fmt::format("{:g}", bound); };
  if (low <= -kMost && high >= kMost) return "any number";
  if (high >= kMost) return "at least " + word(low);
  return low <= -kMost ? "at most " + word(high) : fmt::format("{} … {}", word(low), word(high));
}

std::string registry_page(const PageForm& form, std::span<const DescribedEntry> entries) {
  std::string text = fmt::format("# {}\n\n", form.title);
  text +=
      "<!-- Made from the entries of the program by scripts/docs.sh: change those, not this page. -->\n\n";
  text += paragraphs(form.intro);
  if (!form.see.empty())
    text += wrapped(fmt::format("Explanations: [{0}](../{0}).", form.see)) + "\n\n";
  text += "| name | summary | cost |\n|---|---|---|\n";
  for (const DescribedEntry& entry : entries) {
    text += fmt::format("| [{0}](#{0}) | {1} | {2} |\n", entry.facts.name,
                        cell(entry.facts.summary), cell(entry.facts.cost));
  }
  text += '\n';
  for (const DescribedEntry& entry : entries) text += section(entry);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace emdyn
