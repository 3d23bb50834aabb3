#pragma once
#include <algorithm>
#include <cstddef>

#include "emdyn/core/bounded_vector.hpp"

namespace emdyn::math {

/// The last samples in order of time and in order of size. O(log w) to find, O(w) to move, which
/// for windows of hundreds is a few cache lines.
class SortedWindow {
 public:
  /// @param capacity in samples, >= 1.
  explicit SortedWindow(std::size_t capacity) : ring_(capacity), sorted_(capacity) {}

  std::size_t size() const noexcept { return sorted_.size(); }
  bool full() const noexcept { return ring_.full(); }
  const BoundedVector<double>& sorted() const noexcept { return sorted_; }

  /// The oldest sample leaves when the window is full.
  void push(double sample) noexcept {
    if (ring_.full()) {
      const double* place = std::lower_bound(sorted_.begin(), sorted_.end(), ring_[next_]);
      if (place != sorted_.end()) sorted_.erase(static_cast<std::size_t>(place - sorted_.begin()));
      ring_[next_] = sample;
    } else {
      ring_.push_back(sample);
    }
    next_ = (next_ + 1) % ring_.capacity();
    const double* place = std::upper_bound(sorted_.begin(), sorted_.end(), sample);
    if (!sorted_.full()) sorted_.insert(static_cast<std::size_t>(place - sorted_.begin()), sample);
  }
  /// The `ago`-th youngest sample; 0 is the last. @pre ago < size()
  double recent(std::size_t ago) const noexcept {
    return ring_[(next_ + ring_.capacity() - 1 - ago) % ring_.capacity()];
  }
  /// @pre size() > 0
  double median() const noexcept {
    const std::size_t n = size();
    return 0.5 * sorted_[(n - 1) / 2] + 0.5 * sorted_[n / 2];
  }
  /// Median absolute deviation from `centre`, raw. O(log w). @pre size() > 0
  double mad(double centre) const noexcept {
    const std::size_t n = size();
    const double upper = nearest(centre, n / 2 + 1);
    return n % 2 == 1 ? upper : 0.5 * (nearest(centre, n / 2) + upper);
  }
  void clear() noexcept {
    ring_.clear();
    sorted_.clear();
    next_ = 0;
  }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.ring_, self.sorted_, self.next_);
    const bool place =
        self.ring_.full() ? self.next_ < self.ring_.capacity() : self.next_ == self.ring_.size();
    archive.require(place && self.consistent());
  }
  bool operator==(const SortedWindow&) const = default;

 private:
  /// A sample that leaves must be found among the sorted ones.
  bool consistent() const noexcept {
    if (ring_.size() != sorted_.size()) return false;
    if (!std::is_sorted(sorted_.begin(), sorted_.end())) return false;
    for (const double sample : ring_) {
      if (!std::binary_search(sorted_.begin(), sorted_.end(), sample)) return false;
    }
    return true;
  }
  /// The `rank`-th smallest distance from `centre` (from 1): the narrowest reach of `rank`
  /// neighbours in the sorted order.
  double nearest(double centre, std::size_t rank) const noexcept {
    std::size_t low = 0;
    std::size_t high = size() - rank;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (centre - sorted_[middle] > sorted_[middle + rank - 1] - centre) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const auto reach = [&](std::size_t first) {
      return std::max(centre - sorted_[first], sorted_[first + rank - 1] - centre);
    };
    return low > 0 ? std::min(reach(low), reach(low - 1)) : reach(low);
  }

  BoundedVector<double> ring_;
  BoundedVector<double> sorted_;
  std::size_t next_ = 0;
};

}  // namespace emdyn::math
