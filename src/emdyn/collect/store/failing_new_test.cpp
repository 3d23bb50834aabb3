#include "emdyn/collect/store/failing_new_test.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

/// The test program's operator new, which fails when it is told to.
namespace emdyn::collect::store::test {
namespace {
std::atomic<long> allocations_left{-1};
std::atomic<bool> has_failed{false};

bool allocation_fails() noexcept {
  if (allocations_left.load(std::memory_order_relaxed) < 0) return false;
  if (allocations_left.fetch_sub(1) != 0) return false;
  has_failed = true;
  return true;
}
}  // namespace

void fail_allocation(long n) noexcept {
  has_failed = false;
  allocations_left = n;
}

bool allocation_failed() noexcept {
  allocations_left = -1;
  return has_failed;
}

void* allocate(std::size_t size) noexcept {
  return allocation_fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

}  // namespace emdyn::collect::store::test

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return emdyn::collect::store::test::allocate(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
