#include "emdyn/pipeline/acting_together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/pipeline/common_rows.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::information::InteractionWindow;
using emergence::information::TimelineOptions;

constexpr std::size_t kStrongest = 12;     // Pairs that are told.
constexpr std::size_t kMatricesUpTo = 8;   // Signals; beyond, matrices of pairs fill megabytes.
constexpr std::int64_t kLargestGroup = 5;  // Of the synergistic group that is sought.

/// How far the total correlation of a window lies above what independent parts reach.
double excess(const InteractionWindow& window) {
  if (!window.total_correlation) return -HUGE_VAL;
  return window.total_correlation->value - window.total_correlation->high;
}

/// Every pair of one measure with its p-value.
void add_pairs(const std::vector<std::string>& names, const InteractionWindow& window,
               bool directed, std::vector<series::Interaction>& list) {
  const auto& values = directed ? window.transfer_entropy : window.mutual_information;
  const auto& ps = directed ? window.transfer_entropy_p : window.mutual_information_p;
  for (std::size_t a = 0; a < names.size(); ++a) {
    for (std::size_t b = directed ? 0 : a + 1; b < names.size(); ++b) {
      const double p = ps(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b));
      if (a == b || std::isnan(p)) continue;
      series::Interaction pair;
      pair.parts = {names[a], names[b]};
      pair.measure = directed ? "transfer_entropy" : "mutual_information";
      const double value = values(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b));
      pair.value = {-HUGE_VAL, value, HUGE_VAL, 0.9};
      pair.null = {p, "analytic"};
      pair.estimator = "gaussian_copula";
      list.push_back(std::move(pair));
    }
  }
}

/// The pairs of the window that stands out most, corrected for all pairs of it.
void find_strongest(ActingTogether& together, double level) {
  const auto& windows = together.timeline.windows;
  const auto best = std::ranges::max_element(windows, {}, excess);
  together.strongest_window = static_cast<std::size_t>(best - windows.begin());
  std::vector<series::Interaction> all;
  add_pairs(together.signals, *best, false, all);
  add_pairs(together.signals, *best, true, all);
  std::vector<double> p_values;
  for (const series::Interaction& pair : all) p_values.push_back(*pair.null.p_value);
  const auto q_values = math::q_values(p_values, kDependence);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (q_values[i] <= level) together.strongest.push_back(std::move(all[i]));
  std::ranges::stable_sort(together.strongest, std::greater<>(),
                           [](const series::Interaction& pair) { return pair.value.estimate; });
  together.pairs = together.strongest.size();
  if (together.strongest.size() > kStrongest) together.strongest.resize(kStrongest);
}

/// "120 before the onset of rise of test_accuracy", "within the interval of the onset of …".
std::string beside_main(double since, const Analysis& analysis) {
  const auto* main = main_transition(analysis);
  if (main == nullptr || !main->transition.onset) return {};
  const series::Interval& onset = *main->transition.onset;
  const std::string of = fmt::format("the onset of {} of {}", series::word(main->transition.kind),
                                     terminal_safe(main->transition.order_parameter));
  if (since < onset.low)
    return fmt::format(", {} before {}",
                       emergence::position_text(onset.low - since, onset.high - onset.low), of);
  if (since > onset.high)
    return fmt::format(", {} after {}",
                       emergence::position_text(since - onset.high, onset.high - onset.low), of);
  return ", within the interval of " + of;
}

Json window_json(const ActingTogether& together, const InteractionWindow& window) {
  Json json = window;
  if (together.signals.size() > kMatricesUpTo) {
    for (const char* matrix :
         {"mutual_information", "mutual_information_p", "transfer_entropy", "transfer_entropy_p"})
      json.erase(matrix);
  }
  return json;
}

}  // namespace

std::optional<ActingTogether> acting_together(const series::Run& run, std::size_t most_signals) {
  const CommonRows rows = common_rows(run, {.most_signals = most_signals});
  if (rows.signals.empty()) return std::nullopt;
  ActingTogether together;
  together.signals = rows.signals;
  TimelineOptions options;
  options.window =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(rows.positions.size()) / 4, 24, 200);
  options.largest_group = kLargestGroup;
  try {
    together.timeline =
        emergence::information::interaction_timeline(rows.values, rows.positions, options);
  } catch (const DataError&) {
    return std::nullopt;
  }
  if (together.timeline.windows.empty()) return std::nullopt;
  find_strongest(together, 1.0 - options.level);
  return together;
}

std::string together_words(const Analysis& analysis) {
  const ActingTogether& together = *analysis.together;
  const auto& timeline = together.timeline;
  const std::size_t count = together.signals.size();
  if (!timeline.together_since) {
    return fmt::format(
        "interactions: no stretch in which the {} signals recorded together act together beyond "
        "independent parts",
        count);
  }
  const double since = *timeline.together_since;
  // What held before anybody looked leads nothing: signals of one model move together as a rule.
  const bool always = since <= timeline.windows.front().end;
  std::string words = fmt::format(
      "interactions: {} the {} signals recorded together act together beyond independent parts{}",
      always
          ? fmt::format("in the first window already, up to {},", emergence::position_text(since))
          : fmt::format("from {} on", emergence::position_text(since)),
      count, always ? ", so nothing is seen to begin" : beside_main(since, analysis));
  if (timeline.emergent_since) {
    words += fmt::format("; their mean foretells itself from {} on (Psi)",
                         emergence::position_text(*timeline.emergent_since));
  }
  return words;
}

std::vector<std::size_t> shown_windows(const ActingTogether& together, std::size_t most) {
  const std::size_t count = together.timeline.windows.size();
  const std::size_t shown = std::min(count, most);
  std::vector<std::size_t> list;
  for (std::size_t i = 1; i <= shown; ++i) list.push_back(i * count / shown - 1);
  return list;
}

Json together_json(const ActingTogether& together) {
  const auto& timeline = together.timeline;
  Json windows = Json::array();
  for (const InteractionWindow& window : timeline.windows)
    windows.push_back(window_json(together, window));
  return Json{{"names", together.signals},
              {"signals", timeline.signals},
              {"rows", timeline.rows},
              {"together_since", number_or_null(timeline.together_since)},
              {"emergent_since", number_or_null(timeline.emergent_since)},
              {"windows", std::move(windows)},
              {"strongest",
               {{"end", timeline.windows[together.strongest_window].end},
                {"pairs_that_stand", together.pairs},
                {"pairs", together.strongest}}},
              {"note", timeline.note.empty() ? Json(nullptr) : Json(timeline.note)}};
}

}  // namespace emdyn::pipeline
