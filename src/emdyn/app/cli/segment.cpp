#include "emdyn/emergence/segment/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/segment/shared_rows.hpp"

namespace emdyn::app::cli {
namespace {

std::string shares_text(const Json& change) {
  if (!change.contains("shares")) return "";
  std::vector<std::pair<double, std::string>> shares;
  for (const auto& [name, share] : change["shares"].items())
    shares.emplace_back(share.get<double>(), name);
  std::ranges::stable_sort(shares, std::greater{}, &std::pair<double, std::string>::first);
  std::string text;
  for (const auto& [share, name] : shares) {
    if (share < 0.05 && !text.empty()) break;
    text +=
        fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", terminal_safe(name), 100.0 * share);
  }
  return text;
}

void print_changes(const std::string& name, std::size_t points, series::Axis axis,
                   const Json& found, Console& console) {
  const Json& changes = found["change_points"];
  console.line(fmt::format("{}: {} in {}", console.bold(terminal_safe(name)),
                           counted(changes.size(), "change"), counted(points, "point")));
  if (changes.empty()) return;
  using Align = app::terminal::Table::Align;
  std::vector<app::terminal::Table::Column> columns{
      {"onset", Align::right}, {"interval", Align::right}, {"kind"}, {"direction"}};
  const bool together = changes[0].contains("shares");
  if (together) columns.push_back({"made of"});
  app::terminal::Table table(columns);
  for (const Json& change : changes) {
    const Json& onset = change["onset"];
    std::vector<std::string> row{
        place_text(optional_number(onset, "estimate"), axis),
        fmt::format("[{}, {}]", place_text(optional_number(onset, "low"), axis),
                    place_text(optional_number(onset, "high"), axis)),
        change["kind"].get<std::string>(), change["direction"].get<std::string>()};
    if (together) row.push_back(shares_text(change));
    table.row(row);
  }
  table.print(console);
}

struct SegmentRequest {
  SourceOption source;
  emergence::segment::SegmentOptions options;
  std::vector<std::string> settings;
  std::vector<std::string> signals;
  bool together = false;

  bool wanted(const series::Signal& signal) const {
    return signals.empty() || std::ranges::find(signals, signal.name) != signals.end();
  }
};

std::string settings_text() {
  std::string text = "Settings:";
  for (const Json& field : describe_fields(emergence::segment::kFields)) {
    const Json& value = field["default"];
    text += fmt::format("\n  {:<14} {} [{}]", field["name"].get<std::string>(),
                        field["help"].get<std::string>(),
                        value.is_string() ? value.get<std::string>() : json_text(value));
  }
  return text;
}

/// Every wanted signal of the run by itself.
void segment_each(const series::Run& run, const SegmentRequest& request, const Task& task,
                  Json& list, Console& console) {
  for (const series::Signal& signal : run.signals) {
    if (!request.wanted(signal)) continue;
    Json found = emergence::segment::segment_json(signal.last_positions(), signal.last_values(),
                                                  request.options, task);
    if (!request.source.store.json)
      print_changes(signal.name, signal.last_values().size(), signal.axis, found, console);
    found["signal"] = signal.name;
    found["run"] = run.info.id.empty() ? run.info.name : run.info.id;
    list.push_back(std::move(found));
  }
}

/// The wanted signals of the run cut at the same places.
void segment_all(const series::Run& run, const SegmentRequest& request, const Task& task,
                 Json& list, Console& console) {
  std::vector<const series::Signal*> wanted;
  for (const series::Signal& signal : run.signals)
    if (request.wanted(signal)) wanted.push_back(&signal);
  if (wanted.empty()) return;
  const emergence::segment::SharedRows rows = emergence::segment::shared_rows(wanted);
  if (rows.positions.empty()) {
    throw DataError(
        fmt::format("{}: {} signals have no position in common; name those that have with --signal",
                    terminal_safe(request.source.text), wanted.size()));
  }
  Json found = emergence::segment::segment_together_json(rows.positions, rows.names, rows.channels,
                                                         request.options, task);
  const std::string name = fmt::format("{} signals together", rows.names.size());
  if (!request.source.store.json)
    print_changes(name, rows.positions.size(), wanted.front()->axis, found, console);
  found["run"] = run.info.id.empty() ? run.info.name : run.info.id;
  list.push_back(std::move(found));
}

}  // namespace

int run_segment(Arguments arguments, Console& console) {
  CLI::App app(
      "Cut finished series into regimes: change points found with hindsight. For alarms as they "
      "happen see emdyn detect.",
      "segment");
  SegmentRequest request;
  std::int64_t changes = 0;
  request.source.add_to(app);
  app.add_option("--set", request.settings,
                 "NAME=VALUE: search, regime, noise, penalty, …; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--signal", request.signals, "only these signals")->allow_extra_args(false);
  app.add_option("--changes", changes, "exactly so many change points, whatever their price")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}));
  app.add_flag(
      "--together", request.together,
      "all signals of a run are cut at the same places; rows with a missing value are left out");
  app.footer(settings_text());
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  apply_params("segment", emergence::segment::kFields,
               app::terminal::parse_settings(request.settings, "--set"), request.options);
  if (changes > 0) request.options.changes = changes;
  const Task task(console.stop_flag());
  Json list = Json::array();
  for (const series::Run& run : request.source.load_runs(console, task)) {
    request.together ? segment_all(run, request, task, list, console)
                     : segment_each(run, request, task, list, console);
  }
  if (list.empty())
    throw DataError(fmt::format("{}: no such signal here", terminal_safe(request.source.text)));
  if (request.source.store.json) {
    Json document = list.size() == 1 ? list[0] : Json{{"series", std::move(list)}};
    document["read"] = request.source.read_json();
    console.json(document);
  }
  return kFine;
}

}  // namespace emdyn::app::cli
