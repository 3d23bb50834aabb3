#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/app/cli/detect.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/alarm/discoveries.hpp"
#include "emdyn/detect/alarm/episodes.hpp"
#include "emdyn/detect/live/incidents.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/pipeline/detect_lines.hpp"
#include "emdyn/pipeline/detect_source.hpp"

namespace emdyn::app::cli {
namespace {

using detect::RowDetector;
using detect::Scored;
using pipeline::anomaly_score;
using pipeline::DetectedSeries;

/// Keeps the events, which are few, and counts the rest.
class Gatherer : public pipeline::DetectListener {
 public:
  struct Series {
    DetectedSeries about;
    std::uint64_t points = 0;
    double first = 0.0;  // Positions.
    double last = 0.0;
    std::vector<series::Event> events{};
    std::vector<std::size_t> tests{};  // Of the events, among those of false discoveries.
    std::vector<std::pair<double, double>>
        warnings{};       // First and last position of each warning zone.
    bool warned = false;  // At the last sample.
  };

  Gatherer(Console& console, double fdr) : console_(console), fdr_(fdr) {}
  void on_series(std::size_t, const DetectedSeries& about) override { series_.push_back({about}); }
  void on_sample(std::size_t series, const Scored& sample, RowDetector*) override {
    if (series_[series].points++ == 0) series_[series].first = sample.position;
    Series& here = series_[series];
    here.last = sample.position;
    if (sample.warning && !here.warned)
      here.warnings.emplace_back(sample.position, sample.position);
    if (sample.warning) here.warnings.back().second = sample.position;
    here.warned = sample.warning;
    if (fdr_ > 0.0) discoveries_.sample(series, sample.p_value);
  }
  void on_empty_row(std::size_t, double) override {}
  void on_event(std::size_t series, const series::Event& event) override {
    series_[series].events.push_back(event);
    if (fdr_ > 0.0) series_[series].tests.push_back(discoveries_.test(series));
  }
  void on_warning(std::string_view text) override { console_.warn(text); }
  /// Drops alarms that are no discoveries; values that are not finite are facts and stay.
  void drop_false() {
    if (fdr_ == 0.0) return;
    const auto kept = discoveries_.decide(fdr_);
    for (Series& each : series_) {
      std::size_t at = 0;
      std::erase_if(each.events, [&](const series::Event& event) {
        return !kept[each.tests[at++]] && event.kind != series::EventKind::nonfinite;
      });
    }
  }

  const std::vector<Series>& series() const noexcept { return series_; }

 protected:
  Console& console_;
  double fdr_;
  detect::Discoveries discoveries_;
  std::vector<Series> series_;
};

/// Keeps the scores too: one entry for every row where the file is one series.
class ScoreGatherer final : public Gatherer {
 public:
  struct Scores {
    std::vector<double> positions;
    std::vector<double> scores;
    std::vector<bool> empty;                  // A row without a value: position only, score 0.
    std::vector<std::vector<double>> shares;  // Of rows: one a channel.
    std::vector<std::string> channels;
  };
  using Gatherer::Gatherer;

  void on_series(std::size_t series, const DetectedSeries& about) override {
    Gatherer::on_series(series, about);
    scores_.emplace_back();
  }
  void on_sample(std::size_t series, const Scored& sample, RowDetector* rows) override {
    Gatherer::on_sample(series, sample, rows);
    Scores& kept = add(series, sample.position, anomaly_score(sample), false);
    if (rows == nullptr) return;
    const auto shares = rows->attribution();
    kept.shares.emplace_back(shares.begin(), shares.end());
    if (kept.channels.size() != rows->channels().size()) kept.channels = rows->channels();
  }
  void on_empty_row(std::size_t series, double position) override {
    add(series, position, 0.0, true);
  }

  const Scores& scores(std::size_t series) const { return scores_[series]; }

 private:
  Scores& add(std::size_t series, double position, double score, bool empty) {
    Scores& kept = scores_[series];
    kept.positions.push_back(position);
    kept.scores.push_back(score);
    kept.empty.push_back(empty);
    return kept;
  }
  std::vector<Scores> scores_;
};

/// Writes every score as it is known; keeps nothing.
class ScorePrinter final : public Gatherer {
 public:
  explicit ScorePrinter(Console& console) : Gatherer(console, 0.0) {
    text_ = "signal,position,value,score\n";
  }
  void on_sample(std::size_t series, const Scored& sample, RowDetector* rows) override {
    Gatherer::on_sample(series, sample, rows);
    const std::string value = rows != nullptr ? "" : shortest(sample.value);
    write(series, sample.position, value, anomaly_score(sample));
  }
  void on_empty_row(std::size_t series, double position) override {
    write(series, position, "", 0.0);
  }
  void flush() {
    if (!text_.empty()) console_.raw(text_);
    text_.clear();
  }

 private:
  static std::string quoted(const std::string& name) {
    if (name.find_first_of(",\"\n") == std::string::npos) return terminal_safe(name);
    std::string text = "\"";
    for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return terminal_safe(text + "\"");
  }
  void write(std::size_t series, double position, const std::string& value, double score) {
    fmt::format_to(std::back_inserter(text_), "{},{},{},{}\n", quoted(series_[series].about.signal),
                   shortest(position), value, shortest(score));
    if (text_.size() > (std::size_t{64} << 10)) flush();
  }
  std::string text_;
};

Json series_json(const Gatherer::Series& found, const std::string& detector) {
  Json json{{"signal", found.about.signal}, {"detector", detector}, {"points", found.points}};
  if (!found.about.run.empty()) json["run"] = found.about.run;
  const detect::Entry* entry = detect::series_registry().find_or_null(detector);
  if (entry == nullptr || !entry->warns) return json;
  Json& zones = json["warnings"] = Json::array();
  for (const auto& [begin, end] : found.warnings) zones.push_back({{"begin", begin}, {"end", end}});
  return json;
}

void add_scores(Json& json, const ScoreGatherer::Scores& kept, bool with_empty_rows) {
  Json positions = Json::array();
  Json scores = Json::array();
  for (std::size_t i = 0; i < kept.scores.size(); ++i) {
    if (kept.empty[i] && !with_empty_rows) continue;
    positions.push_back(kept.positions[i]);
    scores.push_back(kept.scores[i]);
  }
  json["positions"] = std::move(positions);
  json["scores"] = std::move(scores);
  if (kept.channels.empty()) return;
  json["channels"] = kept.channels;
  Json& list = json["attribution"] = Json::array();
  for (std::vector<double> shares : kept.shares) {
    shares.resize(kept.channels.size(), 0.0);  // Early rows know fewer channels.
    list.push_back(std::move(shares));
  }
}

std::vector<series::Event> all_events(const Gatherer& found) {
  std::vector<series::Event> events;
  for (const auto& each : found.series()) {
    for (const series::Event& event : each.events) {
      events.push_back(event);
      events.back().run = each.about.run;
    }
  }
  return events;
}

/// What came within 25 samples of the most frequent signal is one incident.
std::vector<detect::Incident> incidents_of(const Gatherer& found) {
  double spacing = HUGE_VAL;
  for (const auto& each : found.series()) {
    if (each.points < 2) continue;
    spacing = std::min(spacing, (each.last - each.first) / static_cast<double>(each.points - 1));
  }
  return detect::incidents(all_events(found),
                           std::isfinite(spacing) ? std::max(25.0 * spacing, 0.0) : 0.0);
}

/// Which events, by their place in "events", report one and the same change.
Json episodes_json(const Gatherer& found) {
  const auto events = all_events(found);
  Json list = Json::array();
  for (const auto& episode : detect::episodes(events)) {
    list.push_back({{"first", episode.first}, {"others", episode.others}});
  }
  return list;
}

void print_json(const Gatherer& found, const ScoreGatherer* scores, const DetectRequest& request,
                std::uint64_t skipped, Console& console) {
  const auto& all = found.series();
  Json list = Json::array();
  Json events = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    Json json = series_json(all[i], request.options.detector);
    if (scores != nullptr) add_scores(json, scores->scores(i), all.size() == 1);
    json["events"] = Json::array();
    for (const series::Event& event : all[i].events) {
      Json one = event;
      if (request.explain) one["explanation"] = alarm_in_words(event);
      events.push_back(one);
      json["events"].push_back(std::move(one));
    }
    list.push_back(std::move(json));
  }
  Json document{{"series", std::move(list)},        {"events", std::move(events)},
                {"episodes", episodes_json(found)}, {"incidents", incidents_of(found)},
                {"skipped_rows", skipped},          {"read", request.source.read_json()}};
  if (request.options.reference) document["intervals"] = detect::alarm_intervals(all_events(found));
  if (request.explain) document["detector"] = detector_json(request.options.detector);
  if (scores != nullptr && all.size() == 1) {
    for (const char* key : {"positions", "scores", "channels", "attribution"}) {
      if (document["series"][0].contains(key)) document[key] = document["series"][0][key];
    }
  }
  console.json(document);
}

constexpr std::size_t kMostIncidents = 20;

std::string onset_text(const series::Event& event) {
  if (!event.onset) return "–";
  return fmt::format("{} [{}, {}]", place_text(event.onset->estimate, event.axis),
                     place_text(event.onset->low, event.axis),
                     place_text(event.onset->high, event.axis));
}

/// Stretches out of the ordinary beside a reference.
void print_intervals(const Gatherer& found, bool explain, Console& console) {
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"from", Align::right},
                              {"until", Align::right},
                              {"signal"},
                              {"kind"},
                              {"detector"},
                              {"score", Align::right},
                              {"p-value", Align::right},
                              {"made of"}});
  const auto intervals = detect::alarm_intervals(all_events(found));
  std::uint64_t points = 0;
  for (const auto& series : found.series()) points += series.points;
  for (const detect::AlarmInterval& each : intervals) {
    const series::Event& event = each.event;
    if (explain) console.line(alarm_in_words(event));
    table.row({place_text(each.begin, event.axis),
               each.end ? place_text(*each.end, event.axis) : "the end", event.signal,
               std::string(series::word(event.kind)), event.detector,
               event.score ? short_number(*event.score) : "–",
               event.p_value ? fmt::format("{:.1e}", *event.p_value) : "–",
               event.shares.empty() ? "–"
                                    : fmt::format("{} {:.0f} %", event.shares[0].name,
                                                  100.0 * event.shares[0].share)});
  }
  if (!intervals.empty() && !explain) table.print(console);
  console.line(fmt::format("{} out of the ordinary in {} of {}",
                           counted(intervals.size(), "stretch", "stretches"),
                           counted(points, "point"), counted(found.series().size(), "signal")));
}

void print_warnings(const Gatherer& found, Console& console) {
  std::size_t zones = 0;
  for (const auto& series : found.series()) zones += series.warnings.size();
  if (zones > 0) console.line(fmt::format("{} (--json has them)", counted(zones, "warning zone")));
}

void print_events(const Gatherer& found, bool explain, Console& console) {
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"position", Align::right},
                              {"signal"},
                              {"kind"},
                              {"direction"},
                              {"detector"},
                              {"score", Align::right},
                              {"p-value", Align::right},
                              {"onset", Align::right},
                              {"made of"}});
  std::size_t events = 0;
  std::uint64_t points = 0;
  for (const auto& series : found.series()) {
    points += series.points;
    for (const series::Event& event : series.events) {
      ++events;
      if (explain) console.line(alarm_in_words(event));
      table.row({place_text(event.position, event.axis), event.signal,
                 std::string(series::word(event.kind)), std::string(series::word(event.direction)),
                 event.detector, event.score ? short_number(*event.score) : "–",
                 event.p_value ? fmt::format("{:.1e}", *event.p_value) : "–", onset_text(event),
                 event.shares.empty() ? "–"
                                      : fmt::format("{} {:.0f} %", event.shares[0].name,
                                                    100.0 * event.shares[0].share)});
    }
  }
  if (events > 0 && !explain) table.print(console);
  console.line(fmt::format("{} in {} of {}", counted(events, "alarm"), counted(points, "point"),
                           counted(found.series().size(), "signal")));
  print_warnings(found, console);
  const auto incidents = incidents_of(found);
  if (incidents.size() == events) return;
  console.line(fmt::format("they are of {}:", counted(incidents.size(), "incident")));
  const bool runs = std::ranges::any_of(incidents, [&](const detect::Incident& incident) {
    return incident.first.run != incidents.front().first.run;
  });
  for (std::size_t i = 0; i < std::min(kMostIncidents, incidents.size()); ++i)
    console.line("  " + detect::incident_line(incidents[i], runs));
  if (incidents.size() > kMostIncidents)
    console.line(fmt::format("  and {} more (--json)", incidents.size() - kMostIncidents));
}

std::uint64_t read(DetectRequest& request, pipeline::DetectListener& listener, Console& console) {
  pipeline::Reading reading;
  const std::uint64_t skipped =
      pipeline::detect_source(request.source.source(), request.options, request.signals, listener,
                              Task(console.stop_flag()), &reading);
  request.source.tell_reading(reading, console);
  return skipped;
}

void tell_skipped(std::uint64_t rows, Console& console) {
  if (rows > 0) console.note(fmt::format("{} malformed rows left out", count_text(rows)));
}

}  // namespace

int detect_file(DetectRequest& request, Console& console) {
  const bool json = request.source.store.json;
  if (request.scores && !json) {
    ScorePrinter printer(console);
    tell_skipped(read(request, printer, console), console);
    printer.flush();
    return kFine;
  }
  if (request.scores) {
    ScoreGatherer gatherer(console, request.fdr);
    const std::uint64_t skipped = read(request, gatherer, console);
    if (console.interrupted()) return kInterrupted;
    gatherer.drop_false();
    print_json(gatherer, &gatherer, request, skipped, console);
    return kFine;
  }
  Gatherer gatherer(console, request.fdr);
  const std::uint64_t skipped = read(request, gatherer, console);
  if (console.interrupted() && json) return kInterrupted;
  gatherer.drop_false();
  if (json) {
    print_json(gatherer, nullptr, request, skipped, console);
  } else {
    if (request.options.reference) {
      print_intervals(gatherer, request.explain, console);
    } else {
      print_events(gatherer, request.explain, console);
    }
    tell_skipped(skipped, console);
  }
  return kFine;
}

}  // namespace emdyn::app::cli
