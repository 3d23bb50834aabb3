#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

using app::terminal::Table;

int list_runs(const StoreOption& options, const std::string& tag, Console& console) {
  auto store = options.open(collect::store::Mode::read);
  std::vector<std::string> problems;
  auto runs = store.runs(&problems);
  if (!tag.empty()) {
    std::erase_if(runs,
                  [&](const auto& run) { return std::ranges::count(run.info.tags, tag) == 0; });
  }
  for (const std::string& problem : problems) console.warn(problem);
  if (options.json) {
    console.json(Json{{"runs", runs}});
    return kFine;
  }
  if (runs.empty()) {
    console.line("no runs");
    return kFine;
  }
  Table table({{"id", Table::Align::left, true},
               {"name"},
               {"status"},
               {"signals", Table::Align::right},
               {"points", Table::Align::right},
               {"last", Table::Align::right},
               {"events", Table::Align::right},
               {"created", Table::Align::left, true},
               {"tags"}});
  for (const auto& run : runs) {
    table.row({run.info.id, run.info.name, std::string(series::word(run.info.status)),
               count_text(run.signals), count_text(run.points), place_text(run.last_position),
               count_text(run.events), time_text(run.info.created),
               fmt::format("{}", fmt::join(run.info.tags, " "))});
  }
  table.print(console);
  return kFine;
}

int remove_runs(const StoreOption& options, const std::vector<std::string>& names,
                Console& console) {
  auto store = options.open(collect::store::Mode::write);
  std::vector<std::string> ids;
  for (const std::string& name : names) {  // All or none.
    const std::string id = store.find(name);
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  for (const std::string& id : ids) store.remove(id);
  options.json ? console.json(Json{{"removed", ids}})
               : console.line(fmt::format("removed {}", fmt::join(ids, " ")));
  return kFine;
}

int tag_run(const StoreOption& options, const std::string& name,
            const std::vector<std::string>& changes, Console& console) {
  auto store = options.open(collect::store::Mode::write);
  const std::string id = store.find(name);
  std::vector<std::string> tags = store.info(id).tags;
  for (const std::string& change : changes) {
    const bool removes = change.size() > 1 && change.front() == '-';
    const std::string tag = removes ? change.substr(1) : change;
    std::erase(tags, tag);
    if (!removes) tags.push_back(tag);
  }
  store.tag(id, tags);
  options.json ? console.json(Json{{"id", id}, {"tags", tags}})
               : console.line(fmt::format("{} {}", id,
                                          terminal_safe(fmt::format("{}", fmt::join(tags, " ")))));
  return kFine;
}

/// Names that stand in any of the runs, in alphabetical order, with one value a run.
using Comparison = std::map<std::string, std::vector<Json>>;

Json comparison_json(const Comparison& comparison) {
  Json list = Json::array();
  for (const auto& [name, values] : comparison)
    list.push_back({{"name", name}, {"values", values}});
  return list;
}

int compare_runs(const StoreOption& options, const std::vector<std::string>& names,
                 Console& console) {
  auto store = options.open(collect::store::Mode::read);
  std::vector<std::string> ids;
  Comparison configuration;
  Comparison last_values;
  Comparison onsets;
  for (const std::string& name : names) ids.push_back(store.find(name));
  const auto slot = [&](Comparison& table, const std::string& key) -> std::vector<Json>& {
    auto& values = table[key];
    values.resize(ids.size());
    return values;
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const series::RunInfo info = store.info(ids[i]);  // Outlives the loop over its members.
    for (const auto& [key, value] : info.configuration.items()) slot(configuration, key)[i] = value;
    for (const auto& signal : store.summaries(ids[i])) {
      slot(last_values, signal.name)[i] = number_or_null(signal.last_value);
    }
    for (const auto& transition : store.transitions(ids[i])) {
      if (transition.onset)
        slot(onsets, transition.order_parameter)[i] = transition.onset->estimate;
    }
  }
  std::erase_if(configuration,
                [](const auto& item) {  // What all runs share explains no difference.
                  return std::ranges::all_of(
                      item.second, [&](const Json& value) { return value == item.second[0]; });
                });
  if (options.json) {
    console.json(Json{{"runs", ids},
                      {"configuration_differences", comparison_json(configuration)},
                      {"last_values", comparison_json(last_values)},
                      {"onsets", comparison_json(onsets)}});
    return kFine;
  }
  std::vector<Table::Column> columns{{"what"}};
  for (const std::string& id : ids) columns.push_back({id, Table::Align::right});
  const auto print = [&](const char* title, const Comparison& comparison) {
    if (comparison.empty()) return;
    columns[0].title = title;
    Table table(columns);
    for (const auto& [name, values] : comparison) {
      std::vector<std::string> cells{name};
      for (const Json& value : values) {
        cells.push_back(value.is_null()           ? "–"
                        : value.is_number_float() ? fmt::format("{:.6g}", value.get<double>())
                        : value.is_string()       ? value.get<std::string>()
                                                  : json_text(value));
      }
      table.row(std::move(cells));
    }
    table.print(console);
    console.line("");
  };
  print("configuration (differences)", configuration);
  print("last value", last_values);
  print("onset of transition", onsets);
  return kFine;
}

}  // namespace

int run_runs(Arguments arguments, Console& console) {
  CLI::App app("List, remove, tag and compare the runs of a store.", "runs");
  StoreOption options;
  options.add_to(app);
  app.fallthrough();
  std::string only_tag;
  std::vector<std::string> names;
  std::string one;
  std::vector<std::string> tags;
  app.add_option("--tag", only_tag, "list only runs with this tag");
  app.add_subcommand("list", "list the runs (default)");
  CLI::App* rm = app.add_subcommand("rm", "delete runs for good");
  rm->add_option("RUN", names, "id, unique beginning of an id, or name")->required();
  CLI::App* tag = app.add_subcommand("tag", "add tags to a run; -TAG takes one away (after --)");
  tag->add_option("RUN", one, "id or name")->required();
  tag->add_option("TAG", tags, "tags to add, or -TAG to remove")->required();
  CLI::App* compare =
      app.add_subcommand("compare", "configuration, last values and onsets side by side");
  compare->add_option("RUN", names, "two runs or more")->required()->expected(2, 16);
  app.require_subcommand(0, 1);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (rm->parsed()) return remove_runs(options, names, console);
  if (tag->parsed()) return tag_run(options, one, tags, console);
  if (compare->parsed()) return compare_runs(options, names, console);
  return list_runs(options, only_tag, console);
}

}  // namespace emdyn::app::cli
