#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <vector>

namespace emdyn {

/// A sequence with room for a fixed number of elements: it allocates when it is made or copied,
/// never when it grows, and a copy has the same room. Equality looks at the elements present.
template <class T>
class BoundedVector {
 public:
  BoundedVector() = default;
  explicit BoundedVector(std::size_t capacity) : room_(capacity) {}

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return room_.size(); }
  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ == room_.size(); }
  T& operator[](std::size_t index) noexcept { return room_[index]; }
  const T& operator[](std::size_t index) const noexcept { return room_[index]; }
  T* data() noexcept { return room_.data(); }
  const T* data() const noexcept { return room_.data(); }
  T* begin() noexcept { return room_.data(); }
  T* end() noexcept { return room_.data() + size_; }
  const T* begin() const noexcept { return room_.data(); }
  const T* end() const noexcept { return room_.data() + size_; }
  T& back() noexcept { return room_[size_ - 1]; }
  const T& back() const noexcept { return room_[size_ - 1]; }

  void clear() noexcept { size_ = 0; }
  /// @pre !full()
  void push_back(const T& value) noexcept {
    assert(!full());
    room_[size_++] = value;
  }
  void pop_back() noexcept { --size_; }
  /// New elements keep whatever the room held. @pre count <= capacity()
  void resize(std::size_t count) noexcept {
    assert(count <= capacity());
    size_ = count;
  }
  /// @pre !full() and index <= size()
  void insert(std::size_t index, const T& value) noexcept {
    assert(!full() && index <= size_);
    std::copy_backward(begin() + index, end(), end() + 1);
    room_[index] = value;
    ++size_;
  }
  /// @pre index < size()
  void erase(std::size_t index) noexcept {
    assert(index < size_);
    std::copy(begin() + index + 1, end(), begin() + index);
    --size_;
  }

  bool operator==(const BoundedVector& other) const {
    return size_ == other.size_ && std::equal(begin(), end(), other.begin());
  }

 private:
  std::vector<T> room_;
  std::size_t size_ = 0;
};

}  // namespace emdyn
