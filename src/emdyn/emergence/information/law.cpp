#include "emdyn/emergence/information/law.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::information {

double mutual_information(const EntropyOf& entropy, const Parts& a, const Parts& b) {
  return entropy(a) + entropy(b) - entropy(joined(a, b));
}

double conditional_mutual_information(const EntropyOf& entropy, const Parts& a, const Parts& b,
                                      const Parts& c) {
  return entropy(joined(a, c)) + entropy(joined(b, c)) - entropy(joined(joined(a, b), c)) -
         (c.empty() ? 0.0 : entropy(c));
}

Law::Law(std::vector<std::vector<int>> outcomes, std::vector<double> weights) {
  if (outcomes.empty() || outcomes.size() != weights.size() || outcomes[0].empty()) {
    throw DataError(fmt::format("law: {} outcomes and {} weights; one weight an outcome is needed",
                                outcomes.size(), weights.size()));
  }
  double sum = 0.0;
  // Equal outcomes are one: local measures compare chances, not rows.
  std::map<std::vector<int>, double> merged;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].size() != outcomes[0].size()) {
      throw DataError(fmt::format("law: outcome {} has {} variables, the first has {}", i,
                                  outcomes[i].size(), outcomes[0].size()));
    }
    if (!(weights[i] >= 0.0) || !std::isfinite(weights[i])) {
      throw DataError(fmt::format("law: weight {} must be >= 0 and finite, got {}", i, weights[i]));
    }
    sum += weights[i];
    if (weights[i] > 0.0) merged[outcomes[i]] += weights[i];
  }
  if (!(sum > 0.0)) throw DataError("law: all weights are zero");
  variables_ = outcomes[0].size();
  for (auto& [outcome, weight] : merged) {
    outcomes_.push_back(outcome);
    probabilities_.push_back(weight / sum);
  }
}

Law::Law(std::vector<std::vector<int>> outcomes)
    : Law(outcomes, std::vector<double>(outcomes.size(), 1.0)) {}

std::vector<double> Law::marginal(const Parts& group) const {
  require_group("law", group, variables_, 0);
  std::map<std::vector<int>, double> chances;
  std::vector<std::vector<int>> keys(outcomes_.size());
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    for (const std::size_t member : group) keys[i].push_back(outcomes_[i][member]);
    chances[keys[i]] += probabilities_[i];
  }
  std::vector<double> result(outcomes_.size());
  for (std::size_t i = 0; i < outcomes_.size(); ++i) result[i] = chances[keys[i]];
  return result;
}

double Law::entropy(const Parts& group) const {
  const std::vector<double> chances = marginal(group);
  double sum = 0.0;
  for (std::size_t i = 0; i < chances.size(); ++i) sum -= probabilities_[i] * std::log(chances[i]);
  return sum;
}

Law Law::with(const std::function<int(const std::vector<int>&)>& variable) const {
  std::vector<std::vector<int>> outcomes = outcomes_;
  for (std::vector<int>& outcome : outcomes) outcome.push_back(variable(outcome));
  return {std::move(outcomes), probabilities_};
}

}  // namespace emdyn::emergence::information
