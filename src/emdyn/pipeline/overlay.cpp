#include "emdyn/pipeline/overlay.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "emdyn/core/parallel.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::pipeline {
namespace {

using series::Signal;
using series::Transition;

constexpr std::size_t kFewestRunsForIncidents = 3;
constexpr std::size_t kFewestSharedPoints = 12;

struct Of {
  std::size_t run;
  const Signal* signal;
};
/// Runs that have a signal, by its name, in order of first appearance.
using ByName = std::vector<std::pair<std::string, std::vector<Of>>>;

ByName by_name(std::span<const series::Run> runs, std::span<const Analysis> analyses) {
  ByName names;
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (const auto& fit : analyses[r].fits) {
      const std::string& name = fit.transition.order_parameter;
      const auto [place, added] = places.try_emplace(name, names.size());
      if (added) names.push_back({name, {}});
      if (const Signal* signal = runs[r].find(name))
        names[place->second].second.push_back({r, signal});
    }
  }
  return names;
}

std::optional<double> median_of(const std::vector<double>& values) {
  return values.empty() ? std::nullopt : std::optional(math::median(values));
}

SignalAcross across(const std::string& name, const std::vector<Of>& runs,
                    std::span<const Analysis> analyses) {
  SignalAcross told;
  told.signal = name;
  told.runs = runs.size();
  std::map<series::TransitionKind, std::vector<const emergence::TransitionFit*>> kinds;
  for (const Of& of : runs) {
    for (const auto& fit : analyses[of.run].fits) {
      if (fit.transition.order_parameter != name) continue;
      if (fit.range.share || told.runs == 1) told.range = fit.range;
      if (declared(fit)) kinds[fit.transition.kind].push_back(&fit);
    }
  }
  const std::vector<const emergence::TransitionFit*>* commonest = nullptr;
  for (const auto& [kind, fits] : kinds) {
    told.changed += fits.size();
    if (commonest == nullptr || fits.size() > commonest->size()) commonest = &fits;
  }
  if (commonest == nullptr) return told;
  // Values, onset and evidence of the run in the middle would be one run's; medians are of all.
  told.typical = commonest->front()->transition;
  std::vector<double> onsets, before, after, gains, q;
  for (const auto* fit : *commonest) {
    const Transition& one = fit->transition;
    onsets.push_back(one.onset->estimate);
    if (one.before) before.push_back(*one.before);
    if (one.after) after.push_back(*one.after);
    gains.push_back(one.evidence.bic_gain.value_or(0.0));
    q.push_back(one.evidence.q_value.value_or(1.0));
  }
  told.typical.onset->estimate = math::median(onsets);
  told.onset_low = *std::ranges::min_element(onsets);
  told.onset_high = *std::ranges::max_element(onsets);
  told.typical.before = median_of(before);
  told.typical.after = median_of(after);
  if (told.typical.before && told.typical.after)
    told.typical.size = *told.typical.after - *told.typical.before;
  told.typical.evidence.bic_gain = math::median(gains);
  told.typical.evidence.q_value = *std::ranges::min_element(q);
  return told;
}

/// Median of the finite values among the last tenth of a run's samples.
std::optional<double> end_of(const Signal& signal) {
  std::vector<double> finite;
  for (const double value : signal.last_values())
    if (std::isfinite(value)) finite.push_back(value);
  if (finite.empty()) return std::nullopt;
  const std::size_t tail = std::max<std::size_t>(1, finite.size() / 10);
  return math::median(std::span(finite).last(tail));
}

std::optional<Ends> ends_of(const std::string& name, const std::vector<Of>& of,
                            std::span<const series::Run> runs) {
  std::vector<std::pair<double, std::size_t>> ends;
  std::vector<double> values;
  for (const Of& each : of) {
    if (const auto end = end_of(*each.signal)) ends.emplace_back(*end, each.run);
  }
  if (ends.size() < 2) return std::nullopt;
  std::ranges::stable_sort(ends);
  for (const auto& [end, run] : ends) values.push_back(end);
  if (!(ends.back().first > ends.front().first)) return std::nullopt;
  return Ends{name,
              runs[ends.front().second].info.name,
              runs[ends.back().second].info.name,
              ends.front().first,
              math::median(values),
              ends.back().first,
              emergence::value_range(name, values)};
}

/// The second less the first run at the positions they share.
emergence::TransitionFit fit_difference(const std::string& name, const Signal& a, const Signal& b,
                                        const AnalyzeOptions& options) {
  std::vector<double> positions, values;
  const auto xa = a.last_positions(), xb = b.last_positions();
  const auto ya = a.last_values(), yb = b.last_values();
  for (std::size_t i = 0, j = 0; i < xa.size() && j < xb.size();) {
    if (xa[i] < xb[j]) {
      ++i;
    } else if (xb[j] < xa[i]) {
      ++j;
    } else {
      positions.push_back(xa[i]);
      values.push_back(yb[j++] - ya[i++]);
    }
  }
  if (positions.size() < kFewestSharedPoints) {
    positions.clear();
    values.clear();
  }
  return emergence::fit_transition("difference of " + name, a.axis, positions, values,
                                   options.transition);
}

std::vector<Parting> part(const ByName& names, const AnalyzeOptions& options) {
  std::vector<emergence::TransitionFit> fits(names.size());
  parallel_for(names.size(), [&](std::size_t i) {
    const auto& [name, of] = names[i];
    if (of.size() == 2) fits[i] = fit_difference(name, *of[0].signal, *of[1].signal, options);
  });
  std::vector<double> p;
  for (const auto& fit : fits) p.push_back(fit.transition.evidence.p_value.value_or(std::nan("")));
  const std::vector<double> q = math::q_values(p, kDependence);
  std::vector<Parting> partings;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (!declared(fits[i]) || !(q[i] <= options.false_discoveries)) continue;
    fits[i].transition.evidence.q_value = q[i];
    partings.push_back({names[i].first, std::move(fits[i].transition)});
  }
  return partings;
}

std::vector<SignalIncidents> common_incidents(const ByName& names,
                                              std::span<const series::Run> runs, const Task& task) {
  std::vector<SignalIncidents> list;
  for (const auto& [name, of] : names) {
    if (of.size() < kFewestRunsForIncidents) continue;
    task.check();
    std::vector<emergence::incidents::RunSeries> series;
    for (const Of& each : of) {
      const auto x = each.signal->last_positions();
      const auto y = each.signal->last_values();
      series.push_back({runs[each.run].info.name, {x.begin(), x.end()}, {y.begin(), y.end()}});
    }
    auto found = emergence::incidents::find_common_incidents(series);
    if (!found.incidents.empty()) list.push_back({name, std::move(found)});
  }
  return list;
}

double relative_spread(const Ends& ends) {
  return (ends.highest - ends.lowest) / std::max(std::fabs(ends.median), 1e-300);
}

}  // namespace

std::size_t Overlay::changed() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(signals, [](const SignalAcross& each) { return each.changed > 0; }));
}

Overlay overlay(std::span<const series::Run> runs, std::span<const Analysis> analyses,
                const AnalyzeOptions& options, const Task& task) {
  Overlay told;
  told.runs = runs.size();
  const ByName names = by_name(runs, analyses);
  for (const auto& [name, of] : names) {
    told.signals.push_back(across(name, of, analyses));
    if (auto ends = ends_of(name, of, runs)) told.ends.push_back(std::move(*ends));
  }
  std::ranges::stable_sort(told.signals, [](const SignalAcross& a, const SignalAcross& b) {
    if (a.changed != b.changed) return a.changed > b.changed;
    return a.typical.evidence.bic_gain.value_or(0.0) > b.typical.evidence.bic_gain.value_or(0.0);
  });
  std::ranges::stable_sort(told.ends, [](const Ends& a, const Ends& b) {
    return relative_spread(a) > relative_spread(b);
  });
  if (runs.size() == 2) told.partings = part(names, options);
  told.incidents = common_incidents(names, runs, task);
  return told;
}

Json overlay_json(const Overlay& overlay) {
  Json signals = Json::array();
  for (const SignalAcross& each : overlay.signals) {
    signals.push_back({{"signal", each.signal},
                       {"runs", each.runs},
                       {"changed", each.changed},
                       {"typical", each.changed > 0 ? Json(each.typical) : Json()},
                       {"onset_low", number_or_null(each.onset_low)},
                       {"onset_high", number_or_null(each.onset_high)}});
  }
  Json ends = Json::array();
  for (const Ends& each : overlay.ends) {
    ends.push_back({{"signal", each.signal},
                    {"lowest", each.lowest},
                    {"lowest_run", each.lowest_run},
                    {"median", each.median},
                    {"highest", each.highest},
                    {"highest_run", each.highest_run}});
  }
  Json partings = Json::array();
  for (const Parting& each : overlay.partings)
    partings.push_back({{"signal", each.signal}, {"difference", each.difference}});
  Json incidents = Json::array();
  for (const SignalIncidents& each : overlay.incidents) {
    Json found = each.found;
    found["signal"] = each.signal;
    incidents.push_back(std::move(found));
  }
  return Json{{"runs", overlay.runs},
              {"changed", overlay.changed()},
              {"signals", std::move(signals)},
              {"ends", std::move(ends)},
              {"partings", std::move(partings)},
              {"common_incidents", std::move(incidents)}};
}

}  // namespace emdyn::pipeline
