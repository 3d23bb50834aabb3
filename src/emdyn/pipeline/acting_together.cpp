#include "emdyn/pipeline/acting_together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"

namespace emdyn::pipeline {
namespace {

using series::Signal;

constexpr std::size_t kMostTogether = 8;  // Each window costs signals² and a group search.
constexpr std::size_t kFewestRows = 96;
constexpr std::size_t kMostRows = 2000;

/// Signals recorded at the same positions: the largest such set, roles first.
std::vector<const Signal*> recorded_together(const series::Run& run) {
  std::map<std::pair<std::size_t, double>, std::vector<const Signal*>> sets;
  for (const Signal& signal : run.signals) {
    const auto positions = signal.last_positions();
    const auto values = signal.last_values();
    if (positions.size() < kFewestRows ||
        series::role_of(signal.name) == series::Role::learning_rate)
      continue;
    const auto [least, most] = std::ranges::minmax(values);
    if (!(most > least)) continue;
    sets[{positions.size(), positions.back()}].push_back(&signal);
  }
  std::vector<const Signal*> best;
  for (auto& [key, set] : sets)
    if (set.size() > best.size()) best = set;
  std::ranges::stable_sort(best, std::greater<>(), [](const Signal* signal) {
    return series::role_of(signal->name).has_value();
  });
  if (best.size() > kMostTogether) best.resize(kMostTogether);
  return best;
}

}  // namespace

std::optional<ActingTogether> acting_together(const series::Run& run) {
  const std::vector<const Signal*> signals = recorded_together(run);
  if (signals.size() < 2) return std::nullopt;
  const auto all = signals.front()->last_positions();
  const std::size_t stride = (all.size() + kMostRows - 1) / kMostRows;
  std::vector<double> positions;
  for (std::size_t i = 0; i < all.size(); i += stride) {
    if (positions.empty() || all[i] > positions.back()) positions.push_back(all[i]);
  }
  const auto rows = static_cast<Eigen::Index>(positions.size());
  Eigen::MatrixXd table(rows, static_cast<Eigen::Index>(signals.size()));
  table.setConstant(std::nan(""));
  ActingTogether together;
  for (std::size_t s = 0; s < signals.size(); ++s) {
    together.signals.push_back(signals[s]->name);
    const auto at = signals[s]->last_positions();
    const auto values = signals[s]->last_values();
    for (std::size_t i = 0, row = 0; i < at.size() && row < positions.size(); ++i) {
      while (row < positions.size() && positions[row] < at[i]) ++row;
      if (row < positions.size() && positions[row] == at[i] && std::isfinite(values[i]))
        table(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(s)) = values[i];
    }
  }
  emergence::information::TimelineOptions options;
  options.window = std::clamp<std::int64_t>(rows / 4, 24, 200);
  options.largest_group = 0;
  try {
    together.timeline = emergence::information::interaction_timeline(table, positions, options);
  } catch (const DataError&) {
    return std::nullopt;
  }
  if (together.timeline.windows.empty()) return std::nullopt;
  return together;
}

std::string together_words(const ActingTogether& together) {
  const auto& timeline = together.timeline;
  const std::size_t count = together.signals.size();
  if (!timeline.together_since) {
    return fmt::format(
        "interactions: no stretch in which the {} signals recorded together act together beyond "
        "independent parts",
        count);
  }
  std::string words = fmt::format(
      "interactions: from {} on the {} signals recorded together act together beyond "
      "independent parts",
      emergence::position_text(*timeline.together_since), count);
  if (timeline.emergent_since) {
    words += fmt::format(", their mean foretells itself from {} on (Psi)",
                         emergence::position_text(*timeline.emergent_since));
  }
  return words;
}

}  // namespace emdyn::pipeline
