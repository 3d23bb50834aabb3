#pragma once
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"

/// The one shape of a registry: a constant array of entries, each with the facts that all have and those of its kind.
/// Look-up, its one error message, JSON, help and the page of documentation come from the entries. Nothing outside a
/// registry compares the name of an entry: what it must know is a field of the entry.
namespace emdyn {

/// What users are told of any entry of any registry.
struct EntryFacts {
  std::string_view name;            ///< snake_case, unique in its registry.
  std::string_view summary;         ///< A phrase without a full stop.
  std::string_view paper;           ///< Where it is from; kOwnWork for what is not from elsewhere.
  std::string_view cost;            ///< Of one call, in the sizes of its input.
  Json (*fields)() = &no_settings;  ///< Names, types, ranges, defaults and help of its settings.

  /// Of an entry that has nothing to set.
  static Json no_settings();
};

inline constexpr std::string_view kOwnWork = "own";

template <class Entry>
concept RegistryEntry = std::derived_from<Entry, EntryFacts>;

/// One more fact, of entries of one kind only: {"domain", "real"}. Its value is a text, a number, a boolean or a list
/// of texts.
struct Fact {
  std::string_view name;
  Json value;
};

/// How a registry is spoken of.
struct RegistryForm {
  std::string_view what;     ///< "detector": in messages.
  std::string_view several;  ///< "detectors".
  std::string_view
      list{};  ///< The command that shows all of them; a message without one names them all.
  /// Keys of `--list --json`, as scripts know them.
  std::string_view summary_key = "summary";
  std::string_view fields_key = "parameters";
};

/// @throws ConfigError `unknown detector "cusun"; did you mean "cusum"? (emdyn detect --list shows all)`.
[[noreturn]] void unknown_entry(const RegistryForm& form, std::string_view name,
                                std::span<const std::string_view> known);

/// A constant array of entries, found by name. It is a view: the array lives as long.
template <RegistryEntry Entry>
class Registry {
 public:
  constexpr Registry(const RegistryForm& form, std::span<const Entry> entries) noexcept
      : form_(form), entries_(entries) {}

  constexpr const RegistryForm& form() const noexcept { return form_; }
  constexpr std::span<const Entry> entries() const noexcept { return entries_; }

  /// Nothing where no entry has the name.
  constexpr const Entry* find_or_null(std::string_view name) const noexcept {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return &entry;
    }
    return nullptr;
  }
  /// @throws ConfigError for an unknown name, offering the nearest.
  const Entry& find(std::string_view name) const {
    if (const Entry* entry = find_or_null(name)) return *entry;
    unknown_entry(form_, name, names());
  }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> all;
    for (const Entry& entry : entries_) all.push_back(entry.name);
    return all;
  }

 private:
  RegistryForm form_;
  std::span<const Entry> entries_;
};

/// An entry as `--list --json` has it: name, summary, its own facts, cost, paper, settings.
Json entry_json(const RegistryForm& form, const EntryFacts& entry, std::span<const Fact> own = {});

/// A fact's value in words: lists with commas, booleans as yes and no.
std::string fact_text(const Json& value);

/// The default of a setting, and what values it may have, as its field describes them.
std::string setting_default(const Json& field);
std::string setting_range(const Json& field);

/// An entry with the facts of its kind, for pages of several entries.
struct DescribedEntry {
  EntryFacts facts;
  std::vector<Fact> own{};
};

/// Every entry of a registry with what facts(entry) says of it.
template <RegistryEntry Entry>
std::vector<DescribedEntry> described(const Registry<Entry>& registry) {
  std::vector<DescribedEntry> all;
  for (const Entry& entry : registry.entries()) {
    if constexpr (requires { facts(entry); }) {
      all.push_back({entry, facts(entry)});
    } else {
      all.push_back({entry, {}});
    }
  }
  return all;
}

/// What a page of documentation says above its entries.
struct PageForm {
  std::string_view title;
  std::string_view intro;  ///< Paragraphs, parted by an empty line.
  std::string_view see{};  ///< Page of explanations beside the folder: "detectors.md".
};

/// The page of a registry in Markdown, prose wrapped at 120 columns: a table of all entries, then each with its facts
/// and settings.
std::string registry_page(const PageForm& form, std::span<const DescribedEntry> entries);

}  // namespace emdyn
