#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "emdyn/core/error.hpp"
#include "emdyn/core/registry.hpp"

/// What every registry owes its users, and its page under docs/registries.
namespace emdyn::test {

inline bool is_snake_case(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, fits);
}

/// A setting has a name, help and a default that its range allows.
inline void expect_setting_described(std::string_view entry, const Json& field) {
  const std::string where = std::string(entry) + "." + field.at("name").get<std::string>();
  EXPECT_TRUE(is_snake_case(field.at("name").get<std::string>())) << where;
  EXPECT_FALSE(field.at("help").get<std::string>().empty()) << where;
  const Json& value = field.at("default");
  const std::string type = field.at("type").get<std::string>();
  if (type == "choice") {
    bool found = false;
    for (const Json& choice : field.at("choices")) found = found || choice == value;
    EXPECT_TRUE(found) << where << ": its default is none of its choices";
  } else if (type == "boolean") {
    EXPECT_TRUE(value.is_boolean()) << where;
  } else {
    ASSERT_TRUE(value.is_number()) << where;
    EXPECT_GE(value.get<double>(), field.at("low").get<double>()) << where;
    EXPECT_LE(value.get<double>(), field.at("high").get<double>()) << where;
  }
}

inline void expect_facts_given(const EntryFacts& entry) {
  EXPECT_TRUE(is_snake_case(entry.name)) << entry.name;
  EXPECT_FALSE(entry.summary.empty()) << entry.name;
  EXPECT_FALSE(entry.summary.ends_with('.')) << entry.name << ": a phrase, without a full stop";
  EXPECT_EQ(entry.summary.find('\n'), std::string_view::npos) << entry.name;
  EXPECT_FALSE(entry.paper.empty())
      << entry.name << ": where is it from? \"own\" where from nowhere";
  EXPECT_FALSE(entry.cost.empty()) << entry.name;
  std::set<std::string> names;
  for (const Json& field : entry.fields()) {
    expect_setting_described(entry.name, field);
    EXPECT_TRUE(names.insert(field.at("name").get<std::string>()).second)
        << entry.name << ": a setting twice";
  }
}

template <class Entry>
void expect_registry_contract(const Registry<Entry>& registry) {
  EXPECT_FALSE(registry.form().what.empty());
  EXPECT_FALSE(registry.form().several.empty());
  EXPECT_FALSE(registry.entries().empty());
  std::set<std::string_view> names;
  for (const Entry& entry : registry.entries()) {
    expect_facts_given(entry);
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name << ": two entries of this name";
    EXPECT_EQ(&registry.find(entry.name), &entry);
    const Json json = entry_json(registry.form(), entry);
    EXPECT_EQ(json.at("name"), entry.name);
    EXPECT_EQ(json.at(std::string(registry.form().fields_key)), entry.fields());
  }
  EXPECT_EQ(registry.find_or_null("no_such_entry"), nullptr);
  EXPECT_THROW(registry.find("no_such_entry"), ConfigError);
}

/// Compares the committed page with what the entries say; EMDYN_WRITE_DOCS=1 writes it instead (scripts/docs.sh).
/// @param source EMDYN_SOURCE_DIR of the test.
inline void expect_page_current(const std::filesystem::path& source, const std::string& name,
                                const std::string& page) {
  const std::filesystem::path path = source / "docs/registries" / (name + ".md");
  if (std::getenv("EMDYN_WRITE_DOCS") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << page;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path)) << path << " is missing: scripts/docs.sh writes it";
  std::ifstream file(path, std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
  EXPECT_TRUE(committed == page) << path
                                 << " differs from its registry: scripts/docs.sh writes it again";
}

}  // namespace emdyn::test
