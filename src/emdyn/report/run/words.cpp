#include "emdyn/report/run/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "emdyn/forecast/predictors/path_story.hpp"

namespace emdyn::report {

namespace {

using report::ComparedModel;
using report::FittedTransition;
using series::Forecast;
using series::ForecastStatus;
using series::TransitionKind;

std::string verb(const Scene& scene, const series::Transition& record) {
  const double extent = scene.linear.high() - scene.linear.low();
  const bool sharp = record.width && *record.width < 0.25 * extent;
  switch (record.kind) {
    case TransitionKind::rise:
      return sharp ? "jumped" : "rose";
    case TransitionKind::fall:
      return sharp ? "dropped" : "fell";
    case TransitionKind::spike:
      return record.direction == series::Direction::fall ? "dipped" : "spiked";
    case TransitionKind::collapse:
      return "collapsed";
    case TransitionKind::bend:
      return record.direction == series::Direction::fall ? "bent downwards" : "bent upwards";
    case TransitionKind::none:
      break;
  }
  return "did not change";
}

/// " from 3 % to 97 %" by the data on either side, else nothing: what the curve says beyond them is
/// not stated.
std::string change_words(const FittedTransition& fitted, const NumberFormat& format) {
  const series::Transition& record = fitted.record;
  if (record.before && record.after)
    return fmt::format(" from {} to {}", format.value(*record.before), format.value(*record.after));
  if (!record.size) return "";
  return " by " + format.value(std::abs(*record.size));
}

/// ", its slope going from 0.0066 to 0.00001 a step" of a bend.
std::string slope_words(const Scene& scene, const series::Transition& record) {
  if (!record.slope_before || !record.slope_after) return "";
  return fmt::format(", its slope going from {} to {} per {}", number_text(*record.slope_before),
                     number_text(*record.slope_after), series::word(scene.data.axis));
}

std::string threshold_words(const Scene& scene) {
  const auto& threshold = scene.data.forecast.threshold;
  return threshold ? percent_text(*threshold) : std::string("its threshold");
}

/// ", 810 steps earlier"
std::string lead_words(const Scene& scene, double crossed_at) {
  const series::Interval* onset = scene.onset();
  if (onset == nullptr || !std::isfinite(onset->estimate)) return "";
  const double lead = onset->estimate - crossed_at;
  const std::string distance =
      distance_text(scene.data.axis, std::abs(lead), onset->high - onset->low);
  return fmt::format(", {} {}", distance, lead >= 0.0 ? "earlier" : "later, so it came too late");
}

const Forecast* highest(const std::vector<Forecast>& forecasts) {
  const Forecast* best = nullptr;
  for (const Forecast& forecast : forecasts) {
    if (!forecast.probability) continue;
    if (!best || forecast.probability->estimate > best->probability->estimate) best = &forecast;
  }
  return best;
}

/// The last one: what stood in the way at the very first records says little.
std::string abstention_reason(const std::vector<Forecast>& forecasts) {
  for (auto each = forecasts.rbegin(); each != forecasts.rend(); ++each) {
    if (each->status == ForecastStatus::abstained && each->reason)
      return forecast::short_reason(*each->reason);
  }
  return "no reason was recorded";
}

std::size_t count_status(const std::vector<Forecast>& forecasts, ForecastStatus status) {
  return static_cast<std::size_t>(std::count_if(
      forecasts.begin(), forecasts.end(), [&](const auto& one) { return one.status == status; }));
}

}  // namespace

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

std::string model_words(series::TransitionModel model) {
  using series::TransitionModel;
  switch (model) {
    case TransitionModel::power_law:
      return "smooth power law";
    case TransitionModel::rise_and_collapse:
      return "rise and collapse";
    case TransitionModel::bnsl:
      return "broken neural scaling law";
    default:
      return std::string(series::word(model));
  }
}

std::string no_transition_words(const FittedTransition& fitted) {
  const std::string best = model_words(fitted.record.model);
  std::vector<double> bics;
  for (const ComparedModel& model : fitted.models) bics.push_back(model.bic);
  std::sort(bics.begin(), bics.end());
  std::string words = "no transition found (";
  if (!bics.empty()) words += fmt::format("of {} models tested, ", bics.size());
  words += fmt::format("the {} fits best", best);
  if (bics.size() >= 2) {
    words += fmt::format(", BIC gain {} over the next best", number_text(bics[1] - bics[0], 2));
  } else if (fitted.record.evidence.bic_gain) {
    words += fmt::format(", BIC gain {}", number_text(*fitted.record.evidence.bic_gain, 2));
  }
  return words + ")";
}

std::string transition_words(const Scene& scene) {
  if (scene.order == nullptr) return "This run holds no signals, so there is nothing to show yet.";
  const std::string name = capitalised(scene.label(scene.order->points.name));
  if (scene.transition == nullptr) return name + " was not examined for a transition.";
  const series::Transition& record = scene.transition->record;
  if (record.kind == TransitionKind::none) {
    return fmt::format("{}: {}.", name, no_transition_words(*scene.transition));
  }
  std::string words = name + " " + verb(scene, record) +
                      change_words(*scene.transition, scene.format(*scene.order));
  if (record.onset) words += " at " + place_text(scene.data.axis, *record.onset);
  return words + slope_words(scene, record) + ".";
}

std::string evidence_words(const Scene& scene, const FittedTransition& fitted) {
  const series::Transition& record = fitted.record;
  if (record.kind == TransitionKind::none) return capitalised(no_transition_words(fitted)) + ".";
  std::string words = fmt::format("Best model: {}", model_words(record.model));
  if (!fitted.models.empty()) words += fmt::format(" of {} tested", fitted.models.size());
  if (record.evidence.bic_gain) {
    words += fmt::format(", BIC gain {} over the best one without a transition",
                         number_text(*record.evidence.bic_gain, 3));
  }
  if (record.evidence.p_value) {
    words += ", bootstrap p = " + p_value_text(*record.evidence.p_value);
  }
  words += ".";
  if (record.width) {
    words +=
        fmt::format(" From 10 % to 90 % of the change it took {}.",
                    distance_text(scene.data.axis, *record.width >= 10.0 ? std::round(*record.width)
                                                                         : *record.width));
  }
  if (record.mirage && !record.mirage->verdict.empty()) {
    words += fmt::format(" Mirage test: {}{}.", record.mirage->verdict,
                         record.mirage->metric.empty() ? "" : " (" + record.mirage->metric + ")");
  }
  return words;
}

std::string forecast_words(const Scene& scene) {
  const report::ForecastTrack& track = scene.data.forecast;
  if (track.forecasts.empty()) {
    return track.absence.empty() ? "There is no forecast for this run."
                                 : fmt::format("There is no forecast: {}.", track.absence);
  }
  const Forecast* best = highest(track.forecasts);
  if (best == nullptr) {
    return fmt::format("There is no forecast: abstained because {}.",
                       abstention_reason(track.forecasts));
  }
  const forecast::PathStory story = forecast::path_story(track.forecasts, track.threshold);
  // A crossing that did not last warned of nothing.
  if (track.crossed_at && story.fell_back()) {
    return fmt::format("The forecast touched {}{} at {} and fell back to {}.",
                       percent_text(story.highest), story.above == 1 ? " once" : "",
                       scene.place(story.highest_at), percent_text(story.last));
  }
  if (track.crossed_at) {
    const double passed = story.passed_at.value_or(*track.crossed_at);
    const std::string before =
        passed > *track.crossed_at
            ? fmt::format(" (touched before, first at {})", scene.place(*track.crossed_at))
            : "";
    return fmt::format("The forecast passed {} {}at {}{}{}.", threshold_words(scene),
                       before.empty() ? "" : "for good ", scene.place(passed),
                       lead_words(scene, passed), before);
  }
  return fmt::format("The forecast never crossed {}; its highest was {} at {}.",
                     threshold_words(scene), percent_text(best->probability->estimate),
                     scene.place(best->at));
}

std::string forecast_detail(const Scene& scene) {
  const report::ForecastTrack& track = scene.data.forecast;
  if (track.forecasts.empty()) return "";
  const Forecast& last = track.forecasts.back();
  std::string words;
  if (!last.target.empty()) words += fmt::format("Target: {}. ", last.target);
  words += fmt::format("{} forecasts", count_text(track.forecasts.size()));
  if (!last.predictor.empty()) words += fmt::format(" by {}", last.predictor);
  words += ", each from what was known at its position only.";
  const std::size_t abstained = count_status(track.forecasts, ForecastStatus::abstained);
  if (abstained > 0) {
    words += fmt::format(" {} abstained: {}.", count_text(abstained),
                         abstention_reason(track.forecasts));
  }
  const std::size_t past = count_status(track.forecasts, ForecastStatus::already_past);
  if (past > 0) words += fmt::format(" {} came after the target was reached.", count_text(past));
  const series::Interval* onset = scene.onset();
  const auto passed = forecast::path_story(track.forecasts, track.threshold).passed_at;
  if (passed && onset != nullptr && onset->low > *passed) {
    words +=
        fmt::format(" Counted to the low end of the onset's interval, the lead is {}.",
                    distance_text(scene.data.axis, onset->low - *passed, onset->high - onset->low));
  }
  return words;
}

std::string alarm_words(const Scene& scene) {
  const auto& events = scene.data.events;
  if (events.empty()) {
    const std::string& absence = scene.data.alarm_absence;
    return absence.empty() ? "No alarms." : fmt::format("No alarms were looked for: {}.", absence);
  }
  std::set<std::string_view> signals;
  const series::Event* first = &events.front();
  for (const series::Event& event : events) {
    signals.insert(event.signal);
    if (event.position < first->position) first = &event;
  }
  if (const std::size_t incidents = scene.data.incidents.size(); incidents > 0) {
    return fmt::format("{} {} ({} {} in {} {}), the first at {} ({} of {}).", count_text(incidents),
                       incidents == 1 ? "incident" : "incidents", count_text(events.size()),
                       events.size() == 1 ? "alarm" : "alarms", count_text(signals.size()),
                       signals.size() == 1 ? "signal" : "signals", scene.place(first->position),
                       series::word(first->kind), scene.label(first->signal));
  }
  return fmt::format("{} {} in {} {}, the first at {} ({} of {}).", count_text(events.size()),
                     events.size() == 1 ? "alarm" : "alarms", count_text(signals.size()),
                     signals.size() == 1 ? "signal" : "signals", scene.place(first->position),
                     series::word(first->kind), scene.label(first->signal));
}

std::string driver_words(const Scene& scene) {
  if (scene.data.drivers.empty()) return "";
  auto contributions = scene.data.drivers.front().attribution.contributions;
  std::stable_sort(contributions.begin(), contributions.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.phi) > std::abs(b.phi); });
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(2, contributions.size()); ++i) {
    if (contributions[i].phi == 0.0) break;
    names += (names.empty() ? "" : ", ") + scene.label(contributions[i].factor) +
             (contributions[i].phi > 0.0 ? "" : " (against it)");
  }
  return names.empty() ? "" : fmt::format("Strongest drivers of the forecast: {}.", names);
}

std::string headline(const Scene& scene) {
  std::string words = transition_words(scene);
  if (scene.order == nullptr) return words;
  for (const std::string& more : {forecast_words(scene), driver_words(scene)}) {
    if (!more.empty()) words += " " + more;
  }
  return words;
}

}  // namespace emdyn::report
