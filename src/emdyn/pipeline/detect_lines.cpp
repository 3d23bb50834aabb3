#include "emdyn/pipeline/detect_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "emdyn/core/text.hpp"
#include "emdyn/detect/alarm/discovery_gate.hpp"

namespace emdyn::pipeline {

double anomaly_score(const detect::Scored& sample) noexcept {
  if (sample.p_value) return std::clamp(1.0 - *sample.p_value, 0.0, 1.0);
  return std::isfinite(sample.value) ? 0.0 : 1.0;
}

struct LineDetection::Impl {
  Options options;
  bool rows;
  bool warns;  // The detector has a warning zone.
  collect::ingest::LiveLines lines;
  std::string partial;    // The line that is not complete yet.
  bool too_long = false;  // It is passed over up to its end.
  Counts counts;
  std::string first_fault;
  std::string warning;
  bool told_signals = false;
  bool told_channel = false;
  std::vector<std::unique_ptr<detect::SeriesDetector>>
      series;  // By signal of `lines`; null: not asked for.
  std::optional<detect::RowDetector> row;
  std::vector<std::optional<std::size_t>> slots;  // Channel of a signal of `lines`.
  std::vector<detect::ChannelValue> values;
  std::vector<series::Event> events;
  std::optional<detect::DiscoveryGate> gate;

  explicit Impl(const Options& given)
      : options(given),
        rows(detect::takes_rows(given.detect.detector)),
        warns(!rows && detect::find_entry(given.detect.detector).warns),
        lines(line_options(given, rows)) {
    if (given.fdr != 0.0) gate.emplace(given.fdr);
    if (rows) {
      row.emplace(series::Axis::step, options.detect);
    } else {
      detect::SeriesDetector("", series::Axis::step,
                             options.detect);  // Refuses bad options at once.
    }
  }

  static collect::ingest::LiveLines::Options line_options(const Options& given, bool rows) {
    collect::ingest::LiveLines::Options lines = given.lines;
    lines.all_channels = rows;
    return lines;
  }

  bool wanted(const std::string& signal) const {
    return options.signals.empty() ||
           std::ranges::find(options.signals, signal) != options.signals.end();
  }

  void line(std::string_view text, std::string& out) {
    ++counts.lines;
    if (std::exchange(too_long, false)) return malformed("the line is too long");
    switch (lines.read(text)) {
      case collect::ingest::LiveLines::Kind::malformed:
        return malformed(lines.fault());
      case collect::ingest::LiveLines::Kind::nothing:
        return;
      case collect::ingest::LiveLines::Kind::row:
        break;
    }
    if (lines.dropped_signals() && !std::exchange(told_signals, true)) {
      warning =
          fmt::format("more than {} signals; the rest is not looked at", options.lines.signals);
    }
    rows ? judge_row(out) : judge_values(out);
  }

  void malformed(std::string_view why) {
    if (counts.malformed++ == 0) first_fault = fmt::format("-:{}: {}", counts.lines, why);
  }

  void judge_values(std::string& out) {
    for (const auto& [signal, value] : lines.values()) {
      while (series.size() <= signal) {
        const std::string& name = lines.names()[series.size()];
        series.push_back(wanted(name) ? std::make_unique<detect::SeriesDetector>(name, lines.axis(),
                                                                                 options.detect)
                                      : nullptr);
      }
      if (!series[signal]) continue;
      const detect::Scored sample = series[signal]->push(lines.position(), value, events);
      ++counts.samples;
      keep_discoveries(signal, sample);
      if (written()) {
        Json json{{"signal", lines.names()[signal]},
                  {"position", sample.position},
                  {"value", number_or_null(sample.value)}};
        if (warns) json["warning"] = sample.warning;
        write(std::move(json), sample, out);
      }
      counts.events += events.size();
      events.clear();
    }
  }

  void judge_row(std::string& out) {
    values.clear();
    Json shown = Json::object();
    for (const auto& [signal, value] : lines.values()) {
      while (slots.size() <= signal) meet(lines.names()[slots.size()]);
      if (!slots[signal]) continue;
      values.push_back({*slots[signal], value});
    }
    const detect::Scored sample = row->push(lines.position(), values, events);
    ++counts.samples;
    keep_discoveries(0, sample);
    if (written()) {
      for (const detect::ChannelValue& each : values) {
        shown[row->channels()[each.channel]] = number_or_null(each.value);
      }
      Json attribution = Json::object();
      const auto shares = row->attribution();
      for (std::size_t i = 0; i < shares.size(); ++i) attribution[row->channels()[i]] = shares[i];
      Json json{{"position", sample.position},
                {"values", std::move(shown)},
                {"attribution", std::move(attribution)}};
      write(std::move(json), sample, out);
    }
    counts.events += events.size();
    events.clear();
  }

  void meet(const std::string& name) {
    slots.push_back(wanted(name) ? row->add_channel(name) : std::nullopt);
    if (wanted(name) && !slots.back() && !std::exchange(told_channel, true)) {
      warning = fmt::format(
          "channel \"{}\" appears after {} rows and is not watched; name the channels to watch "
          "with --signal",
          terminal_safe(name), detect::RowDetector::kRowsToMeet);
    }
  }

  /// Alarms that are no discoveries are not told; values that are not finite are facts and stay.
  void keep_discoveries(std::size_t signal, const detect::Scored& sample) {
    if (!gate || gate->push(signal, sample.p_value)) return;
    std::erase_if(events, [](const series::Event& event) {
      return event.kind != series::EventKind::nonfinite;
    });
  }

  bool written() const { return !options.alarms_only || !events.empty(); }

  void write(Json json, const detect::Scored& sample, std::string& out) const {
    json["score"] = anomaly_score(sample);
    json["p_value"] = number_or_null(sample.p_value);
    json["detector_score"] = number_or_null(sample.score);
    json["events"] = events;
    out += json_text(json);
    out += '\n';
  }
};

LineDetection::LineDetection(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
LineDetection::~LineDetection() = default;

void LineDetection::feed(std::string_view bytes, std::string& out) {
  Impl& state = *impl_;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (state.partial.size() + piece.size() > state.options.line_bytes) {
      state.too_long = true;
      state.partial.clear();
    }
    if (end == std::string_view::npos) {
      if (!state.too_long) state.partial += piece;
      return;
    }
    bytes.remove_prefix(end + 1);
    if (state.partial.empty()) {
      state.line(piece, out);
      continue;
    }
    state.partial += piece;
    state.line(std::exchange(state.partial, {}), out);
  }
}

void LineDetection::finish(std::string_view why, std::string& out) {
  Impl& state = *impl_;
  if (!state.partial.empty() || state.too_long) state.line(std::exchange(state.partial, {}), out);
  const Counts& counts = state.counts;
  const Json end{{"end", why},
                 {"lines", counts.lines},
                 {"samples", counts.samples},
                 {"events", counts.events},
                 {"malformed", counts.malformed}};
  out += json_text(end);
  out += '\n';
}

const LineDetection::Counts& LineDetection::counts() const noexcept { return impl_->counts; }
const std::string& LineDetection::first_fault() const noexcept { return impl_->first_fault; }
std::string LineDetection::take_warning() { return std::exchange(impl_->warning, {}); }

}  // namespace emdyn::pipeline
