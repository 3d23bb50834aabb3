#include "emdyn/pipeline/analysis_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"

namespace emdyn::pipeline {
namespace {

using series::TransitionKind;
using series::TransitionModel;

}  // namespace

std::string headline(const Analysis& analysis) {
  return fmt::format("{} of {} changed suddenly", analysis.changed,
                     counted(analysis.fits.size(), "signal"));
}

std::string headline(const Overlay& overlay) {
  return fmt::format("{} of {} changed suddenly in at least one of {}", overlay.changed(),
                     counted(overlay.signals.size(), "signal"), counted(overlay.runs, "run"));
}

std::string discovery_words(double level, std::size_t signals) {
  return fmt::format("(at most {:.3g} % of them by chance: {} over {} signals, which share causes)",
                     100.0 * level, math::procedure(kDependence), signals);
}

std::string transition_sentence(const emergence::TransitionFit& fit) {
  const std::string name = terminal_safe(fit.transition.order_parameter);
  if (!declared(fit)) {
    return fmt::format("{}: no transition ({})", name,
                       fit.note.empty() ? emergence::describe(fit) : fit.note);
  }
  return fmt::format("{}: {} ({})", name, emergence::sentence(fit.transition, fit.range),
                     emergence::describe(fit));
}

std::string short_change(const series::Transition& transition, const emergence::ValueRange& range) {
  std::string words(series::word(transition.kind));
  if (transition.kind == TransitionKind::bend && transition.slope_before &&
      transition.slope_after) {
    return fmt::format(
        "{} {} → {} per {}", words, emergence::slope_text(*transition.slope_before, range),
        emergence::slope_text(*transition.slope_after, range), transition.control_parameter);
  }
  if (!transition.before || !transition.after) return words;
  const double difference = *transition.after - *transition.before;
  return fmt::format("{} {} → {}", words,
                     emergence::value_text(*transition.before, difference, range),
                     emergence::value_text(*transition.after, difference, range));
}

std::string rest_words(const Analysis& analysis) {
  std::size_t constant = 0, slow = 0, chance = 0;
  std::vector<std::pair<std::string, std::size_t>> notes;
  for (const auto& fit : analysis.fits) {
    if (declared(fit)) continue;
    if (!fit.note.empty()) {
      const bool few = fit.note.find("finite points") != std::string::npos;
      const std::string why = few ? "with fewer than 5 points" : "(" + fit.note + ")";
      auto found = std::ranges::find(notes, why, &std::pair<std::string, std::size_t>::first);
      if (found == notes.end()) found = notes.insert(notes.end(), {why, 0});
      ++found->second;
    } else if (fit.transition.model == TransitionModel::constant) {
      ++constant;
    } else if (fit.transition.model == TransitionModel::power_law) {
      ++slow;
    } else {
      ++chance;
    }
  }
  std::vector<std::string> parts;
  if (slow > 0) parts.push_back(fmt::format("{} changed slowly", slow));
  if (constant > 0) parts.push_back(fmt::format("{} stayed level", constant));
  if (chance > 0) parts.push_back(fmt::format("{} may be chance", chance));
  for (const auto& [why, count] : notes) parts.push_back(fmt::format("{} {}", count, why));
  if (parts.empty()) return {};
  return fmt::format("{} did not: {}", analysis.fits.size() - analysis.changed,
                     fmt::join(parts, ", "));
}

std::vector<ShownTrend> standing_trends(const Analysis& analysis) {
  std::vector<ShownTrend> list;
  for (const SignalWarning& each : analysis.early_warning) {
    for (const auto& indicator : each.warning.indicators) {
      const double q = indicator.q_value.value_or(1.0);
      if (q > analysis.false_discoveries) continue;
      list.push_back({each.signal, indicator.name, indicator.tau, indicator.p_value, q,
                      emergence::says_slowing(indicator)});
    }
  }
  std::ranges::stable_sort(list, {}, &ShownTrend::q_value);
  return list;
}

std::string early_warning_words(const Analysis& analysis) {
  std::size_t trends = 0, signals = 0;
  double p = 1.0, q = 1.0;
  for (const SignalWarning& each : analysis.early_warning) {
    signals += !each.warning.indicators.empty();
    for (const auto& indicator : each.warning.indicators) {
      ++trends;
      p = std::min(p, indicator.p_value);
      q = std::min(q, indicator.q_value.value_or(1.0));
    }
  }
  const std::string before = terminal_safe(analysis.warned_before);
  if (trends == 0) return fmt::format("early warning: too few samples before {}", before);
  const auto trends_that_stand = standing_trends(analysis);
  const std::size_t standing = trends_that_stand.size();
  if (standing == 0) {
    return fmt::format(
        "early warning: none of {} in {} before {} stands (smallest p {:.2g}, corrected {:.2g})",
        counted(trends, "trend"), counted(signals, "signal"), before, p, q);
  }
  const auto slowing = std::ranges::count_if(trends_that_stand, &ShownTrend::slowing);
  return fmt::format("early warning: {} of {} trends before {} stand after correction for all; {}",
                     standing, trends, before,
                     slowing == 0
                         ? "none goes the way of slowing down: no warning"
                         : fmt::format("{} go the way of slowing down: a warning", slowing));
}

}  // namespace emdyn::pipeline
