#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "emdyn/core/task.hpp"

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

/// Where a segment may begin or end.
inline std::vector<std::size_t> ends_of(const Grid& grid) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < grid.samples; at += grid.stride) ends.push_back(at);
  ends.push_back(grid.samples);
  return ends;
}

}  // namespace search_detail

/// The segmentation of least total cost, exactly, over the grid. With `prune` the candidates that
/// can never win again are dropped (PELT), which is exact when splitting a segment never raises its
/// cost; without it every cut is tried (optimal partitioning), O(n²).
/// Source: Killick, Fearnhead & Eckley, "Optimal detection of changepoints with a linear
/// computational cost", JASA 107 (2012).
template <class Cost>
std::vector<std::size_t> least_cost(const Cost& cost, const Grid& grid, const Penalty& penalty,
                                    bool prune = true, const Task& task = {}) {
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
    task.check();
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

/// The segmentation with exactly `changes` change points of least cost over the grid, without a penalty: segment
/// neighbourhood, with the places dropped that can never win again. Exact as least_cost() is. O(changes · n²) at worst.
/// Source: Auger & Lawrence, Bulletin of Mathematical Biology 51 (1989); pruning: Maidstone et al., Statistics and
/// Computing 27 (2017), SNIP.
/// @return fewer where the grid has no room for so many. @throws Task::Stopped
template <class Cost>
std::vector<std::size_t> best_changes(const Cost& cost, const Grid& grid, std::size_t changes,
                                      bool prune = true, const Task& task = {}) {
  using search_detail::Candidate;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<std::size_t> ends = search_detail::ends_of(grid);
  std::vector<double> before(ends.size(), kInfinity);  // Least costs with one change fewer.
  for (std::size_t i = 1; i < ends.size(); ++i)
    if (ends[i] >= grid.min_length) before[i] = cost(0, ends[i]);
  std::vector<std::vector<std::uint32_t>> previous;
  for (std::size_t k = 0; k < changes; ++k) {
    std::vector<double> now(ends.size(), kInfinity);
    std::vector<std::uint32_t> from(ends.size(), 0);
    std::vector<Candidate> candidates;  // Places in `ends`.
    for (std::size_t i = 1; i < ends.size(); ++i) {
      task.check();
      std::erase_if(candidates, [&](const Candidate& c) { return c.useless_from <= ends[i]; });
      for (Candidate& candidate : candidates) {
        if (ends[i] - ends[candidate.at] < grid.min_length) continue;
        const double reached = before[candidate.at] + cost(ends[candidate.at], ends[i]);
        if (reached < now[i]) {
          now[i] = reached;
          from[i] = static_cast<std::uint32_t>(candidate.at);
        }
        if (prune && reached >= before[i])
          candidate.useless_from = std::min(candidate.useless_from, ends[i] + grid.min_length);
      }
      if (before[i] < kInfinity) candidates.push_back({i, grid.samples + 1});
    }
    if (now.back() == kInfinity) break;
    previous.push_back(std::move(from));
    before = std::move(now);
  }
  std::vector<std::size_t> found(previous.size());
  std::size_t at = ends.size() - 1;
  for (std::size_t k = previous.size(); k-- > 0;) {
    at = previous[k][at];
    found[k] = ends[at];
  }
  return found;
}

/// Cuts where the cost falls most, then again in each part, while the fall exceeds the penalty; with
/// `most` changes asked for, where it falls most of all parts, whatever the penalty, until there are so many.
/// O(n log n) for balanced parts; not the least cost. Source: Scott & Knott, Biometrics 30 (1974).
template <class Cost>
std::vector<std::size_t> binary_segmentation(const Cost& cost, const Grid& grid,
                                             const Penalty& penalty, std::size_t most = 0,
                                             const Task& task = {}) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Part {
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t cut = 0;  // Where its cost falls most; 0: it has no room for one.
    double fall = -kInfinity;
  };
  const auto looked_at = [&](std::size_t first, std::size_t last) {
    Part part{first, last};
    const auto whole = cost(first, last) + penalty.of_segment(last - first, grid.samples);
    const std::size_t from = first + grid.min_length;
    const std::size_t aligned = (from + grid.stride - 1) / grid.stride * grid.stride;
    double least = kInfinity;
    for (std::size_t at = aligned; at + grid.min_length <= last; at += grid.stride) {
      const double split = cost(first, at) + cost(at, last) +
                           penalty.of_segment(at - first, grid.samples) +
                           penalty.of_segment(last - at, grid.samples);
      if (split >= least) continue;
      least = split;
      part.cut = at;
      part.fall = whole - split;
    }
    return part;
  };
  std::vector<Part> parts{looked_at(0, grid.samples)};
  std::vector<std::size_t> changes;
  while (most == 0 || changes.size() < most) {
    task.check();
    Part& next = *std::ranges::max_element(parts, {}, &Part::fall);
    if (next.cut == 0 || (most == 0 && !(next.fall > penalty.per_change))) break;
    const Part part = next;
    next = looked_at(part.first, part.cut);
    parts.push_back(looked_at(part.cut, part.last));
    changes.push_back(part.cut);
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
