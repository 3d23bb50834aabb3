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

void* operator new(std::size_t size) {
  ++emdyn::detect::test::allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
