#include "emdyn/pipeline/runs_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "emdyn/core/build_info.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/pipeline/analysis_words.hpp"
#include "emdyn/report/runs/runs_page.hpp"

namespace emdyn::pipeline {
namespace {

/// The folders that all names begin with, with the last stroke; empty where one name is no more.
std::string common_folders(const std::vector<std::string>& names) {
  if (names.size() < 2) return {};
  std::string common = names.front().substr(0, names.front().rfind('/') + 1);
  for (const std::string& name : names) {
    while (!common.empty() && !name.starts_with(common)) {
      common.pop_back();
      common.resize(common.rfind('/') == std::string::npos ? 0 : common.rfind('/') + 1);
    }
  }
  return common;
}

std::string change_of(const Analysis& analysis) {
  const auto* main = main_transition(analysis);
  if (main == nullptr) return "no sudden change";
  std::string words = fmt::format("{}: {}", main->transition.order_parameter,
                                  emergence::sentence(main->transition, main->range));
  if (analysis.changed > 1) words += fmt::format(", and {} more signals", analysis.changed - 1);
  return words;
}

std::string onset_words(const SignalAcross& each) {
  if (!each.onset_low || !each.onset_high || !each.typical.onset) return "–";
  const double width = *each.onset_high - *each.onset_low;
  const std::string middle = emergence::position_text(each.typical.onset->estimate, width);
  if (!(width > 0.0)) return middle;
  return fmt::format("{} ({} to {})", middle, emergence::position_text(*each.onset_low, width),
                     emergence::position_text(*each.onset_high, width));
}

/// The most telling signals first: those with common incidents, those that changed in most runs,
/// then those that end furthest apart.
std::vector<std::string> telling_order(const Overlay& overlay) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const SignalIncidents& each : overlay.incidents) add(each.signal);
  for (const SignalAcross& each : overlay.signals) {
    if (each.changed > 0) add(each.signal);
  }
  for (const Ends& each : overlay.ends) add(each.signal);
  for (const SignalAcross& each : overlay.signals) add(each.signal);
  return names;
}

void add_lines(std::vector<series::Run>& runs, const Overlay& overlay, report::RunsData& data) {
  std::map<std::string, std::size_t> places;
  for (std::string& name : telling_order(overlay)) {
    places.emplace(name, data.signals.size());
    data.signals.emplace_back().name = std::move(name);
  }
  std::size_t elsewhere = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (series::Signal& signal : runs[r].signals) {
      data.runs[r].points += signal.size();
      const auto place = places.find(signal.name);
      if (place == places.end()) continue;
      if (signal.axis != data.axis) {
        ++elsewhere;
        continue;
      }
      auto& lines = data.signals[place->second].lines;
      if (!lines.empty() && lines.back().run == r) continue;  // A name a run has twice.
      report::OverlaidLine& line = lines.emplace_back();
      line.run = r;
      line.signal.points = std::move(signal);
    }
  }
  std::erase_if(data.signals, [](const auto& signal) { return signal.lines.empty(); });
  if (elsewhere > 0) {
    data.notes.push_back(fmt::format("{} courses along another axis than {} are not drawn.",
                                     elsewhere, series::word(data.axis)));
  }
}

void add_findings(const Overlay& overlay, report::RunsData& data) {
  for (report::OverlaidSignal& signal : data.signals) {
    for (const SignalIncidents& each : overlay.incidents) {
      if (each.signal == signal.name) signal.incidents = each.found.incidents;
    }
    for (const Parting& each : overlay.partings) {
      if (each.signal == signal.name)
        signal.parting =
            "the runs part: the difference " + emergence::sentence(each.difference, {});
    }
  }
  for (const SignalAcross& each : overlay.signals) {
    if (each.changed == 0) continue;
    data.across.push_back({each.signal, each.changed, each.runs,
                           short_change(each.typical, each.range), onset_words(each),
                           each.typical.evidence.q_value});
  }
  for (const Ends& each : overlay.ends) {
    data.ends.push_back(
        {each.signal, each.lowest_run, each.highest_run, each.lowest, each.median, each.highest});
  }
}

void shorten_names(report::RunsData& data) {
  std::vector<std::string> names;
  for (const report::OverlaidRun& run : data.runs) names.push_back(run.name);
  const std::string common = common_folders(names);
  if (common.empty()) return;
  const auto shorten = [&](std::string& name) {
    if (name.starts_with(common)) name.erase(0, common.size());
  };
  for (report::OverlaidRun& run : data.runs) shorten(run.name);
  for (report::EndsRow& row : data.ends) {
    shorten(row.lowest_run);
    shorten(row.highest_run);
  }
  for (report::OverlaidSignal& signal : data.signals) {
    for (auto& incident : signal.incidents) {
      for (std::string& name : incident.names) shorten(name);
    }
  }
  data.notes.push_back(
      fmt::format("Names of runs are without \"{}\", which all begin with.", common));
}

}  // namespace

report::RunsData runs_data(std::vector<series::Run> runs, const std::vector<Analysis>& analyses,
                           const Overlay& overlay) {
  report::RunsData data;
  data.program_version = fmt::format("{} ({})", kVersion, kCommit);
  data.headline = headline(overlay);
  std::size_t fits = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    fits += analyses[r].fits.size();
    report::OverlaidRun& run = data.runs.emplace_back();
    run.name = runs[r].info.name.empty() ? runs[r].info.id : runs[r].info.name;
    run.info = runs[r].info;
    run.change = change_of(analyses[r]);
  }
  if (overlay.changed() > 0 && !analyses.empty()) {
    std::string how = discovery_words(analyses.front().false_discoveries, fits);
    data.how = "At " + how.substr(4, how.size() - 5);  // "(at most …)"
  }
  for (const series::Run& run : runs) {
    if (run.signals.empty()) continue;
    data.axis = run.signals.front().axis;
    break;
  }
  add_lines(runs, overlay, data);
  add_findings(overlay, data);
  shorten_names(data);
  return data;
}

WrittenReport write_runs_report(std::vector<series::Run> runs, const std::string& title,
                                const AnalyzeOptions& options, const std::filesystem::path& path,
                                const Task& task) {
  const std::vector<Analysis> analyses = analyze_runs(runs, options, task);
  const Overlay laid = overlay(runs, analyses, options, task);
  report::RunsData data = runs_data(std::move(runs), analyses, laid);
  data.title = title;
  return write_page(report::render_runs(data), report::runs_headline(data), path);
}

}  // namespace emdyn::pipeline
