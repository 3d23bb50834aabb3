#include "emdyn/app/terminal/listing.hpp"

#include <fmt/format.h>

#include "emdyn/app/terminal/table.hpp"

namespace emdyn::app::terminal {
namespace {

constexpr std::size_t kMeaning = 27;  // Where the meaning of a setting begins.

void print_wrapped(std::string_view text, std::size_t indent, Console& console) {
  for (const std::string& line : wrapped(text, console.line_width(), indent)) console.line(line);
}

void print_entry(const DescribedEntry& entry, Console& console) {
  console.line(console.bold(entry.facts.name));
  print_wrapped(fmt::format("  {}", entry.facts.summary), 2, console);
  std::string own;
  for (const Fact& fact : entry.own) {
    own += fmt::format("{}{}: {}", own.empty() ? "" : "; ", fact.name, fact_text(fact.value));
  }
  if (!own.empty()) print_wrapped(fmt::format("  {}", own), 2, console);
  print_wrapped(fmt::format("  cost: {}; source: {}", entry.facts.cost, entry.facts.paper), 2,
                console);
  for (const Json& field : entry.facts.fields()) {
    print_wrapped(fmt::format("    {:<22} {} [{}]  {}", field.at("name").get<std::string>(),
                              field.at("help").get<std::string>(), setting_default(field),
                              setting_range(field)),
                  kMeaning, console);
  }
}

}  // namespace

void list_entries(std::string_view key, const RegistryForm& form,
                  std::span<const DescribedEntry> entries, bool json, Console& console) {
  if (!json) {
    for (const DescribedEntry& entry : entries) print_entry(entry, console);
    return;
  }
  Json list = Json::array();
  for (const DescribedEntry& entry : entries)
    list.push_back(entry_json(form, entry.facts, entry.own));
  console.json(Json{{std::string(key), std::move(list)}});
}

void print_settings(const EntryFacts& entry, Console& console) {
  Table table({{"name"}, {"default", Table::Align::right}, {"range"}, {"meaning"}});
  for (const Json& field : entry.fields()) {
    table.row({field.at("name").get<std::string>(), setting_default(field), setting_range(field),
               field.at("help").get<std::string>()});
  }
  table.print(console);
}

}  // namespace emdyn::app::terminal
