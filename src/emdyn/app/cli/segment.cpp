#include "emdyn/emergence/segment/segment.hpp"

#include <fmt/format.h>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

void print_changes(const series::Signal& signal, const Json& found, Console& console) {
  const Json& changes = found["change_points"];
  console.line(fmt::format("{}: {} change{} in {} points", console.bold(terminal_safe(signal.name)),
                           changes.size(), changes.size() == 1 ? "" : "s",
                           count_text(signal.size())));
  if (changes.empty()) return;
  app::terminal::Table table({{"onset", app::terminal::Table::Align::right},
                              {"interval", app::terminal::Table::Align::right}});
  for (const Json& change : changes) {
    const Json& onset = change["onset"];
    table.row({place_text(optional_number(onset, "estimate")),
               fmt::format("[{}, {}]", place_text(optional_number(onset, "low")),
                           place_text(optional_number(onset, "high")))});
  }
  table.print(console);
}

}  // namespace

int run_segment(Arguments arguments, Console& console) {
  CLI::App app(
      "Cut finished series into regimes: change points found with hindsight. For alarms as they "
      "happen see emdyn detect.",
      "segment");
  SourceOption source;
  std::vector<std::string> settings;
  std::vector<std::string> signals;
  source.add_to(app);
  app.add_option("--set", settings,
                 "NAME=VALUE: search, regime, noise, penalty, …; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--signal", signals, "only these signals")->allow_extra_args(false);
  std::string footer = "Settings:";
  for (const Json& field : describe_fields(emergence::segment::kFields)) {
    const Json& value = field["default"];
    footer += fmt::format("\n  {:<14} {} [{}]", field["name"].get<std::string>(),
                          field["help"].get<std::string>(),
                          value.is_string() ? value.get<std::string>() : json_text(value));
  }
  app.footer(footer);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  emergence::segment::SegmentOptions options;
  apply_params("segment", emergence::segment::kFields,
               app::terminal::parse_settings(settings, "--set"), options);

  Json list = Json::array();
  for (const series::Run& run : source.load_runs(console)) {
    for (const series::Signal& signal : run.signals) {
      if (!signals.empty() && std::ranges::find(signals, signal.name) == signals.end()) continue;
      if (console.interrupted()) return kInterrupted;
      Json found =
          emergence::segment::segment_json(signal.last_positions(), signal.last_values(), options);
      if (!source.store.json) print_changes(signal, found, console);
      found["signal"] = signal.name;
      found["run"] = run.info.id.empty() ? run.info.name : run.info.id;
      list.push_back(std::move(found));
    }
  }
  if (list.empty())
    throw DataError(fmt::format("{}: no such signal here", terminal_safe(source.text)));
  if (source.store.json) {
    Json document = list.size() == 1 ? list[0] : Json{{"series", std::move(list)}};
    document["read"] = source.read_json();
    console.json(document);
  }
  return kFine;
}

}  // namespace emdyn::app::cli
