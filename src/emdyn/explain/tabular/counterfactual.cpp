#include "emdyn/explain/tabular/counterfactual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::explain {
namespace {

constexpr std::size_t kMostValues = 32;
constexpr std::size_t kBeam = 64;

// A candidate set: values of some columns, with its price and how far the function still is from the level.
struct Candidate {
  std::vector<SettingChange> changes;
  double cost = 0.0;
  double value = 0.0;
};

class Search {
 public:
  Search(const RowFunction& function, std::span<const double> row,
         const forecast::FeatureTable& table, const CounterfactualOptions& options)
      : function_(function), row_(row.begin(), row.end()), options_(options) {
    before_ = function_(row_);
    for (std::size_t j = 0; j < table.columns; ++j) offers_.push_back(offers(table, j));
  }

  std::optional<Counterfactual> run() {
    std::vector<Candidate> sets{{{}, 0.0, before_}};
    for (std::size_t size = 1; size <= options_.changes; ++size) {
      // All single changes are kept, so that two are exact; then only the most promising.
      sets = extended(sets, size == 1);
      if (sets.empty()) break;
      // One more change costs at least this much more than the cheapest set so far.
      if (best_ && options_.each * static_cast<double>(size + 1) >= best_->cost) break;
    }
    return best_;
  }

 private:
  bool crossed(double value) const {
    return before_ >= options_.level ? value < options_.level : value >= options_.level;
  }

  // Values of one column that a change may take, cheapest first.
  std::vector<SettingChange> offers(const forecast::FeatureTable& table, std::size_t j) const {
    std::vector<SettingChange> found;
    if (std::ranges::count(options_.fixed, j) > 0 || !std::isfinite(row_[j])) return found;
    std::vector<double> values;
    for (std::size_t i = 0; i < table.rows(); ++i) {
      if (std::isfinite(table.row(i)[j])) values.push_back(table.row(i)[j]);
    }
    if (values.empty()) return found;
    std::ranges::sort(values);
    double unit = math::sorted_quantile(values, 0.75) - math::sorted_quantile(values, 0.25);
    if (!(unit > 0.0)) unit = values.back() - values.front();
    if (!(unit > 0.0)) return found;
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const bool category = std::ranges::count(options_.categories, j) > 0;
    const std::size_t steps = std::min(kMostValues, values.size());
    for (std::size_t k = 0; k < steps; ++k) {
      const double to = values[steps == 1 ? 0 : k * (values.size() - 1) / (steps - 1)];
      if (to == row_[j]) continue;
      found.push_back({j, row_[j], to, category ? 1.0 : std::abs(to - row_[j]) / unit});
    }
    std::ranges::stable_sort(found, {}, &SettingChange::units);
    return found;
  }

  std::vector<Candidate> extended(const std::vector<Candidate>& sets, bool keep_all) {
    std::vector<Candidate> next;
    for (const Candidate& set : sets) {
      const std::size_t from = set.changes.empty() ? 0 : set.changes.back().column + 1;
      for (std::size_t j = from; j < offers_.size(); ++j) {
        for (const SettingChange& change : offers_[j]) {
          const double cost = set.cost + options_.each + change.units;
          if (best_ && cost >= best_->cost) break;  // Further offers of this column cost more.
          add(set, change, cost, next);
        }
      }
    }
    if (!keep_all && next.size() > kBeam) {
      const auto distance = [&](const Candidate& c) { return std::abs(c.value - options_.level); };
      std::ranges::stable_sort(next, {}, distance);
      next.resize(kBeam);
      std::ranges::stable_sort(next, {}, &Candidate::cost);
    }
    return next;
  }

  void add(const Candidate& set, const SettingChange& change, double cost,
           std::vector<Candidate>& next) {
    std::vector<double> changed = row_;
    for (const SettingChange& each : set.changes) changed[each.column] = each.to;
    changed[change.column] = change.to;
    Candidate candidate{set.changes, cost, function_(changed)};
    candidate.changes.push_back(change);
    if (crossed(candidate.value)) {
      best_ = Counterfactual{candidate.changes, before_, candidate.value, cost};
    } else {
      next.push_back(std::move(candidate));
    }
  }

  const RowFunction& function_;
  std::vector<double> row_;
  const CounterfactualOptions& options_;
  double before_ = 0.0;
  std::vector<std::vector<SettingChange>> offers_{};
  std::optional<Counterfactual> best_{};
};

}  // namespace

std::optional<Counterfactual> counterfactual(const RowFunction& function,
                                             std::span<const double> row,
                                             const forecast::FeatureTable& table,
                                             const CounterfactualOptions& options) {
  if (options.changes < 1 || options.changes > 6 || !(options.each >= 0.0)) {
    throw ConfigError("counterfactual: changes must be in [1, 6] and each >= 0");
  }
  if (table.columns != row.size()) {
    throw DataError(fmt::format("counterfactual: the table has {} settings, the row {}",
                                table.columns, row.size()));
  }
  return Search(function, row, table, options).run();
}

}  // namespace emdyn::explain
