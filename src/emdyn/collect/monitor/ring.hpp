#pragma once
#include <atomic>
#include <bit>
#include <cstddef>
#include <new>
#include <span>
#include <vector>

namespace emdyn::collect::monitor {

/// A bounded queue between exactly one writing and one reading thread; neither ever waits for the
/// other.
template <class T>
class Ring {
 public:
  /// @param capacity rounded up to a power of two; at least 2.
  explicit Ring(std::size_t capacity)
      : slots_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity)), mask_(slots_.size() - 1) {}

  std::size_t capacity() const noexcept { return slots_.size(); }

  /// By the writer. @return false, and changes nothing, when the ring is full.
  bool push(const T& item) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_seen_ == slots_.size()) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head - tail_seen_ == slots_.size()) return false;
    }
    slots_[head & mask_] = item;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// By the reader: hands over everything that is there, in order, one item at a time.
  template <class Take>
  std::size_t drain(Take&& take) {
    const std::size_t head = head_.load(std::memory_order_acquire);
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t count = head - tail;
    for (; tail != head; ++tail) take(slots_[tail & mask_]);
    tail_.store(tail, std::memory_order_release);
    return count;
  }

  /// By either side: true when everything pushed so far was taken.
  bool empty() const noexcept {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

 private:
  static constexpr std::size_t kLine = 64;  // Each side's counter on a cache line of its own.
  std::vector<T> slots_;
  std::size_t mask_;
  alignas(kLine) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;
  alignas(kLine) std::atomic<std::size_t> tail_{0};
};

}  // namespace emdyn::collect::monitor
