#include <atomic>
#include <cstdlib>
#include <new>

/// Counts every allocation of the test program, for the promise that updates allocate nothing.
/// In a file of its own, so that the compiler cannot pair an inlined delete with another new.
namespace emdyn::detect::test {
namespace {
std::atomic<long> allocations{0};
}  // namespace

long allocation_count() noexcept { return allocations.load(); }

}  // namespace emdyn::detect::test

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++emdyn::detect::test::allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
