#include "emdyn/model/lab/dynamics/percolation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/lab/dynamics/simulation.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

constexpr std::size_t kSizeRatio = 8;    ///< n^(1/3) then differs by a factor of two.
constexpr std::size_t kGraphGroups = 8;  ///< Independent estimates for the interval.

/// A growing graph, of which only the components are kept.
class Components {
 public:
  explicit Components(std::size_t nodes)
      : parents_(nodes), sizes_(nodes, 1), squares_(static_cast<double>(nodes)) {
    std::iota(parents_.begin(), parents_.end(), 0U);
  }

  void link(std::uint32_t a, std::uint32_t b) {
    std::uint32_t first = root(a), second = root(b);
    if (first == second) return;
    if (sizes_[first] < sizes_[second]) std::swap(first, second);
    squares_ += 2.0 * static_cast<double>(sizes_[first]) * static_cast<double>(sizes_[second]);
    parents_[second] = first;
    sizes_[first] += sizes_[second];
    largest_ = std::max(largest_, sizes_[first]);
  }

  double largest() const { return static_cast<double>(largest_); }
  /// Σ size² over all components.
  double squares() const { return squares_; }
  /// Cost: O(nodes).
  double second() const {
    std::uint32_t first = 0, next = 0;
    for (std::uint32_t i = 0; i < parents_.size(); ++i) {
      if (parents_[i] != i) continue;
      if (sizes_[i] >= first) {
        next = std::exchange(first, sizes_[i]);
      } else {
        next = std::max(next, sizes_[i]);
      }
    }
    return static_cast<double>(next);
  }

 private:
  std::uint32_t root(std::uint32_t node) {
    while (parents_[node] != node) {
      parents_[node] = parents_[parents_[node]];
      node = parents_[node];
    }
    return node;
  }

  std::vector<std::uint32_t> parents_, sizes_;
  std::uint32_t largest_ = 1;
  double squares_;
};

struct ComponentShares {
  double largest = 0.0, second = 0.0, finite = 0.0;
};
/// One graph, at every mean degree.
using Growth = std::vector<ComponentShares>;

class PercolationLab final : public Simulation {
 public:
  explicit PercolationLab(const PercolationConfig& config)
      : Simulation({"percolation",
                    config_json(kPercolationFields, config),
                    config.seed,
                    config.steps,
                    {{"mean_degree", "links a node has on average"},
                     {"largest_share", "of the nodes, in the largest component"},
                     {"second_share", "of the nodes, in the second largest"},
                     {"finite_size", "mean component of a node outside the largest one"},
                     {"theory_share", "largest_share of an infinite graph"}}}),
        config_(config) {}

 protected:
  void step(std::int64_t step, std::span<double> values) override {
    if (step == 0) grow_all();
    const auto at = static_cast<std::size_t>(step);
    const double degree = degree_of(step);
    ComponentShares mean;
    for (const Growth& each : large_) {
      mean.largest += each[at].largest;
      mean.second += each[at].second;
      mean.finite += each[at].finite;
    }
    const auto n = static_cast<double>(large_.size());
    values[0] = degree;
    values[1] = mean.largest / n;
    values[2] = mean.second / n;
    values[3] = mean.finite / n;
    values[4] = giant_share(degree);
  }

  void finish(ExperimentResult& result) const override {
    result.data["critical_degree"] = 1.0;
    std::vector<double> ends;
    for (const Growth& each : large_) ends.push_back(each.back().largest);
    if (config_.degree_high > 1.0) {
      result.truth.push_back({"share of the largest component at the last step",
                              giant_share(config_.degree_high), interval_of(ends),
                              "Erdos and Renyi (1960): S = 1 - exp(-cS)"});
    }
    const auto all = crossing({});
    if (!all) return;
    std::vector<double> pseudo;
    for (std::size_t g = 0; g < kGraphGroups; ++g) {
      const auto left = crossing(g);
      if (!left) return;
      constexpr auto n = static_cast<double>(kGraphGroups);
      pseudo.push_back(n * *all - (n - 1.0) * *left);
    }
    series::Interval measured = interval_of(pseudo);
    measured.estimate = *all;
    result.truth.insert(result.truth.begin(),
                        {"critical mean degree", 1.0, measured, "Erdos and Renyi (1960)"});
  }

 private:
  double degree_of(std::int64_t step) const {
    return sweep_value(config_.degree_low, config_.degree_high, config_.steps, step);
  }

  void grow_all() {
    const auto graphs = static_cast<std::size_t>(config_.graphs);
    const auto nodes = static_cast<std::size_t>(config_.nodes);
    large_.resize(graphs);
    small_.resize(graphs * kSizeRatio);
    parallel_for(large_.size(), [&](std::size_t i) { large_[i] = grow(nodes, i); });
    parallel_for(small_.size(),
                 [&](std::size_t i) { small_[i] = grow(nodes / kSizeRatio, large_.size() + i); });
  }

  Growth grow(std::size_t nodes, std::size_t number) const {
    Philox random(static_cast<std::uint64_t>(config_.seed), number);
    Components graph(nodes);
    Growth growth;
    const auto n = static_cast<double>(nodes);
    std::size_t links = 0;
    for (std::int64_t s = 0; s < config_.steps; ++s) {
      const auto wanted = static_cast<std::size_t>(std::llround(0.5 * n * degree_of(s)));
      for (; links < wanted; ++links) {
        const std::uint32_t from = random.below(static_cast<std::uint32_t>(nodes));
        graph.link(from, random.below(static_cast<std::uint32_t>(nodes)));
      }
      const double largest = graph.largest(), outside = n - largest;
      growth.push_back({largest / n, graph.second() / n,
                        outside > 0.0 ? (graph.squares() - largest * largest) / outside : 0.0});
    }
    return growth;
  }

  static double mean_largest(const std::vector<Growth>& graphs, std::size_t at,
                             std::optional<std::size_t> without) {
    double sum = 0.0, count = 0.0;
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      if (without && i % kGraphGroups == *without) continue;
      sum += graphs[i][at].largest;
      count += 1.0;
    }
    return sum / count;
  }

  /// Where the scaled share of the larger graphs overtakes that of the smaller ones for good.
  std::optional<double> crossing(std::optional<std::size_t> without) const {
    std::optional<double> found;
    double before = 0.0, at = 0.0;
    for (std::int64_t s = 0; s < config_.steps; ++s) {
      const auto place = static_cast<std::size_t>(s);
      const double difference =
          2.0 * mean_largest(large_, place, without) - mean_largest(small_, place, without);
      const double degree = degree_of(s);
      if (s > 0 && before <= 0.0 && difference > 0.0 && !found)
        found = at + (degree - at) * before / (before - difference);
      if (difference <= 0.0) found.reset();
      before = difference;
      at = degree;
    }
    return found;
  }

  PercolationConfig config_;
  std::vector<Growth> large_{}, small_{};
};

}  // namespace

double giant_share(double degree) noexcept {
  if (!(degree > 1.0)) return 0.0;
  double share = 1.0;  // Newton from above: the function is concave, so it never overshoots.
  for (int i = 0; i < 100; ++i) {
    const double rest = std::exp(-degree * share);
    const double next = share - (share - 1.0 + rest) / (1.0 - degree * rest);
    if (std::fabs(next - share) < 1e-15) break;
    share = next;
  }
  return share;
}

std::unique_ptr<Experiment> make_percolation(const Params& params) {
  PercolationConfig config;
  apply_params("percolation", kPercolationFields, params, config);
  if (config.degree_low > config.degree_high)
    throw ConfigError("percolation.degree_low must not exceed percolation.degree_high");
  return std::make_unique<PercolationLab>(config);
}

}  // namespace emdyn::model::lab::dynamics
