#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace emdyn::emergence::segment {

/// What a segmentation pays besides the costs of its segments: `per_change` for every change point
/// and `per_log_length · log(length / n)` for every segment (Zhang & Siegmund 2007 have 1 there).
struct Penalty {
  double per_change = 0.0;
  double per_log_length = 0.0;  ///< >= 0.
  double of_segment(std::size_t length, std::size_t samples) const noexcept {
    return per_log_length == 0.0 ? 0.0
                                 : per_log_length * std::log(static_cast<double>(length) /
                                                             static_cast<double>(samples));
  }
};

/// Where a search may cut: at multiples of `stride`, segments at least `min_length` long.
struct Grid {
  std::size_t samples = 0;
  std::size_t min_length = 1;
  std::size_t stride = 1;
};

/// Total cost of a segmentation; change points are first samples of regimes, rising.
template <class Cost>
double total_cost(const Cost& cost, std::size_t samples, const std::vector<std::size_t>& changes,
                  const Penalty& penalty) {
  double total = penalty.per_change * static_cast<double>(changes.size());
  std::size_t first = 0;
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const std::size_t last = i < changes.size() ? changes[i] : samples;
    total += cost(first, last) + penalty.of_segment(last - first, samples);
    first = last;
  }
  return total;
}

namespace search_detail {

inline std::vector<std::size_t> walk_back(const std::vector<std::size_t>& previous,
                                          std::size_t end) {
  std::vector<std::size_t> changes;
  for (std::size_t at = previous[end]; at > 0; at = previous[at]) changes.push_back(at);
  std::ranges::reverse(changes);
  return changes;
}

struct Candidate {
  std::size_t at;
  std::size_t useless_from;  // Nowhere beyond can a segment begin here.
};

}  // namespace search_detail

/// The segmentation of least total cost, exactly, over the grid. With `prune` the candidates that
/// can never win again are dropped (PELT), which is exact when splitting a segment never raises its
/// cost; without it every cut is tried (optimal partitioning), O(n²).
/// Source: Killick, Fearnhead & Eckley, "Optimal detection of changepoints with a linear
/// computational cost", JASA 107 (2012).
template <class Cost>
std::vector<std::size_t> least_cost(const Cost& cost, const Grid& grid, const Penalty& penalty,
                                    bool prune = true) {
  using search_detail::Candidate;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::size_t n = grid.samples;
  if (n < 2 * grid.min_length) return {};
  std::vector<double> best(n + 1, kInfinity);
  std::vector<std::size_t> previous(n + 1, 0);
  best[0] = -penalty.per_change;
  std::vector<Candidate> candidates{{0, n + 1}};
  std::vector<double> reached;
  for (std::size_t end = grid.stride; end < n + grid.stride; end += grid.stride) {
    const std::size_t here = std::min(end, n);
    if (here < grid.min_length) continue;
    std::erase_if(candidates, [here](const Candidate& c) { return c.useless_from <= here; });
    reached.assign(candidates.size(), -kInfinity);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::size_t at = candidates[i].at;
      if (here - at < grid.min_length) continue;
      const double segment = cost(at, here) + penalty.of_segment(here - at, n);
      reached[i] = best[at] + segment;
      if (reached[i] + penalty.per_change < best[here]) {
        best[here] = reached[i] + penalty.per_change;
        previous[here] = at;
      }
    }
    for (std::size_t i = 0; prune && i < candidates.size(); ++i) {
      // A cut here would beat it for every end at least min_length further on.
      if (reached[i] >= best[here]) {
        candidates[i].useless_from = std::min(candidates[i].useless_from, here + grid.min_length);
      }
    }
    if (best[here] < kInfinity && here < n) candidates.push_back({here, n + 1});
  }
  return search_detail::walk_back(previous, n);
}

/// Cuts where the cost falls most, then again in each part, while the fall exceeds the penalty.
/// O(n log n) for balanced parts; not the least cost. Source: Scott & Knott, Biometrics 30 (1974).
template <class Cost>
std::vector<std::size_t> binary_segmentation(const Cost& cost, const Grid& grid,
                                             const Penalty& penalty) {
  struct Part {
    std::size_t first;
    std::size_t last;
  };
  std::vector<Part> parts{{0, grid.samples}};
  std::vector<std::size_t> changes;
  while (!parts.empty()) {
    const Part part = parts.back();
    parts.pop_back();
    const auto whole =
        cost(part.first, part.last) + penalty.of_segment(part.last - part.first, grid.samples);
    double least = std::numeric_limits<double>::infinity();
    std::size_t cut = 0;
    const std::size_t from = part.first + grid.min_length;
    const std::size_t aligned = (from + grid.stride - 1) / grid.stride * grid.stride;
    for (std::size_t at = aligned; at + grid.min_length <= part.last; at += grid.stride) {
      const double split = cost(part.first, at) + cost(at, part.last) +
                           penalty.of_segment(at - part.first, grid.samples) +
                           penalty.of_segment(part.last - at, grid.samples);
      if (split < least) {
        least = split;
        cut = at;
      }
    }
    if (!(least + penalty.per_change < whole)) continue;
    changes.push_back(cut);
    parts.push_back({part.first, cut});
    parts.push_back({cut, part.last});
  }
  std::ranges::sort(changes);
  return changes;
}

/// Moves each change point to the best place within `reach` samples, its neighbours held; used
/// after a search over a coarse grid.
template <class Cost>
void refine(const Cost& cost, const Grid& grid, const Penalty& penalty, std::size_t reach,
            std::vector<std::size_t>& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::size_t before = i == 0 ? 0 : changes[i - 1];
    const std::size_t after = i + 1 == changes.size() ? grid.samples : changes[i + 1];
    const std::size_t old = changes[i];
    const std::size_t low = std::max(before + grid.min_length, old > reach ? old - reach : 0);
    const std::size_t high = std::min(after - grid.min_length, old + reach);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t at = low; at <= high; ++at) {
      const double split = cost(before, at) + cost(at, after) +
                           penalty.of_segment(at - before, grid.samples) +
                           penalty.of_segment(after - at, grid.samples);
      if (split < least) {
        least = split;
        changes[i] = at;
      }
    }
  }
}

}  // namespace emdyn::emergence::segment
