#pragma once

namespace emdyn::collect::store::test {

/// From now on the `n`-th allocation by operator new (0: the next) fails, and no other. Negative: none.
void fail_allocation(long n) noexcept;
/// Whether it has come to that; also ends the waiting for it.
bool allocation_failed() noexcept;

}  // namespace emdyn::collect::store::test
