#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "emdyn/cli/source.hpp"
#include "emdyn/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/detect_series.hpp"
#include "emdyn/terminal/table.hpp"

namespace emdyn::cli {
namespace {

/// 1 − p, in [0, 1]: what anyone's scorer can judge. A value that is not finite is as unusual as
/// can be.
double anomaly_score(const pipeline::Scored& sample) {
  if (!std::isfinite(sample.value)) return 1.0;
  return sample.p_value ? std::clamp(1.0 - *sample.p_value, 0.0, 1.0) : 0.0;
}

int list_detectors(bool json, Console& console) {
  if (json) {
    Json list = Json::array();
    for (const detect::Entry& entry : detect::entries()) {
      list.push_back({{"name", entry.name},
                      {"summary", entry.summary},
                      {"paper", entry.paper},
                      {"cost", entry.cost},
                      {"domain", detect::word(entry.domain)},
                      {"kind", series::word(entry.kind)},
                      {"front_end", entry.front_end},
                      {"parameters", entry.fields()}});
    }
    console.json(Json{{"detectors", std::move(list)}});
    return kFine;
  }
  terminal::Table table({{"name"}, {"domain"}, {"notices"}, {"cost"}});
  for (const detect::Entry& entry : detect::entries()) {
    table.row({std::string(entry.name), std::string(detect::word(entry.domain)),
               std::string(entry.summary), std::string(entry.cost)});
  }
  table.print(console);
  return kFine;
}

int explain_detector(const std::string& name, bool json, Console& console) {
  const detect::Entry& entry = detect::find_entry(name);
  if (json) {
    console.json(Json{{"name", entry.name},
                      {"summary", entry.summary},
                      {"paper", entry.paper},
                      {"cost", entry.cost},
                      {"domain", detect::word(entry.domain)},
                      {"parameters", entry.fields()}});
    return kFine;
  }
  console.line(fmt::format(
      "{}: {}\n\nSource: {}\nCost: {}\nValues: {}\nFront end: {}\n\nParameters (--set NAME=VALUE):",
      console.bold(entry.name), entry.summary, entry.paper, entry.cost, detect::word(entry.domain),
      entry.front_end ? "by default" : "not by default"));
  for (const Json& field : entry.fields()) {
    const Json& value = field["default"];
    console.line(fmt::format("  {:<24} {} [{}]", field["name"].get<std::string>(),
                             field["help"].get<std::string>(),
                             value.is_string() ? value.get<std::string>() : json_text(value)));
  }
  return kFine;
}

Json sample_json(const pipeline::Scored& sample) {
  return Json{{"position", sample.position},
              {"value", number_or_null(sample.value)},
              {"score", anomaly_score(sample)},
              {"p_value", number_or_null(sample.p_value)},
              {"detector_score", number_or_null(sample.score)}};
}

/// Numbers from standard input, one a line or "position,value", scored as they come: NDJSON, a line
/// a sample with --scores, else a line an event.
int stream_standard_input(const pipeline::DetectOptions& options, bool scores, Console& console) {
  pipeline::SeriesDetector detector("-", series::Axis::step, options);
  std::vector<series::Event> events;
  std::string line;
  double position = 0.0;
  for (std::uint64_t number = 1; !console.interrupted() && std::getline(std::cin, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    std::string_view text = line;
    const auto comma = text.find(',');
    const auto given =
        comma == std::string_view::npos ? std::nullopt : parse_double(text.substr(0, comma));
    if (comma != std::string_view::npos) text.remove_prefix(comma + 1);
    const auto value = parse_double(text);
    if (!value || (comma != std::string::npos && !given)) {
      if (number == 1) continue;  // A header.
      throw DataError(fmt::format("-:{}: a number, or position,value, is needed, got \"{}\"",
                                  number, terminal_safe(line.substr(0, 60))));
    }
    position = given.value_or(position + 1.0);
    events.clear();
    const pipeline::Scored sample = detector.push(position, *value, events);
    if (scores) console.json(sample_json(sample));
    for (const series::Event& event : events) console.json(event);
  }
  return kFine;
}

Json detected_json(const pipeline::Detected& found, bool scores) {
  Json json{
      {"signal", found.signal}, {"detector", found.detector}, {"points", found.samples.size()}};
  if (scores) {
    Json positions = Json::array();
    Json values = Json::array();
    for (const auto& sample : found.samples) {
      positions.push_back(sample.position);
      values.push_back(anomaly_score(sample));
    }
    json["positions"] = std::move(positions);
    json["scores"] = std::move(values);
  }
  json["events"] = found.events;
  return json;
}

void print_events(const std::vector<pipeline::Detected>& all, Console& console) {
  using Align = terminal::Table::Align;
  terminal::Table table({{"position", Align::right},
                         {"signal"},
                         {"kind"},
                         {"direction"},
                         {"detector"},
                         {"score", Align::right},
                         {"p-value", Align::right},
                         {"onset", Align::right}});
  std::size_t events = 0;
  std::size_t points = 0;
  for (const auto& found : all) {
    points += found.samples.size();
    for (const series::Event& event : found.events) {
      ++events;
      table.row({short_number(event.position), event.signal, std::string(series::word(event.kind)),
                 std::string(series::word(event.direction)), event.detector,
                 short_number(event.score),
                 event.p_value ? fmt::format("{:.1e}", *event.p_value) : "–",
                 event.onset
                     ? fmt::format("{} [{}, {}]", short_number(event.onset->estimate),
                                   short_number(event.onset->low), short_number(event.onset->high))
                     : "–"});
    }
  }
  if (events > 0) table.print(console);
  console.line(
      fmt::format("{} alarms in {} points of {} series", events, count_text(points), all.size()));
}

void print_scores(const std::vector<pipeline::Detected>& all, Console& console) {
  console.line("run_signal,position,value,score");
  for (const auto& found : all) {
    for (const auto& sample : found.samples) {
      console.line(fmt::format("{},{},{},{}", terminal_safe(found.signal), sample.position,
                               sample.value, anomaly_score(sample)));
    }
  }
}

}  // namespace

int run_detect(Arguments arguments, Console& console) {
  CLI::App app(
      "Score the series of a file or run and print the alarms. Without --detector the default "
      "watch looks: a "
      "front end for trend and scale, then complementary detectors within a false-alarm budget. "
      "FILE - reads "
      "numbers from standard input and prints NDJSON as they come.",
      "detect");
  SourceOption source;
  pipeline::DetectOptions options;
  std::vector<std::string> settings;
  std::vector<std::string> signals;
  std::string explain;
  bool list = false;
  bool scores = false;
  bool front_end = false;
  bool no_front_end = false;
  double alpha = 0.0;
  source.add_to(app);
  app.get_option("RUN|FILE")->required(false);
  app.add_flag("--list", list, "the detectors and what they notice");
  app.add_option("--explain", explain, "what one detector does, its source and parameters");
  app.add_option("--detector", options.detector, "a name from --list; default: the default watch");
  app.add_option("--set", settings, "NAME=VALUE of the detector; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--signal", signals, "only these signals")->allow_extra_args(false);
  app.add_option("--alpha", alpha,
                 "false alarms allowed per sample; default: the detector's textbook threshold")
      ->check(CLI::Range(1e-12, 0.5));
  app.add_option("--refractory", options.refractory_samples, "samples of silence after an alarm");
  app.add_flag("--front-end", front_end, "put the front end before the detector");
  app.add_flag("--no-front-end", no_front_end, "give the detector the raw values");
  app.add_flag("--scores", scores, "print 1 - p of every sample");
  if (!terminal::parse(app, arguments, console)) return kFine;
  if (list) return list_detectors(source.store.json, console);
  if (!explain.empty()) return explain_detector(explain, source.store.json, console);
  if (source.text.empty())
    throw ConfigError("detect: RUN|FILE is required; see emdyn detect --help");
  if (front_end && no_front_end)
    throw ConfigError("detect: --front-end and --no-front-end exclude each other");
  if (options.detector.empty() && (!settings.empty() || front_end || no_front_end)) {
    throw ConfigError("detect: --set, --front-end and --no-front-end need --detector NAME");
  }
  options.params = terminal::parse_settings(settings, "--set");
  if (front_end || no_front_end) options.front_end = front_end;
  if (alpha > 0.0) options.alpha = alpha;
  if (source.text == "-") return stream_standard_input(options, scores, console);

  std::vector<pipeline::Detected> all;
  for (const series::Run& run : pipeline::load_runs(source.source())) {
    for (const series::Signal& signal : run.signals) {
      if (!signals.empty() && std::ranges::find(signals, signal.name) == signals.end()) continue;
      if (console.interrupted()) return kInterrupted;
      all.push_back(pipeline::detect_signal(signal, options));
      for (series::Event& event : all.back().events)
        event.run = run.info.id.empty() ? run.info.name : run.info.id;
    }
  }
  if (all.empty())
    throw DataError(fmt::format("{}: no such signal here", terminal_safe(source.text)));
  if (source.store.json) {
    Json list_json = Json::array();
    for (const auto& found : all) list_json.push_back(detected_json(found, scores));
    Json document{{"series", std::move(list_json)}};
    Json events = Json::array();
    for (const auto& found : all) {
      for (const auto& event : found.events) events.push_back(event);
    }
    document["events"] = std::move(events);
    if (scores && all.size() == 1) document["scores"] = document["series"][0]["scores"];
    console.json(document);
  } else if (scores) {
    print_scores(all, console);
  } else {
    print_events(all, console);
  }
  return kFine;
}

}  // namespace emdyn::cli
