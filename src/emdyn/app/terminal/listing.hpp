#pragma once
#include <span>
#include <string_view>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/core/registry.hpp"

namespace emdyn::app::terminal {

/// `--list` of a registry: each entry with its summary, facts, source and settings; with `json` an object whose member
/// `key` is the list.
void list_entries(std::string_view key, const RegistryForm& form,
                  std::span<const DescribedEntry> entries, bool json, Console& console);

/// The settings of an entry as a table: name, default, range, meaning.
void print_settings(const EntryFacts& entry, Console& console);

}  // namespace emdyn::app::terminal
