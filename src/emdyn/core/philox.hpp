#pragma once
#include <array>
#include <cstdint>
#include <limits>

namespace emdyn {

/// Philox4x32-10: the random numbers of counter `counter` under `key`, without any state between
/// calls. Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC
/// 2011.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept;

/// A stream of random numbers, one of 2^64 for each seed. Equal (seed, stream) give equal numbers
/// on every thread and machine; a UniformRandomBitGenerator of 32-bit words.
class Philox {
 public:
  using result_type = std::uint32_t;

  explicit Philox(std::uint64_t seed, std::uint64_t stream = 0) noexcept
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        stream_(stream) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() noexcept;

  /// Uniform on [0, 1) with 53 random bits.
  double uniform() noexcept;
  /// Standard normal (Box-Muller).
  double normal() noexcept;
  /// Uniform on {0, …, bound − 1} without bias (Lemire 2019). @pre bound > 0.
  std::uint32_t below(std::uint32_t bound) noexcept;

  bool operator==(const Philox&) const = default;

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::uint32_t used_ = 4;
  double spare_normal_ = 0.0;
  bool has_spare_ = false;
};

/// Fisher-Yates shuffle of a random-access range.
template <class Range>
void shuffle(Range& range, Philox& random) {
  for (auto i = static_cast<std::uint32_t>(range.size()); i > 1; --i) {
    using std::swap;
    swap(range[i - 1], range[random.below(i)]);
  }
}

}  // namespace emdyn
