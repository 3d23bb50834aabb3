#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace emdyn::collect::store {

/// How a column's doubles became integers.
enum class WordKind : std::uint8_t { bits64, bits32, integer, dictionary };
/// What was subtracted from each integer.
enum class Differencing : std::uint8_t { offset, delta, delta_of_deltas };

inline constexpr std::size_t kMaxColumn = 1024;
inline constexpr std::size_t kMaxDictionary = 256;

/// A column as small integers: what is left once the prediction is taken away.
struct Residuals {
  WordKind kind = WordKind::bits64;
  Differencing predictor = Differencing::offset;
  std::size_t count = 0;
  std::uint64_t first = 0;   ///< The offset, or the first integer.
  std::uint64_t second = 0;  ///< The mean delta (delta) or the first delta (delta_of_deltas).
  std::size_t entries = 0;   ///< Of the dictionary.
  std::array<std::uint64_t, kMaxDictionary> dictionary{};
  std::array<std::uint64_t, kMaxColumn> words{};
};

/// Chooses the mapping and the predictor that leave the fewest bits. @pre 1 to kMaxColumn values.
void to_residuals(std::span<const double> values, Residuals& out) noexcept;
/// The inverse; `out` holds `in.count` values. @return false when the dictionary lacks an entry.
bool from_residuals(Residuals& in, std::span<double> out) noexcept;

}  // namespace emdyn::collect::store
