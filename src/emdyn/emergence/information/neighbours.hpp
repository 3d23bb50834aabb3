#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"

namespace emdyn::emergence::information {

/// A point near another, and how far (largest coordinate difference).
struct NearPoint {
  double distance = 0.0;
  std::uint32_t index = 0;
  /// By distance, then by index, so that "the k nearest" is one set even with ties.
  friend bool operator<(const NearPoint& a, const NearPoint& b) noexcept {
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
  }
};

/// Exact neighbours among fixed points in the maximum norm: what a scan over all points would give,
/// to the last bit. One dimension is a sorted list, more are a k-d tree of buckets.
/// Cost: O(n log n) to build, O(log n + found) a question in few dimensions; nothing is gained over
/// a scan beyond some ten. Reading is safe from several threads.
/// Source: Friedman, Bentley & Finkel, "An Algorithm for Finding Best Matches in Logarithmic
/// Expected Time", ACM TOMS 3 (1977).
class Neighbours {
 public:
  /// @param points [points, dimensions]. @throws DataError when there are none or 2^32 or more.
  explicit Neighbours(const SignalsView& points);

  std::size_t size() const noexcept { return order_.size(); }
  std::size_t dimensions() const noexcept { return dimensions_; }

  /// The found.size() nearest other points of point `index`, nearest first.
  /// @pre found.size() < size().
  void nearest(std::size_t index, std::span<NearPoint> found) const;

  /// How many other points lie nearer than `radius` to point `index`.
  std::size_t count_below(std::size_t index, double radius) const;
  /// How many other points lie within `radius` of point `index`, `radius` itself included.
  std::size_t count_within(std::size_t index, double radius) const;

  /// Points in an order in which neighbours in space are often neighbours in memory.
  std::span<const std::uint32_t> order() const noexcept { return order_; }

 private:
  struct Node {
    std::uint32_t begin, end;  ///< Of order_.
    std::uint32_t left = 0;    ///< Child; 0: a bucket. The right child is left + 1.
  };

  void build();
  void bound(std::size_t node);
  const double* point(std::size_t place) const { return points_.data() + place * dimensions_; }
  double distance_to_box(std::size_t node, const double* query) const;
  double farthest_in_box(std::size_t node, const double* query) const;
  template <bool kStrict>
  std::size_t count(std::size_t index, double radius) const;
  template <bool kStrict>
  std::size_t count_sorted(double query, double radius) const;
  void nearest_sorted(std::size_t index, std::span<NearPoint> found) const;

  std::size_t dimensions_;
  std::vector<std::uint32_t> order_{};  ///< Place to point.
  std::vector<std::uint32_t> place_{};  ///< Point to place.
  std::vector<double> points_{};        ///< In order of place.
  std::vector<Node> nodes_{};
  std::vector<double> boxes_{};  ///< A node: low of each dimension, then high.
};

}  // namespace emdyn::emergence::information
