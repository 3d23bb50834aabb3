#include "emdyn/emergence/information/neighbours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::uint32_t kBucket = 12;
/// Twice the depth of a balanced tree of 2^32 points.
constexpr std::size_t kDeepest = 128;

double distance(const double* a, const double* b, std::size_t dimensions) {
  double largest = 0.0;
  for (std::size_t d = 0; d < dimensions; ++d) largest = std::max(largest, std::fabs(a[d] - b[d]));
  return largest;
}

/// Puts `found` into the sorted list of the best so far, dropping the last.
void offer(std::span<NearPoint> best, const NearPoint& found) {
  std::size_t at = best.size() - 1;
  if (!(found < best[at])) return;
  for (; at > 0 && found < best[at - 1]; --at) best[at] = best[at - 1];
  best[at] = found;
}

}  // namespace

Neighbours::Neighbours(const SignalsView& points)
    : dimensions_(static_cast<std::size_t>(points.cols())) {
  const auto count = static_cast<std::size_t>(points.rows());
  if (count == 0 || dimensions_ == 0 || count >= std::numeric_limits<std::uint32_t>::max()) {
    throw DataError(
        fmt::format("neighbours: [{}, {}] points cannot be searched", count, dimensions_));
  }
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), 0U);
  // Kept by point while the tree is built, by place afterwards.
  points_.resize(count * dimensions_);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < dimensions_; ++d) {
      points_[i * dimensions_ + d] =
          points(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(d));
    }
  }
  if (dimensions_ == 1) {
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return points_[a] != points_[b] ? points_[a] < points_[b] : a < b;
    });
  } else {
    build();
  }
  std::vector<double> by_place(points_.size());
  place_.resize(count);
  for (std::size_t at = 0; at < count; ++at) {
    place_[order_[at]] = static_cast<std::uint32_t>(at);
    std::copy_n(points_.data() + order_[at] * dimensions_, dimensions_,
                by_place.data() + at * dimensions_);
  }
  points_ = std::move(by_place);
}

void Neighbours::bound(std::size_t node) {
  const Node& range = nodes_[node];
  double* low = boxes_.data() + node * 2 * dimensions_;
  double* high = low + dimensions_;
  std::copy_n(points_.data() + order_[range.begin] * dimensions_, dimensions_, low);
  std::copy_n(low, dimensions_, high);
  for (std::uint32_t at = range.begin + 1; at < range.end; ++at) {
    const double* p = points_.data() + order_[at] * dimensions_;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      low[d] = std::min(low[d], p[d]);
      high[d] = std::max(high[d], p[d]);
    }
  }
}

void Neighbours::build() {
  nodes_.push_back({0, static_cast<std::uint32_t>(order_.size())});
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    boxes_.resize(nodes_.size() * 2 * dimensions_);
    bound(node);
    const Node range = nodes_[node];
    const double* low = boxes_.data() + node * 2 * dimensions_;
    std::size_t widest = 0;
    for (std::size_t d = 1; d < dimensions_; ++d) {
      if (low[dimensions_ + d] - low[d] > low[dimensions_ + widest] - low[widest]) widest = d;
    }
    // Points that are all equal stay one bucket: a cut would tell nothing.
    if (range.end - range.begin <= kBucket || !(low[dimensions_ + widest] > low[widest])) continue;
    const std::uint32_t middle = range.begin + (range.end - range.begin) / 2;
    std::nth_element(order_.begin() + range.begin, order_.begin() + middle,
                     order_.begin() + range.end, [&](std::uint32_t a, std::uint32_t b) {
                       const double left = points_[a * dimensions_ + widest];
                       const double right = points_[b * dimensions_ + widest];
                       return left != right ? left < right : a < b;
                     });
    nodes_[node].left = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({range.begin, middle});
    nodes_.push_back({middle, range.end});
  }
}

double Neighbours::distance_to_box(std::size_t node, const double* query) const {
  const double* low = boxes_.data() + node * 2 * dimensions_;
  double largest = 0.0;
  for (std::size_t d = 0; d < dimensions_; ++d) {
    largest = std::max({largest, low[d] - query[d], query[d] - low[dimensions_ + d]});
  }
  return largest;
}

double Neighbours::farthest_in_box(std::size_t node, const double* query) const {
  const double* low = boxes_.data() + node * 2 * dimensions_;
  double largest = 0.0;
  for (std::size_t d = 0; d < dimensions_; ++d) {
    largest = std::max({largest, query[d] - low[d], low[dimensions_ + d] - query[d]});
  }
  return largest;
}

void Neighbours::nearest(std::size_t index, std::span<NearPoint> found) const {
  std::fill(found.begin(), found.end(),
            NearPoint{std::numeric_limits<double>::infinity(),
                      std::numeric_limits<std::uint32_t>::max()});
  if (found.empty()) return;
  if (dimensions_ == 1) return nearest_sorted(index, found);
  const double* query = point(place_[index]);
  struct Waiting {
    double distance;
    std::uint32_t node;
  };
  std::array<Waiting, kDeepest> stack;
  std::size_t waiting = 0;
  stack[waiting++] = {0.0, 0};
  while (waiting > 0) {
    const Waiting next = stack[--waiting];
    // An equal distance may still hold a lower index.
    if (next.distance > found.back().distance) continue;
    const Node& node = nodes_[next.node];
    if (node.left == 0) {
      for (std::uint32_t at = node.begin; at < node.end; ++at) {
        if (order_[at] == index) continue;
        const double far = distance(query, point(at), dimensions_);
        if (far <= found.back().distance) offer(found, {far, order_[at]});
      }
      continue;
    }
    const Waiting left{distance_to_box(node.left, query), node.left};
    const Waiting right{distance_to_box(node.left + 1, query), node.left + 1};
    const bool left_first = left.distance <= right.distance;
    stack[waiting++] = left_first ? right : left;
    stack[waiting++] = left_first ? left : right;
  }
}

void Neighbours::nearest_sorted(std::size_t index, std::span<NearPoint> found) const {
  const std::size_t own = place_[index];
  const double query = points_[own];
  std::size_t below = own;      // One past the next candidate downwards.
  std::size_t above = own + 1;  // The next candidate upwards.
  while (below > 0 || above < size()) {
    const double down = below > 0 ? query - points_[below - 1] : HUGE_VAL;
    const double up = above < size() ? points_[above] - query : HUGE_VAL;
    if (std::min(down, up) > found.back().distance) return;
    const std::size_t at = down <= up ? --below : above++;
    offer(found, {std::min(down, up), order_[at]});
  }
}

template <bool kStrict>
std::size_t Neighbours::count_sorted(double query, double radius) const {
  // The predicate is the difference itself, not query ± radius, whose rounding would decide ties.
  const auto inside = [&](double far) { return kStrict ? far < radius : far <= radius; };
  const auto first = std::partition_point(points_.begin(), points_.end(),
                                          [&](double p) { return !inside(query - p); });
  const auto last =
      std::partition_point(first, points_.end(), [&](double p) { return inside(p - query); });
  return static_cast<std::size_t>(last - first);
}

template <bool kStrict>
std::size_t Neighbours::count(std::size_t index, double radius) const {
  const auto inside = [&](double far) { return kStrict ? far < radius : far <= radius; };
  if (!inside(0.0)) return 0;
  const double* query = point(place_[index]);
  if (dimensions_ == 1) return count_sorted<kStrict>(*query, radius) - 1;
  std::array<std::uint32_t, kDeepest> stack;
  std::size_t waiting = 0;
  stack[waiting++] = 0;
  std::size_t total = 0;
  while (waiting > 0) {
    const std::uint32_t next = stack[--waiting];
    if (!inside(distance_to_box(next, query))) continue;
    const Node& node = nodes_[next];
    if (inside(farthest_in_box(next, query))) {
      total += node.end - node.begin;
    } else if (node.left == 0) {
      for (std::uint32_t at = node.begin; at < node.end; ++at) {
        total += inside(distance(query, point(at), dimensions_));
      }
    } else {
      stack[waiting++] = node.left;
      stack[waiting++] = node.left + 1;
    }
  }
  return total - 1;  // The point itself.
}

std::size_t Neighbours::count_below(std::size_t index, double radius) const {
  return count<true>(index, radius);
}

std::size_t Neighbours::count_within(std::size_t index, double radius) const {
  return count<false>(index, radius);
}

}  // namespace emdyn::emergence::information
