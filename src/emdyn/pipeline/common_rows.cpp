#include "emdyn/pipeline/common_rows.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "emdyn/series/roles.hpp"

namespace emdyn::pipeline {
namespace {

using series::Signal;

/// Signals recorded at the same positions: the largest such set, roles first.
std::vector<const Signal*> recorded_together(const series::Run& run,
                                             const CommonRowsOptions& options) {
  std::map<std::pair<std::size_t, double>, std::vector<const Signal*>> sets;
  for (const Signal& signal : run.signals) {
    const auto positions = signal.last_positions();
    const auto values = signal.last_values();
    if (positions.size() < options.fewest_rows ||
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
  if (best.size() > options.most_signals) best.resize(options.most_signals);
  if (best.size() < 2) best.clear();
  return best;
}

void fill_column(const Signal& signal, const std::vector<double>& rows,
                 Eigen::Ref<Eigen::VectorXd> column) {
  const auto at = signal.last_positions();
  const auto values = signal.last_values();
  for (std::size_t i = 0, row = 0; i < at.size() && row < rows.size(); ++i) {
    while (row < rows.size() && rows[row] < at[i]) ++row;
    if (row < rows.size() && rows[row] == at[i] && std::isfinite(values[i]))
      column(static_cast<Eigen::Index>(row)) = values[i];
  }
}

}  // namespace

CommonRows common_rows(const series::Run& run, const CommonRowsOptions& options) {
  const std::vector<const Signal*> signals = recorded_together(run, options);
  CommonRows rows;
  if (signals.empty()) return rows;
  const auto all = signals.front()->last_positions();
  const auto count = static_cast<std::size_t>(
      std::lower_bound(all.begin(), all.end(), options.before) - all.begin());
  const std::size_t stride =
      std::max<std::size_t>(1, (count + options.most_rows - 1) / options.most_rows);
  for (std::size_t i = 0; i < count; i += stride) {
    if (rows.positions.empty() || all[i] > rows.positions.back()) rows.positions.push_back(all[i]);
  }
  rows.values = Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(rows.positions.size()),
                                          static_cast<Eigen::Index>(signals.size()), std::nan(""));
  for (std::size_t s = 0; s < signals.size(); ++s) {
    rows.signals.push_back(signals[s]->name);
    fill_column(*signals[s], rows.positions, rows.values.col(static_cast<Eigen::Index>(s)));
  }
  return rows;
}

}  // namespace emdyn::pipeline
