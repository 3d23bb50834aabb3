#include "emdyn/forecast/bank/groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::forecast {

std::vector<std::size_t> grouped_folds(std::span<const std::size_t> groups,
                                       std::span<const double> labels, std::size_t folds,
                                       std::uint64_t seed) {
  const std::size_t count = groups.empty() ? 0 : std::ranges::max(groups) + 1;
  if (folds < 2 || folds > count) {
    throw ConfigError(
        fmt::format("folds must be in [2, {}] (the number of groups), got {}", count, folds));
  }
  std::vector<double> positive(count, 0.0);
  std::vector<double> rows(count, 0.0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    rows[groups[i]] += 1.0;
    positive[groups[i]] += labels[i];
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Philox random(seed, 0x666f6c64);
  shuffle(order, random);
  const auto share = [&](std::size_t g) { return rows[g] > 0.0 ? positive[g] / rows[g] : 0.0; };
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return share(a) < share(b); });
  std::vector<std::size_t> fold(count);
  for (std::size_t i = 0; i < count; ++i) fold[order[i]] = i % folds;
  return fold;
}

std::vector<double> resample_groups(std::size_t count, std::uint64_t seed, std::uint64_t resample) {
  std::vector<double> multiplicity(count, 0.0);
  Philox random(seed, 0x626f6f7400000000ULL + resample);
  for (std::size_t i = 0; i < count; ++i) {
    multiplicity[random.below(static_cast<std::uint32_t>(count))] += 1.0;
  }
  return multiplicity;
}

std::vector<double> row_weights(std::span<const std::size_t> groups,
                                std::span<const double> multiplicity) {
  std::vector<double> weights(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) weights[i] = multiplicity[groups[i]];
  return weights;
}

}  // namespace emdyn::forecast
