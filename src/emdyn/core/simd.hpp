#pragma once
#include <cstdint>
#include <utility>

namespace emdyn {

/// What a loop may be compiled for. The build is for x86-64-v2; wider registers are chosen at run
/// time. Nothing is fused or reordered between the copies, so results are equal to the last bit.
enum class InstructionSet : std::uint8_t { portable, avx2, avx512 };

#if defined(__x86_64__) && defined(__GNUC__)
#define EMDYN_INLINE_BODY __attribute__((always_inline))

/// The widest this processor has.
inline InstructionSet best_instruction_set() noexcept {
  static const InstructionSet best = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
      return InstructionSet::avx512;
    }
    return __builtin_cpu_supports("avx2") ? InstructionSet::avx2 : InstructionSet::portable;
  }();
  return best;
}

namespace simd {
template <class Body>
__attribute__((target("avx2"), noinline)) void run_avx2(Body& body) {
  body();
}
template <class Body>
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"), noinline)) void run_avx512(
    Body& body) {
  body();
}
template <class Body>
__attribute__((noinline)) void run_portable(Body& body) {
  body();
}
}  // namespace simd

/// Runs `body`, compiled once for every instruction set. Write the lambda as
/// `[&]() EMDYN_INLINE_BODY { loop }` and let it call nothing that is not inlined.
/// @pre the processor has `set`.
template <class Body>
void run_with(InstructionSet set, Body&& body) {
  switch (set) {
    case InstructionSet::avx512:
      return simd::run_avx512(body);
    case InstructionSet::avx2:
      return simd::run_avx2(body);
    case InstructionSet::portable:
      return simd::run_portable(body);
  }
}

#else
#define EMDYN_INLINE_BODY

inline InstructionSet best_instruction_set() noexcept { return InstructionSet::portable; }

template <class Body>
void run_with(InstructionSet, Body&& body) {
  body();
}
#endif

/// Runs `body` with the widest instructions of this processor.
template <class Body>
void run_widest(Body&& body) {
  run_with(best_instruction_set(), std::forward<Body>(body));
}

}  // namespace emdyn
